//! Bodies sent with POST.

use std::sync::LazyLock;
use std::time::Duration;

use serde_json::Value;

use super::Failure;

static AGENT: LazyLock<ureq::Agent> = LazyLock::new(|| {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    // A redirect could lead alerts, and the header with the secret, somewhere else.
    config.max_redirects(0).timeout_global(Some(Duration::from_secs(10))).build().into()
});

/// Sends a body.
pub(super) fn post(address: &str, header: Option<&(String, String)>, body: &Value) -> Result<(), Failure> {
    let mut request = AGENT.post(address).header("content-type", "application/json");
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
