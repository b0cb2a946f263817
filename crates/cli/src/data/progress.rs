//! The progress bar, on standard error and only on a terminal.

use std::time::Duration;

use atalanta_engine::input::Progress;
use indicatif::{ProgressBar, ProgressStyle};

use crate::figures;
use crate::terminal::Terminal;

/// A bar over bytes or over hunts.
pub struct Bar {
    bar: ProgressBar,
    events: std::sync::atomic::AtomicU64,
}

impl Bar {
    /// Over the bytes of the input.
    pub fn reading(terminal: Terminal) -> Self {
        Self::new(terminal, "reading {bar:30} {bytes}/{total_bytes} {msg} {eta}", 0)
    }

    /// Over a known number of steps.
    pub fn steps(terminal: Terminal, count: u64) -> Self {
        Self::new(terminal, "hunting {bar:30} {pos}/{len} {msg}", count)
    }

    fn new(terminal: Terminal, template: &str, length: u64) -> Self {
        let bar = if terminal.progress { ProgressBar::new(length) } else { ProgressBar::hidden() };
        // A template that cannot be read leaves the plain bar.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸─"));
        }
        if terminal.progress {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        Self { bar, events: std::sync::atomic::AtomicU64::new(0) }
    }

    /// Names what is being done.
    pub fn name(&self, what: &str) {
        self.bar.set_message(atalanta_diag::render::escape_control(what));
    }

    /// One step is done.
    pub fn step(&self) {
        self.bar.inc(1);
    }

    /// Runs something that prints, without the bar in the way.
    pub fn suspend(&self, print: impl FnOnce()) {
        self.bar.suspend(print);
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Bar {
    fn expect(&self, bytes: u64) {
        self.bar.inc_length(bytes);
    }

    fn advance(&self, bytes: u64, records: u64) {
        let before = self.events.fetch_add(records, std::sync::atomic::Ordering::Relaxed);
        self.bar.inc(bytes);
        self.bar.set_message(figures::plural(before + records, "record"));
    }
}
