//! A Detection Finding (class 2004) of the Open Cybersecurity Schema Framework, version 1.5.0.

use serde_json::{Value, json};

use crate::alert::Alert;
use atalanta_schema::Level;

/// Detection Finding.
const CLASS: u64 = 2004;
/// Findings.
const CATEGORY: u64 = 2;
/// Create.
const ACTIVITY: u64 = 1;

pub(super) fn body(alert: &Alert) -> Value {
    let severity = match alert.severity {
        Level::Informational => (1, "Informational"),
        Level::Low => (2, "Low"),
        Level::Medium => (3, "Medium"),
        Level::High => (4, "High"),
        Level::Critical => (5, "Critical"),
    };
    let confidence = match alert.confidence {
        Level::Informational | Level::Low => (1, "Low"),
        Level::Medium => (2, "Medium"),
        Level::High | Level::Critical => (3, "High"),
    };
    let observables: Vec<Value> = alert
        .entities
        .iter()
        .filter_map(|(name, value)| {
            Some(json!({ "name": name, "type_id": 99, "type": "Other", "value": value.as_ref()? }))
        })
        .collect();
    let evidences: Vec<Value> = alert.evidence.iter().map(|(_, row)| json!({ "data": row })).collect();
    let atlas = alert.atlas.iter().map(|id| technique("MITRE ATLAS", id));
    let attack = alert.attack.iter().map(|id| technique("MITRE ATT&CK", id));
    json!({
        "class_uid": CLASS, "class_name": "Detection Finding",
        "category_uid": CATEGORY, "category_name": "Findings",
        "activity_id": ACTIVITY, "activity_name": "Create", "type_uid": CLASS * 100 + ACTIVITY,
        "time": alert.created / 1000, "start_time": alert.first / 1000, "end_time": alert.last / 1000,
        "severity_id": severity.0, "severity": severity.1,
        "confidence_id": confidence.0, "confidence": confidence.1,
        "status_id": 1, "status": "New", "is_alert": true, "count": alert.events,
        "message": alert.title,
        "metadata": {
            "version": "1.5.0", "uid": alert.id,
            "product": { "name": "Atalanta", "vendor_name": "Atalanta", "version": env!("CARGO_PKG_VERSION") },
        },
        "finding_info": {
            "uid": alert.id, "title": alert.title, "desc": alert.description,
            "first_seen_time": alert.first / 1000, "last_seen_time": alert.last / 1000,
            "analytic": { "uid": alert.rule, "name": alert.rule, "version": alert.version, "type_id": 1, "type": "Rule" },
            "attacks": atlas.chain(attack).collect::<Vec<Value>>(),
        },
        "observables": observables,
        "evidences": evidences,
        "remediation": { "desc": alert.response.join("; ") },
    })
}

fn technique(matrix: &str, id: &str) -> Value {
    let kind = if id.matches('.').count() > usize::from(matrix.ends_with("ATLAS")) {
        "sub_technique"
    } else {
        "technique"
    };
    json!({ "version": matrix, kind: { "uid": id } })
}

#[cfg(test)]
mod tests {
    #[test]
    fn required_attributes_are_there() {
        let body = super::body(&super::super::hostile());
        for name in [
            "class_uid",
            "category_uid",
            "activity_id",
            "type_uid",
            "time",
            "severity_id",
            "metadata",
            "finding_info",
        ] {
            assert!(!body[name].is_null(), "{name}");
        }
        assert_eq!((body["type_uid"].as_u64(), body["count"].as_u64()), (Some(200_401), Some(3)));
        assert_eq!(body["finding_info"]["attacks"][0]["technique"]["uid"], "AML.T0051");
        assert_eq!(body["observables"].as_array().map(Vec::len), Some(1));
    }
}
