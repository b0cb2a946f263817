//! Why a request to an object store failed, without secrets.

/// Why an object could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ObjectError {
    /// There is no such object.
    #[error("{0}: there is no such object")]
    Missing(String),
    /// The credentials do not allow it, or there are none.
    #[error("{place}: cannot {doing}: the object store refuses the credentials: {why}")]
    Refused {
        /// The object.
        place: String,
        /// What was tried.
        doing: &'static str,
        /// The store's answer.
        why: String,
    },
    /// The store failed or did not answer in time, however often it was asked.
    #[error("{place}: cannot {doing}: {why}")]
    Failed {
        /// The object.
        place: String,
        /// What was tried.
        doing: &'static str,
        /// What came back last.
        why: String,
    },
    /// The address cannot be used.
    #[error("{0}")]
    Address(String),
    /// Whoever asked does not want it any more.
    #[error("{0}: given up because the store is being closed")]
    Stopped(String),
}

impl ObjectError {
    pub(crate) fn new(place: String, doing: &'static str, error: &object_store::Error) -> Self {
        // The outer text repeats the place, and that the credentials are refused.
        let below = std::error::Error::source(error).unwrap_or(error);
        let why = without_queries(&without_page(&chain(below)));
        match error {
            object_store::Error::NotFound { .. } => Self::Missing(place),
            object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
                Self::Refused { place, doing, why }
            }
            // A list that is refused comes as any other failure.
            _ if ["401 Unauthorized", "403 Forbidden"].iter().any(|status| why.contains(status)) => {
                Self::Refused { place, doing, why }
            }
            _ => Self::Failed { place, doing, why },
        }
    }

    /// Whether another attempt would give the same.
    pub(crate) fn is_lasting(&self) -> bool {
        !matches!(self, Self::Failed { .. })
    }
}

/// The error with what is below it; causes that the outer text tells already are left out.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = inner.source();
    }
    text
}

/// Longest text of a server that is repeated, in bytes.
const PAGE: usize = 300;

/// Puts code and message in the place of a page of XML or HTML that a server sent; everything becomes one line.
fn without_page(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let begin = ["<?xml", "<error", "<!doctype", "<html"].iter().filter_map(|start| lower.find(start)).min();
    let (said, page) = text.split_at(begin.unwrap_or(text.len()));
    let told: Vec<&str> = ["Code", "Message"].iter().filter_map(|name| element(page, name)).collect();
    let mut all = format!("{} {}", said.trim_end().trim_end_matches(':'), told.join(": "));
    if told.is_empty() {
        all.truncate(all.trim_end().len());
    }
    all.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The first line of an element's text.
fn element<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("<{name}>"))?;
    let line = rest.split_once('<')?.0.trim().lines().next()?.trim_end();
    Some(&line[..line.floor_char_boundary(PAGE)])
}

/// Cuts the query off every address: that of Azure may hold a signature.
fn without_queries(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut cutting = false;
    for character in text.chars() {
        if cutting && (character.is_whitespace() || matches!(character, '"' | '\'' | '`' | ')' | '>' | ',')) {
            cutting = false;
        }
        if !cutting {
            out.push(character);
        }
        cutting |= character == '?';
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_in_addresses_are_cut_off() {
        let text =
            "error sending request for url (https://a.blob.core.windows.net/c/x?sv=2024&sig=SECRET) in 3s";
        let cut = without_queries(text);
        assert_eq!(cut, "error sending request for url (https://a.blob.core.windows.net/c/x?) in 3s");
    }

    #[test]
    fn of_a_page_code_and_message_are_told_in_one_line() {
        let azure = "403 Forbidden: <?xml version=\"1.0\"?>\n<Error>\n  <Code>AuthorizationFailure</Code>\n  \
                     <Message>Failed to authenticate.\nRequestId:1</Message>\n</Error>";
        assert_eq!(without_page(azure), "403 Forbidden AuthorizationFailure: Failed to authenticate.");
        let page = "500 Internal Server Error: <!doctype html>\n<h1>Oh</h1>\n";
        assert_eq!(without_page(page), "500 Internal Server Error");
        assert_eq!(without_page("timed out:\n no answer"), "timed out: no answer");
    }

    #[test]
    fn a_list_that_is_refused_is_not_asked_for_again() {
        let source = "Server returned non-2xx status code: 403 Forbidden: <?xml?>".to_owned().into();
        let error = object_store::Error::Generic { store: "Azure", source };
        let error = ObjectError::new("az://lake/x".to_owned(), "list the objects", &error);
        assert!(error.is_lasting(), "{error}");
        assert_eq!(
            error.to_string(),
            "az://lake/x: cannot list the objects: the object store refuses the credentials: Server returned \
             non-2xx status code: 403 Forbidden"
        );
    }

    #[test]
    fn what_another_attempt_would_not_change_is_known() {
        let source = || "no".to_owned().into();
        let lasting =
            |error: &object_store::Error| ObjectError::new("s3://b/x".to_owned(), "read", error).is_lasting();
        assert!(lasting(&object_store::Error::NotFound { path: "x".to_owned(), source: source() }));
        assert!(lasting(&object_store::Error::PermissionDenied { path: "x".to_owned(), source: source() }));
        assert!(!lasting(&object_store::Error::Generic { store: "S3", source: source() }));
    }
}
