//! `GET /metrics`: counters and gauges in the Prometheus text format.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

use atalanta_intake::counters::Counts;
use atalanta_store::Gauges;

use crate::Shared;

/// Counts of queries since the start.
#[derive(Debug, Default)]
pub(crate) struct QueryCounts {
    /// That gave a result.
    pub done: AtomicU64,
    /// That ended with an error.
    pub failed: AtomicU64,
    /// That were refused because too many were running.
    pub refused: AtomicU64,
    /// Run time of all, in ms.
    pub millis: AtomicU64,
}

type Read = fn(&Counts) -> u64;

/// Counters by listener and source.
const INTAKE: &[(&str, &str, Read)] = &[
    ("atalanta_intake_requests_total", "requests or batches that were taken", |counts| counts.requests),
    ("atalanta_intake_bytes_total", "bytes as sent", |counts| counts.bytes),
    ("atalanta_intake_records_total", "records that arrived", |counts| counts.records),
    ("atalanta_intake_stored_rows_total", "rows made of them that are on disk", |counts| counts.stored),
    ("atalanta_intake_quarantined_total", "records that could not be mapped", |counts| counts.quarantined),
    ("atalanta_intake_dropped_total", "records that were refused", |counts| counts.dropped),
];

/// The page.
pub(crate) fn page(shared: &Shared) -> String {
    let mut out = String::new();
    let all = shared.intake.pipeline.counters.all();
    for (name, help, read) in INTAKE {
        head(&mut out, name, help, "counter");
        for (listener, source, counts) in &all {
            let value = read(counts);
            let _ = writeln!(out, "{name}{{listener=\"{listener}\",source=\"{}\"}} {value}", label(source));
        }
    }
    let gauges = shared.store.gauges();
    for (name, help, kind, value) in numbers(shared, &gauges) {
        head(&mut out, name, help, kind);
        let _ = writeln!(out, "{name} {value}");
    }
    objects(&mut out, &gauges);
    detection(&mut out, shared);
    let name = "atalanta_query_seconds_total";
    head(&mut out, name, "run time of all queries", "counter");
    let _ = writeln!(out, "{name} {}", load(&shared.counts.millis) as f64 / 1000.0);
    out
}

/// Numbers of the store and of queries: name, help, kind, value.
fn numbers(shared: &Shared, gauges: &Gauges) -> [(&'static str, &'static str, &'static str, u64); 17] {
    let pages = gauges.pages;
    [
        ("atalanta_store_memory_bytes", "rows in memory", "gauge", gauges.memory_bytes),
        ("atalanta_store_hot_rows", "rows that are not in tables yet", "gauge", gauges.hot_rows),
        ("atalanta_store_rows", "rows in tables", "gauge", gauges.stored_rows),
        ("atalanta_store_files", "files of all tables", "gauge", gauges.files),
        ("atalanta_store_file_bytes", "bytes of these files", "gauge", gauges.file_bytes),
        ("atalanta_store_flushes_total", "moves of rows to tables", "counter", gauges.flushes),
        (
            "atalanta_store_failed_flushes_total",
            "attempts to move rows to tables that failed",
            "counter",
            gauges.failed_flushes,
        ),
        ("atalanta_log_groups_total", "synced groups of log records", "counter", gauges.groups),
        ("atalanta_log_records_total", "log records", "counter", gauges.records),
        (
            "atalanta_store_trouble",
            "1 when the last flush failed",
            "gauge",
            u64::from(gauges.trouble.is_some()),
        ),
        ("atalanta_pages_read_total", "pages of files that queries read", "counter", pages.read),
        ("atalanta_pages_skipped_by_maps_total", "pages that text maps exclude", "counter", pages.by_maps),
        (
            "atalanta_pages_skipped_by_memory_total",
            "pages without a match in an earlier query",
            "counter",
            pages.by_memory,
        ),
        ("atalanta_maps_damaged_total", "damaged text maps, whose pages were read", "counter", pages.damaged),
        ("atalanta_queries_done_total", "queries with a result", "counter", load(&shared.counts.done)),
        ("atalanta_queries_failed_total", "queries with an error", "counter", load(&shared.counts.failed)),
        (
            "atalanta_queries_refused_total",
            "queries beyond the limit",
            "counter",
            load(&shared.counts.refused),
        ),
    ]
}

/// Requests to the object store of the tables, if they are in one.
fn objects(out: &mut String, gauges: &Gauges) {
    let Some(counts) = gauges.objects else { return };
    for (name, help, value) in [
        ("atalanta_objects_requests_total", "requests to the object store", counts.requests),
        ("atalanta_objects_retries_total", "requests that were repeated after a failure", counts.retries),
        ("atalanta_objects_failures_total", "requests that failed for good", counts.failures),
        ("atalanta_objects_read_bytes_total", "bytes read from the object store", counts.read_bytes),
        ("atalanta_objects_written_bytes_total", "bytes written to the object store", counts.written_bytes),
    ] {
        head(out, name, help, "counter");
        let _ = writeln!(out, "{name} {value}");
    }
}

fn detection(out: &mut String, shared: &Shared) {
    let Some(detection) = &shared.detection else { return };
    let counts = &detection.live.counts;
    let behind = shared.store.last().saturating_sub(load(&counts.position));
    let (sent, dead) =
        detection.delivery.as_ref().map_or((0, 0), |one| (load(&one.counts.sent), load(&one.counts.dead)));
    let numbers: [(&str, &str, &str, u64); 10] = [
        ("atalanta_detect_rules", "rules that run", "gauge", detection.rules as u64),
        ("atalanta_detect_rows_total", "rows that rules looked at", "counter", load(&counts.rows)),
        ("atalanta_detect_windows_total", "windows that rules looked at", "counter", load(&counts.windows)),
        ("atalanta_detect_alerts_total", "alerts that were raised", "counter", load(&counts.alerts)),
        ("atalanta_detect_lookup_hits_total", "hits that changed lookups", "counter", load(&counts.acted)),
        ("atalanta_detect_failures_total", "failures of rules", "counter", load(&counts.failures)),
        ("atalanta_detect_missed_records_total", "log records no rule saw", "counter", load(&counts.missed)),
        ("atalanta_detect_lag_records", "log records whose hits are not kept yet", "gauge", behind),
        ("atalanta_alerts_sent_total", "alerts delivered to outputs", "counter", sent),
        ("atalanta_alerts_dead_total", "alerts given up by outputs", "counter", dead),
    ];
    for (name, help, kind, value) in numbers {
        head(out, name, help, kind);
        let _ = writeln!(out, "{name} {value}");
    }
}

fn load(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

fn head(out: &mut String, name: &str, help: &str, kind: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

/// A label's value: producers choose names of sources.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
