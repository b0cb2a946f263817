//! GitLab: `POST /webhooks/gitlab`, webhooks of projects and groups and streamed audit events.
//!
//! GitLab does not sign: it sends the secret token as `X-Gitlab-Token`.

use axum::http::HeaderMap;

use super::{Secret, Service, same, text};

pub(super) const SERVICE: Service = Service {
    name: "gitlab",
    sources: &["gitlab"],
    raw: "gitlab_audit_raw",
    headers: &[],
    delivery: Some("idempotency-key"),
    verify,
};

fn verify(headers: &HeaderMap, _body: &[u8], secret: &Secret, _now: i64) -> Result<(), String> {
    if same(text(headers, "x-gitlab-token")?, secret) { Ok(()) } else { Err("the token is wrong".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::headers;
    use super::*;

    #[test]
    fn the_token_must_be_the_secret() {
        let secret = Secret::new("glsec-1".to_owned());
        assert_eq!(verify(&headers(&[("x-gitlab-token", "glsec-1")]), b"{}", &secret, 0), Ok(()));
        for bad in ["glsec-", "glsec-11", "", "GLSEC-1"] {
            assert!(verify(&headers(&[("x-gitlab-token", bad)]), b"{}", &secret, 0).is_err(), "{bad}");
        }
        assert!(verify(&headers(&[]), b"{}", &secret, 0).unwrap_err().contains("is missing"));
    }
}
