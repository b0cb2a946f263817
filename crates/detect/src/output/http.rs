//! Bodies sent with POST, over HTTP or HTTPS.

use std::time::Duration;

use rustls::pki_types::CertificateDer;
use serde_json::Value;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::Failure;

/// A client; without roots of its own it trusts the public ones.
pub(super) fn agent(roots: Option<&[CertificateDer<'static>]>) -> ureq::Agent {
    let mut config = ureq::Agent::config_builder().http_status_as_error(false);
    if let Some(roots) = roots {
        let roots: Vec<Certificate<'static>> =
            roots.iter().map(|root| Certificate::from_der(root).to_owned()).collect();
        config =
            config.tls_config(TlsConfig::builder().root_certs(RootCerts::new_with_certs(&roots)).build());
    }
    // A redirect could lead alerts, and the header with the secret, somewhere else.
    config.max_redirects(0).timeout_global(Some(Duration::from_secs(10))).build().into()
}

/// Sends a body.
pub(super) fn post(
    agent: &ureq::Agent,
    address: &str,
    header: Option<&(String, String)>,
    body: &Value,
) -> Result<(), Failure> {
    let mut request = agent.post(address).header("content-type", "application/json");
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let answer = request.send(body.to_string().as_bytes());
    let answer = answer.map_err(|error| Failure::Later(error.to_string()))?;
    match answer.status().as_u16() {
        200..300 => Ok(()),
        status @ (408 | 425 | 429 | 500..) => Err(Failure::Later(format!("status {status}"))),
        status => Err(Failure::Never(format!("status {status}"))),
    }
}
