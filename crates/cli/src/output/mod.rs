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

/// Writes a whole text to a file, or to standard output.
pub fn write(path: Option<&Path>, text: &str) -> anyhow::Result<()> {
    let Some(path) = path.filter(|path| *path != Path::new("-")) else {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        return Ok(out.flush()?);
    };
    std::fs::write(path, text).map_err(|error| anyhow::anyhow!("{}: cannot be written: {error}", path.display()))
}
