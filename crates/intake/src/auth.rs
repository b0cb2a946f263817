//! Who may send and ask: tokens with their rights.

use sha2::{Digest, Sha256};

/// What a token allows.
#[derive(Clone, Debug)]
pub struct Token {
    /// Name for logs and metrics.
    pub name: String,
    /// SHA-256 of the secret; the secret itself is not kept.
    digest: [u8; 32],
    /// Sources and raw datasets that it may send; all if empty.
    pub sources: Vec<String>,
    /// Whether it may send.
    pub ingest: bool,
    /// Whether it may ask.
    pub query: bool,
}

impl Token {
    /// A token of a secret.
    pub fn new(name: String, secret: &str, sources: Vec<String>, ingest: bool, query: bool) -> Self {
        Self { name, digest: digest(secret), sources, ingest, query }
    }

    /// Whether it may send for a source or raw dataset.
    pub fn sends(&self, source: &str) -> bool {
        self.ingest && (self.sources.is_empty() || self.sources.iter().any(|own| own == source))
    }
}

/// What stands for a secret where it is compared: equality of digests tells nothing about how much of a guess was right.
pub(crate) fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// All tokens. Without any, everybody who reaches the listeners may do everything: the configuration allows that on
/// loopback alone.
#[derive(Clone, Debug, Default)]
pub struct Tokens(pub Vec<Token>);

/// The rights of a request.
#[derive(Clone, Debug)]
pub enum Caller {
    /// No tokens are configured.
    Anyone,
    /// A token.
    Known(Token),
}

/// Why a request has no rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// It names no token.
    Missing,
    /// It names one that is not known.
    Unknown,
}

impl Tokens {
    /// The caller behind an `Authorization` header: `Bearer`, `Splunk`, `ApiKey` or `Basic` with the token as password.
    pub fn caller(&self, authorization: Option<&str>) -> Result<Caller, Denied> {
        if self.0.is_empty() {
            return Ok(Caller::Anyone);
        }
        let header = authorization.ok_or(Denied::Missing)?.trim_start();
        let (scheme, secret) = header.split_once(' ').unwrap_or(("", header));
        let secret = secret.trim();
        let secret =
            if scheme.eq_ignore_ascii_case("basic") { password(secret) } else { Some(secret.to_owned()) };
        let secret = secret.filter(|secret| !secret.is_empty()).ok_or(Denied::Missing)?;
        let digest = digest(&secret);
        let found = self.0.iter().find(|token| token.digest == digest);
        found.cloned().map(Caller::Known).ok_or(Denied::Unknown)
    }
}

fn password(encoded: &str) -> Option<String> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    Some(text.split_once(':')?.1.to_owned())
}

impl Caller {
    /// The name of its token, `-` without one.
    pub fn name(&self) -> &str {
        match self {
            Self::Anyone => "-",
            Self::Known(token) => &token.name,
        }
    }

    /// Whether it may send for a source or raw dataset.
    pub fn sends(&self, source: &str) -> bool {
        match self {
            Self::Anyone => true,
            Self::Known(token) => token.sends(source),
        }
    }

    /// Whether it may ask.
    pub fn asks(&self) -> bool {
        match self {
            Self::Anyone => true,
            Self::Known(token) => token.query,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scheme_finds_its_token() {
        let own = Token::new("otel".into(), "s3cret", vec!["otlp".into()], true, false);
        let tokens = Tokens(vec![own]);
        for header in ["Bearer s3cret", "Splunk s3cret", "ApiKey s3cret", "s3cret", "Basic eDpzM2NyZXQ="] {
            let caller = tokens.caller(Some(header)).unwrap();
            assert!(caller.sends("otlp") && !caller.sends("sysmon") && !caller.asks(), "{header}");
        }
        assert_eq!(tokens.caller(Some("Bearer other")).unwrap_err(), Denied::Unknown);
        assert_eq!(tokens.caller(Some("Bearer ")).unwrap_err(), Denied::Missing);
        assert_eq!(tokens.caller(None).unwrap_err(), Denied::Missing);
        assert!(Tokens::default().caller(None).unwrap().asks());
    }
}
