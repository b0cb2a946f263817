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
        let why = || without_queries(&chain(error));
        match error {
            object_store::Error::NotFound { .. } => Self::Missing(place),
            object_store::Error::PermissionDenied { .. } | object_store::Error::Unauthenticated { .. } => {
                Self::Refused { place, doing, why: why() }
            }
            _ => Self::Failed { place, doing, why: why() },
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
    fn what_another_attempt_would_not_change_is_known() {
        let source = || "no".to_owned().into();
        let lasting =
            |error: &object_store::Error| ObjectError::new("s3://b/x".to_owned(), "read", error).is_lasting();
        assert!(lasting(&object_store::Error::NotFound { path: "x".to_owned(), source: source() }));
        assert!(lasting(&object_store::Error::PermissionDenied { path: "x".to_owned(), source: source() }));
        assert!(!lasting(&object_store::Error::Generic { store: "S3", source: source() }));
    }
}
