//! Output formats, one file each.

pub mod cell;
pub mod csv;
pub mod diff;
pub mod findings;
pub mod html;
pub mod json;
pub mod ndjson;
pub mod sarif;
pub mod table;
pub mod text;
pub mod timeline;

use std::io::Write;
use std::path::Path;

use atalanta_diag::render::escape_control;

use crate::figures;
use crate::hunting::report::DataSummary;
use crate::terminal::Terminal;

/// Problems with data that are listed on standard error.
const LISTED: usize = 20;

/// Writes a whole text to a file, or to standard output.
pub fn write(path: Option<&Path>, text: &str) -> anyhow::Result<()> {
    let Some(path) = path.filter(|path| *path != Path::new("-")) else {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        return Ok(out.flush()?);
    };
    std::fs::write(path, text)
        .map_err(|error| anyhow::anyhow!("{}: cannot be written: {error}", path.display()))
}

/// Says that text maps were of no use, if there are such.
pub fn damaged_maps(terminal: Terminal, count: u64) {
    if count > 0 {
        let maps = figures::plural(count, "text map");
        terminal.warning(&format!(
            "{maps} of the data folder cannot be used, pages were read in full: `atalanta store verify` names the files"
        ));
    }
}

/// Lists the trouble with the data on standard error; what was skipped is counted.
pub fn problems(terminal: Terminal, data: &DataSummary) {
    for problem in data.problems.iter().take(LISTED) {
        let help = problem.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
        terminal.warning(&escape_control(&format!("{}{help}", problem.sentence())));
    }
    let total: u64 = data.problem_counts.values().sum();
    let listed = data.problems.len().min(LISTED) as u64;
    if total > listed {
        terminal.warning(&format!("{} like these", figures::plural(total - listed, "more problem")));
    }
    if data.skipped > 0 {
        terminal.warning(&format!("{} left out", figures::plural(data.skipped, "record")));
    }
}
