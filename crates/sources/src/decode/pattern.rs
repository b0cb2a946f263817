//! Text lines after the source's own `patterns:`: regular expressions whose named groups become members. The first
//! that matches a line decides; a group that took part in the match with no text, or with `-`, is left out.

use std::sync::Arc;

use crate::tree::Map;
use regex::Regex;

use super::{Decode, DecodeProblem, Decoded, RawRecord, put};

/// One line per record.
pub(super) struct Pattern {
    pub(super) patterns: Arc<[Regex]>,
}

impl Decode for Pattern {
    fn push(&mut self, raw: &[u8], line: u64, out: &mut Vec<Decoded>, problems: &mut Vec<DecodeProblem>) {
        let record = RawRecord::new(raw, line);
        for pattern in self.patterns.iter() {
            let Some(found) = pattern.captures(&record.text) else { continue };
            let mut fields = Map::new();
            for name in pattern.capture_names().flatten() {
                let text =
                    found.name(name).map(|group| group.as_str()).filter(|text| !matches!(*text, "" | "-"));
                put(&mut fields, name, text);
            }
            return out.push(record.decoded(fields));
        }
        problems.push(record.problem("the line has none of the forms that the source knows"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_pattern_that_matches_decides() {
        let patterns = [r"^(?P<ip>[\d.]+) (?P<size>\S+)$", r"^(?P<message>.+)$"];
        let patterns = patterns.iter().map(|pattern| Regex::new(pattern).unwrap()).collect();
        let (mut out, mut problems) = (Vec::new(), Vec::new());
        let mut decoder = Pattern { patterns };
        decoder.push(b"10.0.0.1 -", 1, &mut out, &mut problems);
        decoder.push(b"started", 2, &mut out, &mut problems);
        decoder.push(b"", 3, &mut out, &mut problems);
        assert_eq!((out.len(), problems.len()), (2, 1));
        assert_eq!((out[0].fields["ip"].as_str(), out[0].fields.get("size")), (Some("10.0.0.1"), None));
        assert_eq!(out[1].fields["message"], "started");
    }
}
