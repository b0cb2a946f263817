//! Export requests in protobuf as OTLP/JSON.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde::Serialize;

use crate::error::IntakeError;

/// What a path carries.
#[derive(Clone, Copy, Debug)]
pub enum Signal {
    /// Log records.
    Logs,
    /// Spans.
    Traces,
    /// Data points.
    Metrics,
}

/// The request in JSON; empty if it holds no records.
pub fn to_json(signal: Signal, bytes: &[u8]) -> Result<Vec<u8>, IntakeError> {
    match signal {
        Signal::Logs => {
            let request: ExportLogsServiceRequest = decode(bytes)?;
            if request.resource_logs.is_empty() { Ok(Vec::new()) } else { json_bytes(&request) }
        }
        Signal::Traces => {
            let request: ExportTraceServiceRequest = decode(bytes)?;
            if request.resource_spans.is_empty() { Ok(Vec::new()) } else { json_bytes(&request) }
        }
        Signal::Metrics => {
            let request: ExportMetricsServiceRequest = decode(bytes)?;
            if request.resource_metrics.is_empty() { Ok(Vec::new()) } else { json_bytes(&request) }
        }
    }
}

fn decode<T: Message + Default>(bytes: &[u8]) -> Result<T, IntakeError> {
    T::decode(bytes).map_err(|error| IntakeError::Request(format!("expected an export request: {error}")))
}

fn json_bytes(request: &impl Serialize) -> Result<Vec<u8>, IntakeError> {
    serde_json::to_vec(request).map_err(|error| IntakeError::Request(format!("export request: {error}")))
}
