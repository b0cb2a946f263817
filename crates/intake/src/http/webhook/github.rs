//! GitHub: `POST /webhooks/github`, content type `application/json`, signed with `X-Hub-Signature-256`.
//!
//! The header is `sha256=` and the hex HMAC-SHA256 of the body. The older `X-Hub-Signature` (SHA-1) does not count.

use axum::http::HeaderMap;

use super::{Secret, Service, from_hex, signed, text};

pub(super) const SERVICE: Service = Service {
    name: "github",
    sources: &["github_webhook", "github"],
    raw: "github_webhook_raw",
    headers: &[
        "x-github-event",
        "x-github-delivery",
        "x-github-hook-id",
        "x-github-hook-installation-target-type",
        "x-github-hook-installation-target-id",
        "user-agent",
    ],
    delivery: Some("x-github-delivery"),
    verify,
};

fn verify(headers: &HeaderMap, body: &[u8], secret: &Secret, _now: i64) -> Result<(), String> {
    let signature = text(headers, "x-hub-signature-256")?;
    let signature = signature.strip_prefix("sha256=").and_then(from_hex);
    let signature = signature.ok_or("x-hub-signature-256: expected `sha256=` and hex digits")?;
    if signed(secret, &[body], &signature) { Ok(()) } else { Err("the signature does not match".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::headers;
    use super::*;

    #[test]
    fn the_example_of_the_documentation() {
        // Secret, body and signature of "Validating webhook deliveries" in GitHub's documentation.
        let secret = Secret::new("It's a Secret to Everybody".to_owned());
        let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let good = headers(&[("x-hub-signature-256", signature)]);
        assert_eq!(verify(&good, b"Hello, World!", &secret, 0), Ok(()));
        assert!(verify(&good, b"Hello, World?", &secret, 0).unwrap_err().contains("does not match"));
        let other = Secret::new("other".to_owned());
        assert!(verify(&good, b"Hello, World!", &other, 0).is_err());
        assert!(verify(&headers(&[]), b"", &secret, 0).unwrap_err().contains("is missing"));
        for bad in ["sha256=7571", "757107ea", "sha256=zz", "sha256="] {
            assert!(verify(&headers(&[("x-hub-signature-256", bad)]), b"Hello, World!", &secret, 0).is_err());
        }
    }
}
