//! What a mapping statement reads and assigns, and what of a record it leaves over.
//!
//! Soundness: a member is dropped from the left-overs only if the statement that made the row uses its
//! value for a column whatever the other members are, or if a column of the row shows the value. So the alternatives of
//! `coalesce` and everything in an `if` count only when their value is shown, and a path through an array
//! position or a test for null counts as not read. The worst case is a value that stands both in a column and in
//! `attributes`; the opposite can happen only where a function turns a value into null.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use atalanta_xql::syntax::ast::{ArrowKind, Expr, ExprKind, Literal, Operator, Query, StageKind};
use atalanta_xql::syntax::rules::RulesFile;

use crate::tree::{Map, Value, WriteJson as _};

/// Fields that a statement reads and columns that it assigns.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Use {
    /// What is read of a record.
    reads: Reads,
    /// Columns by name.
    pub(crate) assigns: BTreeSet<String>,
}

/// What is read of a value and below it, by member.
#[derive(Clone, Debug, Default, PartialEq)]
struct Reads {
    here: Option<Read>,
    /// Sorted by name.
    below: Vec<(String, Reads)>,
}

impl Reads {
    fn below(&mut self, name: String) -> &mut Self {
        let at = match self.below.binary_search_by(|(known, _)| known.cmp(&name)) {
            Ok(at) => at,
            Err(at) => {
                self.below.insert(at, (name, Self::default()));
                at
            }
        };
        &mut self.below[at].1
    }
}

/// How a path is read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Read {
    /// Objects and arrays at the path are taken too.
    whole: bool,
    /// The value is used whatever the other members are.
    always: bool,
}

impl Use {
    /// What a statement of `file` does, with the rules it calls.
    pub(crate) fn of(statement: &Query, file: &RulesFile) -> Self {
        let mut found = Self::default();
        found.query(statement, file, 0);
        found
    }

    fn query(&mut self, query: &Query, file: &RulesFile, depth: u8) {
        for stage in &query.stages {
            match &stage.kind {
                StageKind::Filter(condition) => self.condition(condition),
                StageKind::Alter(assigns) => {
                    for assign in assigns {
                        self.expression(&assign.value, true);
                        self.assigns.insert(assign.name.text.clone());
                    }
                }
                // Recursion is an error of the rules; eight levels are more than any file needs.
                StageKind::Call(call) if depth < 8 => {
                    let statements = file.rule(&call.name.text).map(|section| section.statements.as_slice());
                    statements.unwrap_or_default().iter().for_each(|rule| self.query(rule, file, depth + 1));
                }
                _ => {}
            }
        }
    }

    /// That a row passed tells the value only where it had to equal one.
    fn condition(&mut self, condition: &Expr) {
        match &condition.kind {
            ExprKind::Paren(inner) => self.condition(inner),
            ExprKind::Logic { operands, .. } => operands.iter().for_each(|operand| self.condition(operand)),
            ExprKind::Binary { operator: Operator::Eq, negated: false, left, right, .. } if matches!(&right.unparen().kind, ExprKind::Literal(literal) if *literal != Literal::Null) =>
            {
                self.expression(left, true);
            }
            _ => self.expression(condition, false),
        }
    }

    fn expression(&mut self, expression: &Expr, always: bool) {
        match &expression.kind {
            ExprKind::Name(name) => self.read(vec![name.clone()], true, always),
            ExprKind::Arrow { left, path, take } if left.as_name().is_some() => {
                let name = left.as_name().unwrap_or_default();
                if let Some(steps) = steps(path) {
                    let path = std::iter::once(name.to_owned()).chain(steps).collect();
                    self.read(path, *take != ArrowKind::Scalar, always);
                }
            }
            ExprKind::Call { function, arguments }
                if function.text.starts_with("json_extract")
                    && arguments.first().is_some_and(|first| first.as_name().is_some()) =>
            {
                let path = match arguments.get(1).map(|path| &path.kind) {
                    Some(ExprKind::Literal(Literal::String { value, .. })) => steps(value),
                    _ => None,
                };
                if let (Some(name), Some(steps)) = (arguments.first().and_then(Expr::as_name), path) {
                    let path = std::iter::once(name.to_owned()).chain(steps).collect();
                    self.read(path, function.text != "json_extract_scalar", always);
                }
            }
            // Whether there is a value says little about the value.
            ExprKind::Binary { right, .. }
                if matches!(right.unparen().kind, ExprKind::Literal(Literal::Null)) => {}
            ExprKind::Call { function, arguments } if function.is("coalesce") => {
                for (position, argument) in arguments.iter().enumerate() {
                    self.expression(argument, always && position == 0);
                }
            }
            ExprKind::Call { function, arguments } if function.is("if") => {
                for argument in arguments {
                    self.expression(argument, false);
                }
            }
            _ => expression.children().into_iter().for_each(|child| self.expression(child, always)),
        }
    }

    fn read(&mut self, path: Vec<String>, whole: bool, always: bool) {
        let mut at = &mut self.reads;
        for step in path {
            at = at.below(step);
        }
        let read = at.here.get_or_insert_default();
        read.whole |= whole;
        read.always |= always;
    }

    /// Appends an object of the members of a record that the statement does not read, and of `more`, which wins over
    /// members of the record; nulls and empty containers are left out. Whether there were any; else nothing is appended.
    pub(crate) fn write_leftovers(
        &self,
        fields: &Map,
        more: &Map,
        left: &Left<'_>,
        out: &mut String,
    ) -> bool {
        let open = out.len();
        out.push('{');
        let mut below = self.reads.below.as_slice();
        let mut more = more.iter().peekable();
        for (name, value) in fields {
            while let Some((name, value)) = more.next_if(|(other, _)| other < name) {
                write_whole(name, value, open, out);
            }
            let replaced = more.peek().is_some_and(|(other, _)| other == name);
            if !replaced && !(left.skip)(name) {
                left.write(of(&mut below, name), name, value, open, out);
            }
        }
        for (name, value) in more {
            write_whole(name, value, open, out);
        }
        close(open, out)
    }
}

/// What decides on what is left over of a record.
pub(crate) struct Left<'l> {
    /// Members of the record that are no business of `attributes`.
    pub(crate) skip: &'l dyn Fn(&str) -> bool,
    /// Whether a column of the row has a text or a value.
    pub(crate) shown: &'l dyn Fn(&Value) -> bool,
}

impl Left<'_> {
    /// Appends what of a member no rule reads; `reads` is what is read of it and below it, `open` is where the object
    /// around it begins.
    fn write(&self, reads: Option<&Reads>, name: &str, value: &Value, open: usize, out: &mut String) {
        let container = value.is_object() || value.is_array();
        match reads.and_then(|reads| reads.here).filter(|read| read.whole || !container) {
            Some(read) if read.always || (self.shown)(value) => return,
            _ => {}
        }
        match value {
            Value::Null => {}
            Value::Array(items) if items.is_empty() => {}
            Value::Object(members) => {
                let before = out.len();
                write_name(name, open, out);
                let inner = out.len();
                out.push('{');
                let mut below = reads.map(|reads| reads.below.as_slice()).unwrap_or_default();
                for (name, value) in members {
                    self.write(of(&mut below, name), name, value, inner, out);
                }
                if !close(inner, out) {
                    out.truncate(before);
                }
            }
            other => write_whole(name, other, open, out),
        }
    }
}

/// What is read of the member of that name; names are asked for in their order.
fn of<'r>(below: &mut &'r [(String, Reads)], name: &str) -> Option<&'r Reads> {
    while let [(known, reads), rest @ ..] = *below {
        match known.as_str().cmp(name) {
            Ordering::Less => *below = rest,
            Ordering::Equal => return Some(reads),
            Ordering::Greater => break,
        }
    }
    None
}

fn write_whole(name: &str, value: &Value, open: usize, out: &mut String) {
    write_name(name, open, out);
    value.write_json(out);
}

/// The name of the next member of the object that begins at `open`.
fn write_name(name: &str, open: usize, out: &mut String) {
    if out.len() > open + 1 {
        out.push(',');
    }
    name.write_json(out);
    out.push(':');
}

/// Ends the object that begins at `open`, unless it has no members: then it is taken back.
fn close(open: usize, out: &mut String) -> bool {
    let any = out.len() > open + 1;
    if any {
        out.push('}');
    } else {
        out.truncate(open);
    }
    any
}

/// Member names of a JSONPath such as `$.a['b.c']`; `None` when it has an array position or a wildcard.
fn steps(path: &str) -> Option<Vec<String>> {
    let mut steps = Vec::new();
    let mut rest = path.strip_prefix('$')?;
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix("['") {
            let (name, tail) = tail.split_once("']")?;
            steps.push(name.to_owned());
            rest = tail;
        } else if let Some(tail) = rest.strip_prefix('.') {
            let end = tail.find(['.', '[']).unwrap_or(tail.len());
            let (name, tail) = tail.split_at(end);
            if name.is_empty() || name == "*" {
                return None;
            }
            steps.push(name.to_owned());
            rest = tail;
        } else {
            return None;
        }
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use atalanta_xql::syntax::rules::parse_rules;

    fn left(found: &Use, record: &Value, shown: &dyn Fn(&Value) -> bool) -> Value {
        let mut out = "before".to_owned();
        let left = Left { skip: &|_| false, shown };
        found.write_leftovers(record.as_object().unwrap(), &Map::new(), &left, &mut out);
        serde_json::from_str(out.strip_prefix("before").unwrap()).unwrap()
    }

    #[test]
    fn only_what_is_read_is_dropped() {
        let file = parse_rules(
            "[RULE: who] alter who = meta -> user.name; \
             [INGEST: vendor = \"a\", product = \"b\", target_dataset = \"xdr_data\"] \
             filter kind = \"x\" | call who | alter m = to_integer(usage -> [\"in.tokens\"]), body = request, first = tags -> [0], raw = o -> p{};",
        );
        assert!(file.diagnostics.is_empty(), "{:?}", file.diagnostics);
        let statement = &file.sections[1].statements[0];
        let found = Use::of(statement, &file);
        assert!(["who", "m", "body"].iter().all(|name| found.assigns.contains(*name)));
        let record = json!({ "kind": "x", "meta": { "user": { "name": "ana", "id": 7 }, "gone": null },
            "usage": { "in.tokens": 3, "out.tokens": 4 }, "request": { "a": 1 }, "tags": ["t", "u"], "o": { "p": { "q": 1 } }, "else": "e" });
        let left = left(&found, &record, &|_| false);
        assert_eq!(
            left,
            json!({ "meta": { "user": { "id": 7 } }, "usage": { "out.tokens": 4 }, "tags": ["t", "u"], "else": "e" })
        );
    }

    #[test]
    fn functions_and_tests_for_null_read_no_more_than_their_path() {
        let file = parse_rules(
            "[INGEST: vendor = \"a\", product = \"b\", target_dataset = \"x\"] filter o != null | alter c = json_extract_scalar_array(o, \"$.tools\");",
        );
        let found = Use::of(&file.sections[0].statements[0], &file);
        let record = json!({ "o": { "tools": ["t"], "other": 1 } });
        let left = left(&found, &record, &|_| false);
        assert_eq!(left, json!({ "o": { "other": 1 } }));
    }

    #[test]
    fn a_scalar_path_does_not_take_an_object() {
        let file = parse_rules(
            "[INGEST: vendor = \"a\", product = \"b\", target_dataset = \"x\"] alter c = choice -> v;",
        );
        let found = Use::of(&file.sections[0].statements[0], &file);
        let record = json!({ "choice": { "v": { "name": "f" } } });
        assert_eq!(left(&found, &record, &|_| false), record);
    }

    #[test]
    fn alternatives_are_dropped_only_when_shown() {
        let file = parse_rules(
            "[INGEST: vendor = \"a\", product = \"b\", target_dataset = \"x\"] alter r = coalesce(first, second), s = if(side = \"in\", a, b);",
        );
        let found = Use::of(&file.sections[0].statements[0], &file);
        let record = json!({ "first": "1", "second": "2", "side": "in", "a": "x", "b": "y" });
        let left = left(&found, &record, &|value| *value == "x");
        assert_eq!(left, json!({ "second": "2", "side": "in", "b": "y" }));
    }

    #[test]
    fn what_the_rules_put_there_wins() {
        let more = json!({ "a": 0, "b": null, "c": "x", "z": {} });
        let record = json!({ "b": 1, "d": { "e": null, "f": {} }, "g": 2, "h": [], "v": 3 });
        let left = Left { skip: &|name| name == "v", shown: &|_| false };
        let mut out = String::new();
        let of = |value: &Value| value.as_object().unwrap().clone();
        assert!(Use::default().write_leftovers(&of(&record), &of(&more), &left, &mut out));
        assert_eq!(out, r#"{"a":0,"b":null,"c":"x","g":2,"z":{}}"#);
        let empty = json!({ "d": { "e": { "f": null } }, "v": 1 });
        out.clear();
        assert!(!Use::default().write_leftovers(&of(&empty), &Map::new(), &left, &mut out));
        assert_eq!(out, "");
    }
}
