//! What the server does by itself now and then: merge small files, end old rows, remove files nobody reads.

use std::sync::Arc;

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
            Err(_) => tracing::error!("maintenance panicked"),
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
