//! Hugging Face Hub: `POST /webhooks/huggingface`.
//!
//! The Hub does not sign: it sends the secret as `X-Webhook-Secret`.

use axum::http::HeaderMap;

use super::{Secret, Service, same, text};

pub(super) const SERVICE: Service = Service {
    name: "huggingface",
    sources: &["huggingface"],
    raw: "huggingface_webhook_raw",
    headers: &[],
    delivery: None,
    verify,
};

fn verify(headers: &HeaderMap, _body: &[u8], secret: &Secret, _now: i64) -> Result<(), String> {
    if same(text(headers, "x-webhook-secret")?, secret) {
        Ok(())
    } else {
        Err("the secret is wrong".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::headers;
    use super::*;

    #[test]
    fn the_secret_must_be_sent() {
        let secret = Secret::new("hf-secret".to_owned());
        assert_eq!(verify(&headers(&[("x-webhook-secret", "hf-secret")]), b"{}", &secret, 0), Ok(()));
        assert!(verify(&headers(&[("x-webhook-secret", "hf-secre")]), b"{}", &secret, 0).is_err());
        assert!(verify(&headers(&[]), b"{}", &secret, 0).unwrap_err().contains("is missing"));
    }
}
