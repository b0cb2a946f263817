//! MLflow: `POST /webhooks/mlflow`, events of the model registry, signed with `X-MLflow-Signature`.
//!
//! The header is `v1,` and the base64 HMAC-SHA256 of delivery id, time stamp and body with dots between them. The
//! time stamp is part of what is signed, so a delivery that is older than [`TOLERANCE`] is one that is played again.

use axum::http::HeaderMap;
use base64::Engine as _;

use super::{Secret, Service, signed, text};

/// Seconds that the clocks of both sides and the way between them may differ.
const TOLERANCE: i64 = 300;

pub(super) const SERVICE: Service = Service {
    name: "mlflow",
    sources: &["mlflow"],
    raw: "mlflow_webhook_raw",
    headers: &["x-mlflow-delivery-id", "x-mlflow-timestamp", "user-agent"],
    delivery: Some("x-mlflow-delivery-id"),
    verify,
};

fn verify(headers: &HeaderMap, body: &[u8], secret: &Secret, now: i64) -> Result<(), String> {
    let signature = text(headers, "x-mlflow-signature")?;
    let signature = signature
        .strip_prefix("v1,")
        .and_then(|encoded| base64::engine::general_purpose::STANDARD.decode(encoded).ok());
    let signature = signature.ok_or("x-mlflow-signature: expected `v1,` and base64")?;
    let id = text(headers, "x-mlflow-delivery-id")?;
    let time = text(headers, "x-mlflow-timestamp")?;
    let parts = [id.as_bytes(), b".", time.as_bytes(), b".", body];
    if !signed(secret, &parts, &signature) {
        return Err("the signature does not match".to_owned());
    }
    let sent: i64 = time.parse().map_err(|_| "x-mlflow-timestamp: expected seconds".to_owned())?;
    let age = now.saturating_sub(sent);
    if age.saturating_abs() > TOLERANCE {
        return Err(format!("the delivery is {age} s old, at most {TOLERANCE} s are taken"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::headers;
    use super::*;

    #[test]
    fn id_time_and_body_are_signed() {
        let secret = Secret::new("mlflow-secret".to_owned());
        // printf '%s' 'd1.1795301514.{"entity":"registered_model"}' |
        //   openssl dgst -sha256 -hmac mlflow-secret -binary | base64
        let signature = "v1,Y+1NtTSCsPDSQWxMk9pCDfayX9hLSSAjar6FmQyZnAE=";
        let body = br#"{"entity":"registered_model"}"#;
        let all = |id, time, signature| {
            headers(&[
                ("x-mlflow-delivery-id", id),
                ("x-mlflow-timestamp", time),
                ("x-mlflow-signature", signature),
            ])
        };
        let good = all("d1", "1795301514", signature);
        assert_eq!(verify(&good, body, &secret, 1_795_301_600), Ok(()));
        assert!(verify(&good, body, &secret, 1_795_302_000).unwrap_err().contains("486 s old"));
        assert!(verify(&good, body, &secret, 1_795_301_000).unwrap_err().contains("-514 s old"));
        assert!(verify(&all("d2", "1795301514", signature), body, &secret, 1_795_301_600).is_err());
        assert!(verify(&all("d1", "1795301515", signature), body, &secret, 1_795_301_600).is_err());
        assert!(verify(&all("d1", "1795301514", "v2,AAAA"), body, &secret, 1_795_301_600).is_err());
        assert!(verify(&good, b"{}", &secret, 1_795_301_600).is_err());
    }
}
