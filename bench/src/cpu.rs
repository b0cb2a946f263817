//! CPU time as Linux counts it, in nanoseconds: other programs hardly move it.

use std::fs;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

/// The kernel brings the time of a thread up to date when it switches to another, or at a tick, of which there are 250 a
/// second: without a short sleep the figures would come in steps of 4 ms.
const SWITCH: Duration = Duration::from_micros(20);

/// CPU time of this thread so far.
///
/// # Errors
/// Where there is no `/proc`.
pub fn of_thread() -> Result<Duration> {
    thread::sleep(SWITCH);
    let text = fs::read_to_string("/proc/thread-self/schedstat")
        .context("cannot read the CPU time of this thread")?;
    nanos(&text)
}

/// CPU time of all threads that this process has now.
///
/// # Errors
/// Where there is no `/proc`.
pub fn of_process() -> Result<Duration> {
    thread::sleep(SWITCH);
    let mut total = Duration::ZERO;
    for task in fs::read_dir("/proc/self/task").context("cannot list the threads of this process")? {
        // A thread may end between the listing and the reading.
        if let Ok(text) = fs::read_to_string(task?.path().join("schedstat")) {
            total += nanos(&text)?;
        }
    }
    Ok(total)
}

/// The first number of a `schedstat` file.
fn nanos(text: &str) -> Result<Duration> {
    let first = text.split_whitespace().next().unwrap_or_default();
    Ok(Duration::from_nanos(first.parse().context("unexpected CPU time")?))
}
