//! `atalanta lsp`: the language server, for editors.

use crate::Ended;

/// Serve an editor over standard input and output (Language Server Protocol)
///
/// Diagnostics, completion, hover, parameters, go to definition, rename, quick fixes and formatting for .xql files;
/// diagnostics and formatting for .xif files. Editors start it by themselves: see `editors/` in the repository.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

const EXAMPLES: &str = "\
Examples:
  atalanta lsp     started by the editor, speaks on standard input and output

Exit codes: 0 the editor said goodbye, 2 the connection broke";

/// Runs the command.
pub fn run(_: &Args) -> anyhow::Result<Ended> {
    atalanta_lsp::run_stdio()?;
    Ok(Ended::Clean)
}
