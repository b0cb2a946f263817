//! What the server does by itself now and then: merge small files, end old rows, remove files nobody reads.

use std::sync::Arc;

use atalanta_intake::Pipeline;
use atalanta_store::StoreError;

use crate::Shared;

pub(crate) async fn run(shared: Arc<Shared>) {
    let mut ticks =
        tokio::time::interval(shared.config.maintenance.max(std::time::Duration::from_millis(100)));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let own = Arc::clone(&shared);
        match tokio::task::spawn_blocking(move || once(&own)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "maintenance failed, it will be tried again"),
            // Or it was not begun any more, as the server ends.
            Err(error) if error.is_panic() => tracing::error!("maintenance panicked"),
            Err(_) => return,
        }
    }
}

/// How often it is looked for records that have waited for others too long.
const SETTLE: std::time::Duration = std::time::Duration::from_secs(1);

/// Maps records whose counterpart did not come.
pub(crate) async fn settle(pipeline: Arc<Pipeline>) {
    let mut ticks = tokio::time::interval(SETTLE);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let own = Arc::clone(&pipeline);
        match tokio::task::spawn_blocking(move || own.settle(false)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::error!(%error, "records that wait for others could not be stored yet"),
            Err(error) if error.is_panic() => tracing::error!("the mapping of records that waited panicked"),
            Err(_) => return,
        }
    }
}

fn once(shared: &Shared) -> Result<(), StoreError> {
    let now = jiff::Timestamp::now();
    let retained = shared.store.retain(&shared.config.retention, now)?;
    if retained.files > 0 {
        tracing::info!(
            files = retained.files,
            rows = retained.rows,
            "rows reached the end of their retention"
        );
    }
    let compacted = shared.store.compact(false)?;
    if compacted.before > 0 {
        tracing::info!(
            before = compacted.before,
            after = compacted.after,
            rows = compacted.rows,
            "files merged"
        );
    }
    let removed = shared.store.clean(shared.config.grace, now)?;
    if removed > 0 {
        tracing::info!(files = removed, "expired files removed");
    }
    Ok(())
}
