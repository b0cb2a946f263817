//! Credentials in what is no JSON: command lines, addresses, lines of text.
//!
//! Members of JSON are redacted by the function that the mapping uses ([`atalanta_record::redact`]). Text is redacted
//! where a word before the value says that it is a credential: an option, a variable, a header, a parameter of an
//! address, the scheme of an authorization.

use std::sync::LazyLock;

use atalanta_record::redact::{REDACTED, redact, redact_text};
use atalanta_record::tree::Value;
use regex::{Captures, Regex};

const NAMES: &str = r"(?:[A-Za-z0-9_.-]*(?:api[-_]?key|secret(?:[-_]?(?:access[-_]?)?key)?|password|passwd|(?:access|refresh|session|auth|id|bearer)?[-_]?token|credentials?|cookie|authorization))";

/// `Bearer …` and `Basic …`, in any text.
static SCHEME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)\b(bearer|basic)(\s+)([A-Za-z0-9._~+/=-]{8,})"));

/// `name=value`, `name: value`.
static ASSIGNED: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r#"(?i)\b({NAMES})(\s*[=:]\s*["']?)([^\s"'&,;\[]+)"#)));

/// An argument that names a credential, whose value is the next argument.
static OPTION: LazyLock<Regex> = LazyLock::new(|| pattern(&format!("(?i)^--?{NAMES}$")));

/// User and password of an address.
static USERINFO: LazyLock<Regex> = LazyLock::new(|| pattern(r"(://)[^/\s:@]+:[^/\s@]+@"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the patterns are constants that a test compiles")
}

/// A text without the values of credentials.
pub(crate) fn redact_line(text: &str) -> String {
    let text = redact_scheme(text);
    let text =
        ASSIGNED.replace_all(&text, |found: &Captures<'_>| format!("{}{}{REDACTED}", &found[1], &found[2]));
    USERINFO.replace_all(&text, |found: &Captures<'_>| format!("{}{REDACTED}@", &found[1])).into_owned()
}

/// A text without what stands behind the scheme of an authorization.
pub(crate) fn redact_scheme(text: &str) -> std::borrow::Cow<'_, str> {
    SCHEME.replace_all(text, |found: &Captures<'_>| format!("{}{}{REDACTED}", &found[1], &found[2]))
}

/// Arguments of a command without credentials.
pub(crate) fn redact_arguments(arguments: &[String]) -> Vec<String> {
    let mut out = Vec::with_capacity(arguments.len());
    let mut value_of_credential = false;
    for argument in arguments {
        let is_option = argument.starts_with('-');
        if value_of_credential && !is_option {
            out.push(REDACTED.to_owned());
        } else {
            out.push(redact_line(argument));
        }
        value_of_credential = OPTION.is_match(argument);
    }
    out
}

/// JSON text without the credentials in its members; `value` is what was read of it.
pub(crate) fn redact_json(text: &str, value: &mut Value) -> String {
    let mut secrets = Vec::new();
    redact(value, &mut secrets, &mut None);
    if secrets.is_empty() {
        return redact_scheme(text).into_owned();
    }
    redact_scheme(&redact_text(text, &secrets)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_lose_values_not_names() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for (given, expected) in [
            ("node server.js --api-key abc123def /srv/data", "node server.js --api-key [redacted] /srv/data"),
            ("uvx pkg --token=abcdef --port 80", "uvx pkg --token=[redacted] --port 80"),
            (
                "docker run -e GITHUB_TOKEN=ghp_abc -e LEVEL=3 image",
                "docker run -e GITHUB_TOKEN=[redacted] -e LEVEL=3 image",
            ),
            ("x postgres://me:hunter2@db/y", "x postgres://[redacted]@db/y"),
            ("x --password --verbose", "x --password --verbose"),
        ] {
            assert_eq!(redact_arguments(&words(given)), words(expected));
        }
    }

    #[test]
    fn lines_lose_authorizations() {
        assert_eq!(redact_line("Authorization: Bearer abcdefgh123"), "Authorization: [redacted] [redacted]");
        assert_eq!(
            redact_line("used API_KEY='s3cret' for 4 tokens"),
            "used API_KEY='[redacted]' for 4 tokens"
        );
        assert_eq!(
            redact_line("the token limit is 3, see basic usage"),
            "the token limit is 3, see basic usage"
        );
        assert_eq!(redact_line("/sse?access_token=abc&x=1"), "/sse?access_token=[redacted]&x=1");
    }

    #[test]
    fn members_are_redacted_and_the_rest_stays_as_sent() {
        let text = r#"{ "params" : {"api_key":"k-123456","n":1.0,"note":"send Bearer abcdefgh.ijk now"}}"#;
        let mut value = serde_json::from_str(text).unwrap();
        assert_eq!(
            redact_json(text, &mut value),
            r#"{ "params" : {"api_key":"[redacted]","n":1.0,"note":"send Bearer [redacted] now"}}"#
        );
        let text = r#"{"a":[1,2]}"#;
        assert_eq!(redact_json(text, &mut serde_json::from_str(text).unwrap()), text);
    }
}
