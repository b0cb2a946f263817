//! Where in a long value the reason of a finding stands, so that an excerpt shows it and not the beginning.

use std::ops::Range;

use atalanta_xql::ir::{ExprKind, OperationKind, Pattern, Plan};
use regex::{Regex, RegexBuilder};

/// Largest compiled pattern; a larger one only costs its excerpt.
const SIZE_LIMIT: usize = 1 << 20;

/// Shortest literal that is worth pointing at.
const SHORTEST: usize = 3;

/// The text tests of a query, the most telling first.
#[derive(Clone, Debug, Default)]
pub struct Focus {
    patterns: Vec<Regex>,
}

impl Focus {
    /// The tests of all filters of a plan.
    pub fn of(plan: &Plan) -> Self {
        let mut found: Vec<(usize, Regex)> = Vec::new();
        collect(plan, &mut found);
        // A long literal says more than a short one; regexes count as written.
        found.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        Self { patterns: found.into_iter().map(|(_, pattern)| pattern).collect() }
    }

    /// The place in the text that the first of the tests points at.
    pub fn find(&self, text: &str) -> Option<Range<usize>> {
        let mut places = self.patterns.iter().filter_map(|pattern| pattern.find(text));
        places.find(|place| !place.is_empty()).map(|place| place.range())
    }
}

fn collect(plan: &Plan, found: &mut Vec<(usize, Regex)>) {
    for operation in &plan.operations {
        match &operation.kind {
            OperationKind::Filter(condition) => condition.walk(&mut |expression| {
                if let ExprKind::Matches { pattern, .. } = &expression.kind {
                    add(pattern, found);
                }
            }),
            OperationKind::Join { right, .. } => collect(right, found),
            OperationKind::Union(right) => collect(right, found),
            _ => {}
        }
    }
}

fn add(pattern: &Pattern, found: &mut Vec<(usize, Regex)>) {
    let text = match pattern {
        Pattern::Contains(text) | Pattern::Equals(text) => regex::escape(text),
        Pattern::Wildcard(text) => {
            let longest = text.split('*').max_by_key(|part| part.len()).unwrap_or_default();
            regex::escape(longest)
        }
        Pattern::Regex(text) => text.clone(),
    };
    if text.len() < SHORTEST {
        return;
    }
    let compiled = RegexBuilder::new(&text).case_insensitive(true).size_limit(SIZE_LIMIT).build();
    found.extend(compiled.map(|pattern| (text.len(), pattern)));
}

#[cfg(test)]
mod tests {
    use atalanta_xql::env::{Env, Mode};

    use super::*;

    fn focus(query: &str) -> Focus {
        Focus::of(&atalanta_xql::check(query, &Env::new(Mode::Compat)).resolved.plan)
    }

    #[test]
    fn the_longest_literal_wins_and_case_does_not_matter() {
        let focus = focus(
            "dataset = xdr_data | filter action_http_request_body contains \"system:\" \
             and action_http_request_body contains \"ignore previous\" or action_http_request_body contains \"#\"",
        );
        let text = "# system: é IGNORE Previous orders";
        assert_eq!(focus.find(text).map(|at| &text[at]), Some("IGNORE Previous"));
        assert_eq!(focus.find("# system: x").map(|at| at.start), Some(2));
        assert_eq!(focus.find("# nothing"), None);
    }

    #[test]
    fn wildcards_and_regexes_point_too() {
        let text = "/opt/tools/run_tool_2.py";
        let wildcard = focus("dataset = xdr_data | filter action_file_path = \"*run_tool*.py\"");
        assert_eq!(wildcard.find(text).map(|at| &text[at]), Some("run_tool"));
        let regex = focus("dataset = xdr_data | filter action_file_path ~= \"tool_[0-9]\"");
        assert_eq!(regex.find(text).map(|at| &text[at]), Some("tool_2"));
    }
}
