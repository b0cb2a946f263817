//! Anchors: literals of which at least one must occur in a row for a condition to be true.
//!
//! # Soundness
//! `anchors` gives a set such that a true condition implies a hit of one of its members on folded text. A conjunction
//! needs the set of any one operand (the rarest is taken), a disjunction the union of the sets of all; every other
//! expression has none, which stands for "must be verified on every row".
//!
//! A scalar of a JSON text is part of that text, up to escapes: of its literals the longest stretch is searched that is
//! written as it is, and beside it the beginnings of escapes that may stand for one of its letters, in either case.

use atalanta_engine::kernels::folding::fold_text;
use atalanta_engine::kernels::regex::required_literals;
use atalanta_xql::ir::{Comparison, Expr, ExprKind, Pattern};

use super::Fields;

/// Longest part of a literal that is searched; a longer one is cut, the rest is verified.
const LONGEST: usize = 16;
/// Most anchors of one condition.
const MOST: usize = 4096;

/// A literal of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Anchor {
    /// The column's number.
    pub field: usize,
    /// The folded text.
    pub text: Vec<u8>,
    /// The text begins the value.
    pub at_start: bool,
    /// The text ends the value.
    pub at_end: bool,
}

impl Anchor {
    /// The text is the whole value.
    pub(super) fn is_whole(&self) -> bool {
        self.at_start && self.at_end
    }
}

/// Anchors with a guess of how many rows they hit: the share, in millionths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Anchors {
    pub anchors: Vec<Anchor>,
    pub share: u64,
}

/// The anchors of expressions that hold together. Columns in `spent` are no help: their value has been looked at.
pub(super) fn anchors(expressions: &[&Expr], spent: usize, fields: &mut Fields) -> Option<Anchors> {
    rarest(expressions.iter().copied(), spent, fields)
}

fn rarest<'a>(parts: impl Iterator<Item = &'a Expr>, spent: usize, fields: &mut Fields) -> Option<Anchors> {
    let mut best: Option<Anchors> = None;
    for part in parts {
        let Some(found) = of(part, spent, fields) else { continue };
        if best.as_ref().is_none_or(|best| found.share < best.share) {
            best = Some(found);
        }
    }
    best
}

fn of(expr: &Expr, spent: usize, fields: &mut Fields) -> Option<Anchors> {
    match &expr.kind {
        ExprKind::And(parts) => rarest(parts.iter(), spent, fields),
        ExprKind::Or(parts) => union(parts.iter().map(|part| of(part, spent, fields))),
        ExprKind::Matches { value, pattern, fold: _ } => {
            let place = Place::of(value, spent, fields)?;
            place.holds(match pattern {
                Pattern::Equals(literal) => Some(whole(place.field, literal)),
                Pattern::Contains(needle) => inside(place.field, needle, false, false),
                Pattern::Wildcard(pattern) => wildcard(place.field, pattern),
                Pattern::Regex(pattern) => regex(place.field, pattern),
            })
        }
        ExprKind::Compare { operator: Comparison::Eq, left, right } => {
            let ExprKind::String(literal) = &right.kind else { return None };
            let place = Place::of(left, spent, fields)?;
            place.holds(Some(whole(place.field, literal)))
        }
        ExprKind::In { value, list, negated: false, .. } => {
            let place = Place::of(value, spent, fields)?;
            place.holds(union(list.iter().map(|item| match &item.kind {
                ExprKind::String(text) if text.contains('*') => wildcard(place.field, text),
                ExprKind::String(text) => Some(whole(place.field, text)),
                _ => None,
            })))
        }
        _ => None,
    }
}

/// Where a value stands.
struct Place {
    /// The column's number.
    field: usize,
    /// Whether the value is a scalar inside of the column's JSON text.
    in_json: bool,
}

impl Place {
    fn of(value: &Expr, spent: usize, fields: &mut Fields) -> Option<Self> {
        let ExprKind::Call { function, arguments } = &value.kind else {
            return Some(Self { field: column(value, spent, fields)?, in_json: false });
        };
        let text = arguments.first().filter(|_| function == "json_extract_scalar")?;
        Some(Self { field: column(text, spent, fields)?, in_json: true })
    }

    /// What the column holds if the value holds the anchors.
    fn holds(&self, found: Option<Anchors>) -> Option<Anchors> {
        if self.in_json { found.and_then(|found| written(self.field, &found)) } else { found }
    }
}

/// Beginnings of escapes of ASCII characters, and of others that fold to them. No others: `\Users` in a path is none.
const ESCAPES: [&[u8]; 4] = [br"\u0", br"\u1", br"\u2", br"\uf"];

/// The anchors as they are written in a JSON text.
fn written(field: usize, found: &Anchors) -> Option<Anchors> {
    // JSON may escape any character, and usually escapes these.
    let as_it_is = |byte: &u8| (b' '..=b'~').contains(byte) && !br#""\/<>&'"#.contains(byte);
    let anchor = |text: &[u8]| Anchor { field, text: text.to_vec(), at_start: false, at_end: false };
    let mut all = Anchors { anchors: Vec::new(), share: 0 };
    for one in &found.anchors {
        let stretch = one.text.split(|byte| !as_it_is(byte)).max_by_key(|stretch| stretch.len())?;
        if stretch.is_empty() {
            return None;
        }
        all.share += share(stretch);
        all.anchors.push(anchor(stretch));
    }
    all.anchors.extend(ESCAPES.map(anchor));
    Some(all)
}

/// The number of a column of text.
fn column(expr: &Expr, spent: usize, fields: &mut Fields) -> Option<usize> {
    let ExprKind::Column(name) = &expr.kind else { return None };
    let is_text = matches!(expr.ty, atalanta_schema::Type::String | atalanta_schema::Type::Json);
    let field = fields.number(name);
    (is_text && field != spent).then_some(field)
}

fn union(sets: impl Iterator<Item = Option<Anchors>>) -> Option<Anchors> {
    let mut whole = Anchors { anchors: Vec::new(), share: 0 };
    for set in sets {
        let set = set?;
        whole.share += set.share;
        whole.anchors.extend(set.anchors);
        if whole.anchors.len() > MOST {
            return None;
        }
    }
    (!whole.anchors.is_empty()).then_some(whole)
}

fn whole(field: usize, literal: &str) -> Anchors {
    let text = fold_text(literal).into_bytes();
    let share = share(&text) / 4;
    Anchors { anchors: vec![Anchor { field, text, at_start: true, at_end: true }], share }
}

fn inside(field: usize, literal: &str, at_start: bool, at_end: bool) -> Option<Anchors> {
    let mut text = fold_text(literal).into_bytes();
    if text.is_empty() {
        return None;
    }
    let (mut at_start, mut at_end) = (at_start, at_end);
    if text.len() > LONGEST {
        // The end that is tied to an end of the value is the better one to keep.
        if at_end && !at_start {
            text.drain(..text.len() - LONGEST);
        } else {
            text.truncate(LONGEST);
            at_end = false;
        }
        at_start &= !at_end;
    }
    let tied = u64::from(at_start || at_end);
    let share = share(&text) >> tied;
    Some(Anchors { anchors: vec![Anchor { field, text, at_start, at_end }], share })
}

/// The longest stretch between two `*`.
fn wildcard(field: usize, pattern: &str) -> Option<Anchors> {
    let pieces: Vec<&str> = pattern.split('*').collect();
    if let [literal] = pieces.as_slice() {
        return Some(whole(field, literal));
    }
    let last = pieces.len() - 1;
    let mut best: Option<Anchors> = None;
    for (place, piece) in pieces.iter().enumerate() {
        let Some(found) = inside(field, piece, place == 0, place == last) else { continue };
        if best.as_ref().is_none_or(|best| found.share < best.share) {
            best = Some(found);
        }
    }
    best
}

fn regex(field: usize, pattern: &str) -> Option<Anchors> {
    let required = required_literals(pattern)?;
    union(required.literals.iter().map(|literal| {
        // A piece of a character cannot be folded.
        let text = std::str::from_utf8(literal).ok()?;
        inside(field, text, false, false)
    }))
}

/// Guess of how often a text occurs: the longer the rarer; runs of punctuation and digits are rarer than words.
fn share(text: &[u8]) -> u64 {
    let rare = text.iter().filter(|byte| !byte.is_ascii_lowercase()).count() as u32;
    let weight = (text.len() as u32 * 2 + rare.min(8)).min(39);
    (1_000_000u64 >> (weight / 2)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use atalanta_diag::Span;
    use atalanta_schema::Type;

    fn test(name: &str, pattern: Pattern) -> Expr {
        let column = Expr { kind: ExprKind::Column(name.to_owned()), ty: Type::String, span: Span::at(0) };
        let kind = ExprKind::Matches { value: Box::new(column), pattern, fold: true };
        Expr { kind, ty: Type::Bool, span: Span::at(0) }
    }

    fn texts(expr: &Expr) -> Option<Vec<String>> {
        let found = anchors(&[expr], usize::MAX, &mut Fields::default())?;
        Some(found.anchors.into_iter().map(|one| String::from_utf8(one.text).unwrap()).collect())
    }

    #[test]
    fn a_conjunction_takes_its_rarest_operand_and_a_disjunction_needs_all() {
        let common = test("a", Pattern::Contains("ps".to_owned()));
        let rare = test("a", Pattern::Wildcard("*\\MimiKatz.exe".to_owned()));
        let any = test("a", Pattern::Regex("[0-9]+".to_owned()));
        let node = |kind| Expr { kind, ty: Type::Bool, span: Span::at(0) };
        let both = node(ExprKind::And(vec![common.clone(), rare.clone(), any.clone()]));
        assert_eq!(texts(&both), Some(vec!["\\mimikatz.exe".to_owned()]));
        assert_eq!(texts(&node(ExprKind::Or(vec![common.clone(), rare]))).map(|list| list.len()), Some(2));
        assert_eq!(texts(&node(ExprKind::Or(vec![common.clone(), any]))), None);
        assert_eq!(texts(&node(ExprKind::Not(Box::new(common)))), None);
    }

    #[test]
    fn long_literals_are_cut_at_the_end_that_is_free() {
        let found = inside(0, "abcdefghijklmnopqrstuvwxyz", false, true).unwrap();
        assert_eq!(found.anchors[0].text, b"klmnopqrstuvwxyz");
        assert!(found.anchors[0].at_end);
        let found = inside(0, "abcdefghijklmnopqrstuvwxyz", true, false).unwrap();
        assert_eq!(found.anchors[0].text, b"abcdefghijklmnop");
        assert!(found.anchors[0].at_start && !found.anchors[0].at_end);
    }
}
