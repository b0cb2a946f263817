//! Small measurements that stand beside the hunts.

mod check;
mod decode;

use anyhow::Result;

/// What to measure.
#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Read and decode a text column, without looking at the values
    Decode(decode::Decode),
    /// Parse, resolve and check a query of 50 stages
    Check(check::Check),
}

/// Runs the measurement and prints one JSON line.
///
/// # Errors
/// As the measurement says.
pub fn run(options: &Options) -> Result<()> {
    match &options.what {
        What::Decode(decode) => decode::run(decode),
        What::Check(check) => check::run(check),
    }
}
