//! What is wrong with a configuration's text, in one line that shows none of its secrets.

/// Parts of keys whose values are not repeated.
const SECRET: [&str; 3] = ["secret", "password", "properties"];

/// Where the mistake is and what was expected. The line itself is not shown: it may hold a secret.
pub(super) fn sentence(text: &str, error: &toml::de::Error) -> String {
    let message = error.message().trim().replace('\n', ", ");
    let Some(at) = error.span().map(|span| text.floor_char_boundary(span.start)) else { return message };
    let before = &text[..at];
    let (number, start) = (before.matches('\n').count() + 1, before.rfind('\n').map_or(0, |end| end + 1));
    let column = text[start..at].chars().count() + 1;
    let line = text[start..].lines().next().unwrap_or_default().to_ascii_lowercase();
    let of_value =
        !["unknown field", "missing field", "duplicate key"].iter().any(|kind| message.starts_with(kind));
    let message = if of_value && SECRET.iter().any(|word| line.contains(word)) {
        "the value cannot be read, expected a text in quotes".to_owned()
    } else if message.contains("socket address") {
        "expected an IP address and a port, as in `127.0.0.1:7280` or `[::1]:7280`".to_owned()
    } else {
        message
    };
    format!("line {number}, column {column}: {message}")
}

/// Whether a filter of log lines says what it seems to: a misspelt level would be taken for a module, and every line
/// be lost.
pub(super) fn check_filter(filter: &str) -> Result<(), String> {
    let level = |text: &str| {
        let levels = ["off", "error", "warn", "info", "debug", "trace"];
        levels.iter().any(|level| text.trim().eq_ignore_ascii_case(level))
    };
    let wrong = |part: &str| {
        format!(
            "log.filter: `{}` is no level, expected error, warn, info or debug, or a module with one as in \
             `info,atalanta_store=debug`",
            part.trim().escape_debug()
        )
    };
    for part in filter.split(',') {
        let last = part.rsplit_once('=').map_or(part, |(_, level)| level);
        if !level(last) {
            return Err(wrong(part));
        }
    }
    tracing_subscriber::EnvFilter::try_new(filter).map(drop).map_err(|_| wrong(filter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn values_of_secrets_are_not_repeated() {
        for text in [
            "[[tokens]]\nname = \"a\"\nsecret = \"SECRET-0123456789\n",
            "[[tokens]]\nname = \"a\"\nsecret = 1234567890123456789\n",
            "[[kafka]]\nproperties = { \"sasl.password\" = 1234567890123456789 }",
        ] {
            let said = Config::parse(text).unwrap_err();
            assert!(!said.contains("SECRET-0") && !said.contains("123456789"), "{said}");
            assert!(said.contains("expected a text in quotes") && said.starts_with("line "), "{said}");
        }
    }

    #[test]
    fn places_are_told_in_one_line() {
        let said = |text: &str| Config::parse(text).unwrap_err();
        assert!(
            said("[http]\nlistn = 1").starts_with("line 2, column 1: unknown field `listn`, expected one of")
        );
        assert_eq!(
            said("\n[http]\nlisten = \"localhost\""),
            "line 3, column 10: expected an IP address and a port, as in `127.0.0.1:7280` or `[::1]:7280`"
        );
        assert_eq!(said("[http]\nmax_body_mib = -1").lines().count(), 1);
    }

    #[test]
    fn a_filter_that_would_lose_every_line_is_refused() {
        for right in ["info", "WARN", "info,atalanta_store=debug", "atalanta_server::api=trace,error", "off"]
        {
            assert_eq!(check_filter(right), Ok(()), "{right}");
        }
        for wrong in ["inof", "info,==x", "", "atalanta_store", "info,atalanta_store=loud"] {
            assert!(check_filter(wrong).is_err_and(|said| said.starts_with("log.filter: ")), "{wrong}");
        }
    }
}
