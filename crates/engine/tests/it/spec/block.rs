//! The fenced blocks of a specification file.

use std::path::Path;

/// A fenced block.
#[derive(Clone, Debug)]
pub struct Block {
    /// First word behind the fence: `table`, `xql`, `result`, `error`, `warning`, `vectors`, `saved`.
    pub kind: String,
    /// The rest of that line.
    pub info: String,
    /// Line of the fence, from 1.
    pub line: usize,
    /// The lines between the fences.
    pub lines: Vec<String>,
}

impl Block {
    /// The block's text.
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// Whether the info line has this word.
    pub fn has(&self, word: &str) -> bool {
        self.info.split_whitespace().any(|found| found == word)
    }

    /// The values of `name=value` in the info line.
    pub fn options(&self, name: &str) -> Vec<&str> {
        let prefix = format!("{name}=");
        self.info.split_whitespace().filter_map(|word| word.strip_prefix(prefix.as_str())).collect()
    }
}

/// Kinds that mean something; a misspelt kind must not be skipped in silence.
const KINDS: &[&str] = &["table", "xql", "result", "error", "warning", "vectors", "saved", "text", "json"];

/// Reads the blocks of a file.
pub fn read(path: &Path) -> Result<Vec<Block>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    let mut blocks: Vec<Block> = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in text.lines().enumerate() {
        let fence = line.strip_prefix("```");
        match (open.take(), fence) {
            (None, Some(info)) => {
                let (kind, info) = info.split_once(' ').unwrap_or((info, ""));
                if !KINDS.contains(&kind) {
                    return Err(format!("line {}: no kind of block is called `{kind}`", index + 1));
                }
                let (kind, info) = (kind.to_owned(), info.trim().to_owned());
                open = Some(Block { kind, info, line: index + 1, lines: Vec::new() });
            }
            (Some(block), Some("")) => blocks.push(block),
            (Some(mut block), _) => {
                block.lines.push(line.to_owned());
                open = Some(block);
            }
            (None, None) => {}
        }
    }
    match open {
        Some(block) => Err(format!("line {}: the block is never closed", block.line)),
        None => Ok(blocks),
    }
}
