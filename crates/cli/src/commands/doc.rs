//! `atalanta doc`: the manual of stages, functions and lints on the terminal.

use std::io::Write;

use crate::Ended;
use crate::manual;
use crate::terminal::Terminal;

/// Show the manual page of a stage, a function or a code of `check`
///
/// Without a name, lists what there is. The same pages are in `docs/xql`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A stage, a function, or a code or name of a lint, in any letter case
    name: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  atalanta doc                  everything that has a page
  atalanta doc windowcomp       a stage
  atalanta doc regextract       a function
  atalanta doc XL001            a code of `atalanta check`

Exit codes: 0 shown, 2 nothing has this name";

/// Runs the command.
pub fn run(args: &Args, terminal: Terminal) -> anyhow::Result<Ended> {
    let pages = manual::pages();
    let mut out = std::io::stdout().lock();
    let Some(name) = &args.name else {
        out.write_all(manual::index(&pages).as_bytes())?;
        return Ok(Ended::Clean);
    };
    let found: Vec<_> = pages.iter().filter(|page| page.is_called(name)).collect();
    if found.is_empty() {
        terminal.error(&manual::unknown(name, &pages));
        return Ok(Ended::Failed);
    }
    for page in found {
        out.write_all(page.text.as_bytes())?;
    }
    Ok(Ended::Clean)
}
