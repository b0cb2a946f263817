//! Tool definitions across connections.
//!
//! A rug pull needs no notice: the definition just differs the next time the server is asked. So the hash
//! of every definition is remembered by server identity and tool name, and a row is made only when a tool
//! is new, changed or gone.

use std::collections::{BTreeMap, HashSet, VecDeque};

use crate::tree::{Map, Value};

use super::MAX_TOOLS;
use crate::canonical_json::canonical_hash;
use crate::decode::{below, put};

/// Hashes by (server, tool).
#[derive(Default)]
pub(super) struct Definitions {
    known: BTreeMap<(String, String), String>,
    /// Order of arrival, to forget the oldest first.
    order: VecDeque<(String, String)>,
}

impl Definitions {
    /// Rows for what is new, changed or removed in a list; `whole` if the list is complete. `hashes` are those that
    /// the tap made of the definitions before it removed credentials from them.
    pub(super) fn compare(&mut self, base: &Map, tools: &[Value], hashes: &[Value], whole: bool) -> Vec<Map> {
        let server = base.get("tool_server").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut rows = Vec::new();
        let mut listed = HashSet::new();
        for (position, tool) in tools.iter().enumerate() {
            let Some(name) = tool.get("name").and_then(Value::as_str) else { continue };
            listed.insert(name.to_owned());
            let made = hashes.get(position).and_then(Value::as_str).filter(|_| hashes.len() == tools.len());
            let hash = made.map_or_else(|| canonical_hash(tool), str::to_owned);
            let previous = self.remember((server.clone(), name.to_owned()), hash.clone());
            if previous.as_deref() == Some(hash.as_str()) {
                continue;
            }
            let change = if previous.is_some() { "changed" } else { "first_seen" };
            let mut row = definition(base, name, change);
            describe(&mut row, tool, hash);
            put(&mut row, "definition_prev_hash", previous);
            rows.push(row);
        }
        if whole {
            rows.extend(self.removed(base, &server, &listed));
        }
        rows
    }

    fn remember(&mut self, key: (String, String), hash: String) -> Option<String> {
        let previous = self.known.insert(key.clone(), hash);
        if previous.is_none() {
            self.order.push_back(key);
        }
        if self.known.len() > MAX_TOOLS
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        previous
    }

    fn removed(&mut self, base: &Map, server: &str, listed: &HashSet<String>) -> Vec<Map> {
        let from = (server.to_owned(), String::new());
        let gone: Vec<String> = self
            .known
            .range(from..)
            .take_while(|((of, _), _)| of == server)
            .filter(|((_, name), _)| !listed.contains(name))
            .map(|((_, name), _)| name.clone())
            .collect();
        let mut rows = Vec::new();
        for name in gone {
            let key = (server.to_owned(), name.clone());
            let previous = self.known.remove(&key);
            self.order.retain(|known| *known != key);
            let mut row = definition(base, &name, "removed");
            put(&mut row, "definition_prev_hash", previous);
            rows.push(row);
        }
        rows
    }
}

/// The connection's members without those of the list request.
fn definition(base: &Map, name: &str, change: &str) -> Map {
    let mut row = base.clone();
    row.remove("requested_protocol");
    put(&mut row, "kind", "tool_definition");
    put(&mut row, "tool_name", name);
    put(&mut row, "name_skeleton", skeleton(name));
    put(&mut row, "definition_change", change);
    row
}

fn describe(row: &mut Map, tool: &Value, hash: String) {
    put(row, "definition_hash", hash);
    let title = tool.get("title").or_else(|| below(tool, &["annotations", "title"]));
    put(row, "title", title.cloned().unwrap_or_default());
    for (from, to) in [
        ("description", "description"),
        ("inputSchema", "input_schema"),
        ("outputSchema", "output_schema"),
        ("annotations", "annotations"),
        ("execution", "execution"),
        ("icons", "icons"),
        ("_meta", "tool_meta"),
    ] {
        put(row, to, tool.get(from).cloned().unwrap_or_default());
    }
}

/// Look-alike form of a name: lower case, without separators, confusable letters folded to Latin ones.
///
/// A subset of the confusables of UTS 39: the Cyrillic, Greek, full-width and digit look-alikes of ASCII.
fn skeleton(name: &str) -> String {
    name.chars().flat_map(char::to_lowercase).filter_map(fold).collect()
}

fn fold(c: char) -> Option<char> {
    let folded = match c {
        '_' | '-' | '.' | ' ' | '/' | ':' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => {
            return None;
        }
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        'а' | 'α' => 'a',
        'в' | 'β' => 'b',
        'с' | 'ϲ' => 'c',
        'ԁ' => 'd',
        'е' | 'ё' | 'ε' => 'e',
        'ɡ' => 'g',
        'һ' | 'н' => 'h',
        'і' | 'ι' | 'ı' | '1' | 'l' | '|' | 'ӏ' => 'i',
        'ј' => 'j',
        'к' | 'κ' => 'k',
        'м' => 'm',
        'п' | 'η' => 'n',
        'о' | 'ο' | 'σ' | '0' => 'o',
        'р' | 'ρ' => 'p',
        'ѕ' | '5' => 's',
        'т' | 'τ' => 't',
        'υ' | 'ц' => 'u',
        'ν' | 'ѵ' => 'v',
        'ѡ' | 'ω' => 'w',
        'х' | 'χ' => 'x',
        'у' | 'γ' => 'y',
        other => other,
    };
    if folded == 'l' { Some('i') } else { Some(folded) }
}

#[cfg(test)]
mod tests {
    use super::skeleton;

    #[test]
    fn look_alikes_share_a_skeleton() {
        let real = skeleton("read_file");
        for fake in [
            "read-file",
            "ReadFile",
            "re\u{430}d_f\u{456}le",
            "read_f1le",
            "\u{ff52}ead file",
            "read_\u{200b}file",
        ] {
            assert_eq!(skeleton(fake), real, "{fake}");
        }
        assert_ne!(skeleton("read_files"), real);
    }
}
