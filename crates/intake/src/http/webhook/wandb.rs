//! Weights & Biases: `POST /webhooks/wandb`, webhooks of automations, signed with `X-Wandb-Signature`.
//!
//! The header is the hex HMAC-SHA256 of the body with the secret of the webhook's configuration. Bodies are templates
//! of the sender, so no mapping knows them; the source `wandb` reads audit logs.

use axum::http::HeaderMap;

use super::{Secret, Service, from_hex, signed, text};

pub(super) const SERVICE: Service =
    Service { name: "wandb", sources: &[], raw: "wandb_webhook_raw", headers: &[], delivery: None, verify };

fn verify(headers: &HeaderMap, body: &[u8], secret: &Secret, _now: i64) -> Result<(), String> {
    let signature = from_hex(text(headers, "x-wandb-signature")?);
    let signature = signature.ok_or("x-wandb-signature: expected hex digits")?;
    if signed(secret, &[body], &signature) { Ok(()) } else { Err("the signature does not match".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::headers;
    use super::*;

    #[test]
    fn the_body_is_signed() {
        let secret = Secret::new("key".to_owned());
        // The well-known HMAC-SHA256 of this sentence under the key `key`.
        let body = b"The quick brown fox jumps over the lazy dog";
        let signature = "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8";
        let good = headers(&[("x-wandb-signature", signature)]);
        assert_eq!(verify(&good, body, &secret, 0), Ok(()));
        assert!(verify(&good, b"{}", &secret, 0).is_err());
        assert!(verify(&headers(&[("x-wandb-signature", "xyz")]), body, &secret, 0).is_err());
    }
}
