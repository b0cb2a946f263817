//! Rules that go into one query. Names of columns in XQL have no letter case: rules whose fields differ in letter case
//! only, such as `status` and `Status`, must not meet in one table.

use std::collections::BTreeMap;

use atalanta_sigma::Matcher;
use atalanta_sigma::matcher::Predicate;

use crate::files::RuleFile;

/// Rules of one query, and their fields by lower-case name.
#[derive(Default)]
struct Batch {
    rules: Vec<RuleFile>,
    fields: BTreeMap<String, String>,
}

/// Divides rules into batches of at most `size`, mostly in their order.
pub fn batches(rules: Vec<RuleFile>, size: usize) -> Vec<Vec<RuleFile>> {
    let mut open: Vec<Batch> = Vec::new();
    let mut full: Vec<Vec<RuleFile>> = Vec::new();
    for rule in rules {
        let fields = fields(&rule.matcher);
        let fits = |batch: &Batch| {
            fields
                .iter()
                .all(|field| batch.fields.get(&field.to_lowercase()).is_none_or(|known| known == field))
        };
        let at = open.iter().position(fits).unwrap_or_else(|| {
            open.push(Batch::default());
            open.len() - 1
        });
        let batch = &mut open[at];
        batch.fields.extend(fields.iter().map(|field| (field.to_lowercase(), field.clone())));
        batch.rules.push(rule);
        if batch.rules.len() == size {
            full.push(open.remove(at).rules);
        }
    }
    full.extend(open.into_iter().map(|batch| batch.rules));
    full
}

/// Fields that a condition names; keywords are tried on `message`.
fn fields(matcher: &Matcher) -> Vec<String> {
    match matcher {
        Matcher::All(parts) | Matcher::Any(parts) => parts.iter().flat_map(fields).collect(),
        Matcher::Not(inner) => fields(inner),
        Matcher::Test(test) => {
            let mut names = vec![test.field.clone().unwrap_or_else(|| "message".to_owned())];
            if let Predicate::Field { other, .. } = &test.predicate {
                names.push(other.clone());
            }
            names
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(path: &str, field: &str) -> RuleFile {
        let text = format!(
            "title: t\nlogsource: {{category: made_up}}\ndetection: {{s: {{{field}: x}}, condition: s}}\n"
        );
        crate::files::one(path, &text, &crate::files::pipeline())
            .expect("a query")
            .expect("one document")
            .expect("lowered")
    }

    #[test]
    fn fields_that_differ_in_letter_case_do_not_meet() {
        let rules = vec![rule("a", "status"), rule("b", "Status"), rule("c", "status"), rule("d", "other")];
        let found: Vec<Vec<String>> = batches(rules, 3)
            .into_iter()
            .map(|batch| batch.into_iter().map(|rule| rule.path).collect())
            .collect();
        assert_eq!(found, [vec!["a", "c", "d"], vec!["b"]]);
    }
}
