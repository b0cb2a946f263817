//! Anchors: what at least one of must occur in a row for a condition to be true.
//!
//! # Soundness
//! Every set of anchors that [`choose`] takes from a condition's [`Choice`] has the property that a true condition
//! implies a hit of one of its members: of a literal on folded text, of a stretch of like characters on the text as it
//! is. A conjunction needs the set of any one operand (the rarest is taken), a disjunction the union of the sets of all;
//! every other expression has none, which stands for "must be verified on every row".
//!
//! A scalar of a JSON text is part of that text, up to escapes: of its literals the longest stretch is searched that is
//! written as it is, and beside it any escape that may stand for one of its letters, in either case. Where there is a
//! scalar, there is the key that it stands under.

use atalanta_engine::kernels::folding::fold_text;
use atalanta_engine::kernels::regex::{Run, required_run, required_sets};
use atalanta_xql::ir::{Comparison, Expr, ExprKind, Pattern};

use super::field::{Field, Fields};

/// Longest part of a literal that is searched; a longer one is cut, the rest is verified.
const LONGEST: usize = 200;
/// Most anchors of one condition that are not whole values.
const MOST: usize = 4096;

/// Something that a column may hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Anchor {
    /// The column's number.
    pub field: usize,
    pub sought: Sought,
}

/// What an anchor is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sought {
    Literal(Literal),
    /// Any escape of [`ESCAPES`].
    Escape,
    /// A stretch of like characters.
    Stretch(Run),
}

/// A text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Literal {
    /// Folded.
    pub text: Vec<u8>,
    /// It begins the value.
    pub at_start: bool,
    /// It ends the value.
    pub at_end: bool,
}

impl Literal {
    /// It is the whole value.
    pub(super) fn is_whole(&self) -> bool {
        self.at_start && self.at_end
    }
}

impl Sought {
    /// A whole value.
    pub(super) fn is_whole(&self) -> bool {
        matches!(self, Self::Literal(literal) if literal.is_whole())
    }

    /// A text for which every place of a value is looked at.
    pub(super) fn is_short(&self) -> bool {
        matches!(self, Self::Literal(literal) if !literal.is_whole() && literal.text.len() == 2)
    }

    /// Guess of how many rows it hits, in millionths: the longer the rarer; runs of punctuation and digits are rarer
    /// than words, and so is what is tied to an end of the value.
    pub(super) fn guess(&self) -> u64 {
        let literal = match self {
            Self::Literal(literal) => literal,
            Self::Escape => return 1,
            Self::Stretch(run) => return (1_000_000 >> (run.length() / 4).min(19)).max(1),
        };
        let rare = literal.text.iter().filter(|byte| !byte.is_ascii_lowercase()).count() as u32;
        let weight = (literal.text.len() as u32 * 2 + rare.min(8)).min(39);
        let tied = u32::from(literal.at_start) + u32::from(literal.at_end);
        ((1_000_000u64 >> (weight / 2)) >> tied).max(1)
    }
}

impl Anchor {
    fn text(field: usize, text: Vec<u8>, at_start: bool, at_end: bool) -> Self {
        Self { field, sought: Sought::Literal(Literal { text, at_start, at_end }) }
    }
}

/// Sets of anchors that a condition leaves to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// One of these must hit.
    One(Vec<Anchor>),
    /// Each of these choices will do.
    Each(Vec<Choice>),
    /// One of the hits of each of these is needed, as any may be the one that is true.
    Union(Vec<Choice>),
}

impl Choice {
    /// Tells every anchor.
    pub(super) fn each_anchor<'a>(&'a self, tell: &mut dyn FnMut(&'a Anchor)) {
        match self {
            Self::One(anchors) => anchors.iter().for_each(tell),
            Self::Each(parts) | Self::Union(parts) => parts.iter().for_each(|part| part.each_anchor(tell)),
        }
    }

    fn count(&self) -> usize {
        match self {
            Self::One(anchors) => anchors.iter().filter(|anchor| !anchor.sought.is_whole()).count(),
            Self::Each(parts) => parts.iter().map(Self::count).min().unwrap_or(0),
            Self::Union(parts) => parts.iter().map(Self::count).sum(),
        }
    }
}

/// The anchors to choose from of expressions that hold together.
pub(super) fn choices(expressions: &[&Expr], fields: &mut Fields) -> Option<Choice> {
    each(expressions.iter().copied(), fields)
}

/// What a set of anchors costs, in shares of rows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    /// Rows that it hits.
    pub hits: u64,
    /// What it costs to search for it, by the anchor that costs most: others of the column are searched with it.
    pub search: u64,
}

impl Cost {
    fn with(self, other: Self) -> Self {
        Self { hits: self.hits.saturating_add(other.hits), search: self.search.max(other.search) }
    }

    fn whole(self) -> u64 {
        self.hits.saturating_add(self.search)
    }
}

/// The set that costs least, without anchors that are no help.
pub(super) fn choose<'a>(
    choice: &'a Choice,
    is_no_help: &dyn Fn(&Anchor) -> bool,
    cost: &dyn Fn(&Anchor) -> Cost,
) -> Option<(Vec<&'a Anchor>, Cost)> {
    match choice {
        Choice::One(anchors) => {
            let usable = !anchors.iter().any(is_no_help);
            let all = || anchors.iter().map(cost).fold(Cost::default(), Cost::with);
            usable.then(|| (anchors.iter().collect(), all()))
        }
        Choice::Each(parts) => {
            let sets = parts.iter().filter_map(|part| choose(part, is_no_help, cost));
            sets.min_by_key(|(_, cost)| cost.whole())
        }
        Choice::Union(parts) => {
            let mut whole = (Vec::new(), Cost::default());
            for part in parts {
                let (anchors, cost) = choose(part, is_no_help, cost)?;
                whole.0.extend(anchors);
                whole.1 = whole.1.with(cost);
            }
            Some(whole)
        }
    }
}

fn each<'a>(parts: impl Iterator<Item = &'a Expr>, fields: &mut Fields) -> Option<Choice> {
    joined(parts.filter_map(|part| of(part, fields)).collect(), Choice::Each)
}

/// Parts as one choice; none if there is none.
fn joined(mut parts: Vec<Choice>, join: fn(Vec<Choice>) -> Choice) -> Option<Choice> {
    match parts.len() {
        0 | 1 => parts.pop(),
        _ => Some(join(parts)),
    }
}

fn of(expr: &Expr, fields: &mut Fields) -> Option<Choice> {
    match &expr.kind {
        ExprKind::And(parts) => each(parts.iter(), fields),
        ExprKind::Or(parts) => union(parts.iter().map(|part| of(part, fields))),
        ExprKind::Matches { value, pattern, fold: _ } => {
            let place = Place::of(value, fields)?;
            let found = match pattern {
                Pattern::Equals(literal) => place.holds(whole(place.field, literal)),
                Pattern::Contains(needle) => {
                    inside(place.field, needle, false, false).and_then(|anchor| place.holds(anchor))
                }
                Pattern::Wildcard(pattern) => place.any_of(wildcard(place.field, pattern)),
                Pattern::Regex(pattern) => regex(&place, pattern),
            };
            place.and_key(found)
        }
        ExprKind::Compare { operator: Comparison::Eq, left, right } => {
            let ExprKind::String(literal) = &right.kind else { return None };
            let place = Place::of(left, fields)?;
            place.and_key(place.holds(whole(place.field, literal)))
        }
        ExprKind::In { value, list, negated: false, .. } => {
            if list.iter().any(|item| item.kind == ExprKind::Null) {
                return None;
            }
            let place = Place::of(value, fields)?;
            let found = union(list.iter().map(|item| match &item.kind {
                ExprKind::String(text) if text.contains('*') => place.any_of(wildcard(place.field, text)),
                ExprKind::String(text) => place.holds(whole(place.field, text)),
                _ => None,
            }));
            place.and_key(found)
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
    /// The key that it stands under there, if it is one.
    key: Option<String>,
}

impl Place {
    fn of(value: &Expr, fields: &mut Fields) -> Option<Self> {
        let number = fields.of(value).filter(|_| is_text(value))?;
        Some(match fields.field(number) {
            Field::Column(_) => Self { field: number, in_json: false, key: None },
            Field::Scalar { column, scalar } => {
                Self { field: *column, in_json: true, key: scalar.key().map(str::to_owned) }
            }
        })
    }

    /// What is needed beside what was found for the value: the key, if there is a value only with it.
    fn and_key(&self, found: Option<Choice>) -> Option<Choice> {
        let key = self.key.as_deref().and_then(|key| written_key(self.field, key)).map(Choice::One);
        joined(found.into_iter().chain(key).collect(), Choice::Each)
    }

    /// What the column holds if the value holds the anchor.
    fn holds(&self, anchor: Anchor) -> Option<Choice> {
        let anchors = if self.in_json { written(&anchor)? } else { vec![anchor] };
        Some(Choice::One(anchors))
    }

    /// What the column holds if the value holds all of the anchors.
    fn any_of(&self, anchors: Vec<Anchor>) -> Option<Choice> {
        joined(anchors.into_iter().filter_map(|anchor| self.holds(anchor)).collect(), Choice::Each)
    }
}

/// Columns of text, and scalars of JSON texts.
fn is_text(value: &Expr) -> bool {
    use atalanta_schema::Type;
    match &value.kind {
        ExprKind::Call { arguments, .. } => arguments.first().is_some_and(is_text),
        _ => matches!(value.ty, Type::String | Type::Json),
    }
}

/// What follows `\u` in the escapes of ASCII characters and of the two others that fold to them (U+017F and U+212A).
pub(super) const ESCAPES: [&[u8]; 3] = [b"00", b"01", b"21"];

/// JSON may escape any character, and usually escapes those that are not taken here.
fn as_it_is(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte) && !br#""\/<>&'"#.contains(&byte)
}

/// An anchor as it may be written in a JSON text.
fn written(anchor: &Anchor) -> Option<Vec<Anchor>> {
    let Sought::Literal(literal) = &anchor.sought else { return None };
    let stretch = literal.text.split(|byte| !as_it_is(*byte)).max_by_key(|stretch| stretch.len())?;
    (!stretch.is_empty()).then(|| or_escaped(anchor.field, stretch))
}

/// A key with its quotes, as it may be written in a JSON text; none if it is not plain.
fn written_key(field: usize, key: &str) -> Option<Vec<Anchor>> {
    let plain = !key.is_empty() && key.bytes().all(as_it_is);
    plain.then(|| or_escaped(field, format!("\"{}\"", fold_text(key)).as_bytes()))
}

/// A text, or an escape that may stand in the place of some of its letters.
fn or_escaped(field: usize, text: &[u8]) -> Vec<Anchor> {
    vec![Anchor::text(field, text.to_vec(), false, false), Anchor { field, sought: Sought::Escape }]
}

fn union(sets: impl Iterator<Item = Option<Choice>>) -> Option<Choice> {
    let parts: Vec<Choice> = sets.collect::<Option<_>>()?;
    if parts.iter().map(Choice::count).sum::<usize>() > MOST {
        return None;
    }
    joined(parts, Choice::Union)
}

fn whole(field: usize, literal: &str) -> Anchor {
    Anchor::text(field, fold_text(literal).into_bytes(), true, true)
}

fn inside(field: usize, literal: &str, at_start: bool, at_end: bool) -> Option<Anchor> {
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
    Some(Anchor::text(field, text, at_start, at_end))
}

/// The stretches between the `*`: all of them must be there.
fn wildcard(field: usize, pattern: &str) -> Vec<Anchor> {
    let pieces: Vec<&str> = pattern.split('*').collect();
    if let [literal] = pieces.as_slice() {
        return vec![whole(field, literal)];
    }
    let last = pieces.len() - 1;
    let stretch = |(place, piece): (usize, &&str)| inside(field, piece, place == 0, place == last);
    pieces.iter().enumerate().filter_map(stretch).collect()
}

fn regex(place: &Place, pattern: &str) -> Option<Choice> {
    let sets = required_sets(pattern).into_iter().filter_map(|required| {
        union(required.literals.iter().map(|literal| {
            // A piece of a character cannot be folded.
            let text = std::str::from_utf8(literal).ok()?;
            place.holds(inside(place.field, text, false, false)?)
        }))
    });
    let stretch =
        required_run(pattern).map(|run| Anchor { field: place.field, sought: Sought::Stretch(run) });
    joined(sets.chain(stretch.and_then(|anchor| place.holds(anchor))).collect(), Choice::Each)
}

#[cfg(test)]
mod tests {
    use super::super::frequency::Traffic;
    use super::*;
    use atalanta_diag::Span;
    use atalanta_schema::Type;

    fn test(name: &str, pattern: Pattern) -> Expr {
        let column = Expr { kind: ExprKind::Column(name.to_owned()), ty: Type::String, span: Span::at(0) };
        let kind = ExprKind::Matches { value: Box::new(column), pattern, fold: true };
        Expr { kind, ty: Type::Bool, span: Span::at(0) }
    }

    fn node(kind: ExprKind) -> Expr {
        Expr { kind, ty: Type::Bool, span: Span::at(0) }
    }

    fn guess(anchor: &Anchor) -> Cost {
        Traffic::Unknown.cost(anchor)
    }

    fn written_out(anchor: &Anchor) -> String {
        match &anchor.sought {
            Sought::Literal(literal) => String::from_utf8(literal.text.clone()).unwrap(),
            Sought::Escape => r"\u".to_owned(),
            Sought::Stretch(run) => format!("a stretch of {}", run.length()),
        }
    }

    fn texts(expr: &Expr, cost: &dyn Fn(&Anchor) -> Cost) -> Option<Vec<String>> {
        let choice = choices(&[expr], &mut Fields::default())?;
        let (anchors, _) = choose(&choice, &|_| false, cost)?;
        Some(anchors.iter().map(|one| written_out(one)).collect())
    }

    #[test]
    fn a_conjunction_takes_its_rarest_operand_and_a_disjunction_needs_all() {
        let common = test("a", Pattern::Contains("ps".to_owned()));
        let rare = test("a", Pattern::Wildcard("*\\MimiKatz.exe".to_owned()));
        let any = test("a", Pattern::Regex("[0-9]+".to_owned()));
        let guessed = |expr: &Expr| texts(expr, &guess);
        let both = node(ExprKind::And(vec![common.clone(), rare.clone(), any.clone()]));
        assert_eq!(guessed(&both), Some(vec!["\\mimikatz.exe".to_owned()]));
        assert_eq!(guessed(&node(ExprKind::Or(vec![common.clone(), rare]))).map(|list| list.len()), Some(2));
        assert_eq!(guessed(&node(ExprKind::Or(vec![common.clone(), any]))), None);
        assert_eq!(guessed(&node(ExprKind::Not(Box::new(common)))), None);
    }

    #[test]
    fn what_is_known_of_the_rows_decides_inside_of_a_disjunction_too() {
        let shell = test("image", Pattern::Wildcard("*\\powershell.exe".to_owned()));
        let enc = test("line", Pattern::Contains("-enc".to_owned()));
        let other = test("line", Pattern::Wildcard("curl *http".to_owned()));
        let either = node(ExprKind::Or(vec![node(ExprKind::And(vec![shell, enc])), other]));
        let often = |is_often: bool| Cost { hits: if is_often { 500_000 } else { 1 }, search: 0 };
        let many_shells = |anchor: &Anchor| often(written_out(anchor).starts_with("\\p"));
        assert_eq!(texts(&either, &many_shells), Some(vec!["-enc".to_owned(), "curl ".to_owned()]));
        let much_enc = |anchor: &Anchor| often(written_out(anchor).starts_with('-'));
        assert_eq!(texts(&either, &much_enc), Some(vec!["\\powershell.exe".to_owned(), "curl ".to_owned()]));
    }

    #[test]
    fn a_pattern_without_a_literal_has_its_stretch_and_one_inside_of_json_has_none() {
        let hexadecimal = Pattern::Regex(r"\s[a-f0-9]{64}\s[a-f0-9]{16}".to_owned());
        assert_eq!(texts(&test("a", hexadecimal), &guess), Some(vec!["a stretch of 64".to_owned()]));
        let place = Place { field: 0, in_json: true, key: None };
        assert_eq!(regex(&place, "[a-f0-9]{64}"), None);
        assert!(regex(&place, "abc[a-f0-9]{64}").is_some());
    }

    #[test]
    fn long_literals_are_cut_at_the_end_that_is_free() {
        let long = format!("a{}z", "-".repeat(2 * LONGEST));
        let cut = |at_start, at_end| match inside(0, &long, at_start, at_end).unwrap().sought {
            Sought::Literal(literal) => literal,
            other => panic!("{other:?}"),
        };
        let found = cut(false, true);
        assert_eq!((found.text.len(), found.text.last()), (LONGEST, Some(&b'z')));
        assert!(found.at_end);
        let found = cut(true, false);
        assert_eq!((found.text.len(), found.text.first()), (LONGEST, Some(&b'a')));
        assert!(found.at_start && !found.at_end);
    }
}
