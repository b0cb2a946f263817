//! The modifiers of Sigma 2.1, applied from left to right.
//!
//! [`compile`] turns an item with its modifiers into tests. Each value goes through the modifiers as a [`Draft`];
//! what a modifier cannot take is refused with its place.

mod dash;
mod encoding;
mod network;
mod number;
mod reference;
mod regex;
mod text;

use atalanta_diag::{Diagnostic, Span};

use crate::codes;
use crate::correlation::Operator;
use crate::detection::{Item, Scalar, Value};
use crate::matcher::{Matcher, Place, Predicate, Test, TimePart};
use crate::pattern::Pattern;

macro_rules! modifiers {
    ($($variant:ident = $($name:literal)|+: $doc:literal;)*) => {
        /// A modifier.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Modifier { $(#[doc = $doc] $variant),* }

        impl Modifier {
            /// Every spelling with the modifier.
            pub const ALL: &'static [(&'static str, Modifier)] = &[$($(($name, Modifier::$variant)),+),*];
        }
    };
}

modifiers! {
    Contains = "contains": "The value stands somewhere in the field.";
    StartsWith = "startswith": "The field starts with the value.";
    EndsWith = "endswith": "The field ends with the value.";
    All = "all": "All values must match, not one of them.";
    Cased = "cased": "Letter case counts.";
    Neq = "neq": "The field has a value that differs from all of these.";
    Exists = "exists": "Whether the field has a value at all.";
    Re = "re": "The value is a regular expression.";
    IgnoreCase = "i" | "ignorecase": "The regular expression ignores letter case.";
    Multiline = "m" | "multiline": "`^` and `$` of the regular expression match at line breaks.";
    DotAll = "s" | "dotall": "`.` of the regular expression matches line breaks.";
    Cidr = "cidr": "The value is a network, the field an address in it.";
    Base64 = "base64": "The value as it looks in Base64.";
    Base64Offset = "base64offset": "The value as it may look inside of a longer text in Base64.";
    Wide = "wide" | "utf16le": "The value in UTF-16, low byte first; goes before a Base64 modifier.";
    Utf16be = "utf16be": "The value in UTF-16, high byte first; goes before a Base64 modifier.";
    Utf16 = "utf16": "The value in UTF-16 with a byte order mark; goes before a Base64 modifier.";
    Windash = "windash": "The dashes of the value may be any that Windows takes for options.";
    FieldRef = "fieldref": "The value names another field.";
    Expand = "expand": "The value has placeholders that a pipeline fills.";
    Lt = "lt": "Less than the value.";
    Lte = "lte": "Less than or equal to the value.";
    Gt = "gt": "Greater than the value.";
    Gte = "gte": "Greater than or equal to the value.";
    Minute = "minute": "The minute of a time.";
    Hour = "hour": "The hour of a time.";
    Day = "day": "The day of the month of a time.";
    Week = "week": "The week of the year of a time, by ISO 8601.";
    Month = "month": "The month of a time.";
    Year = "year": "The year of a time.";
}

impl Modifier {
    /// By its name.
    pub fn read(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, modifier)| *modifier)
    }

    /// The usual spelling.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }
}

/// A value between two modifiers.
#[derive(Clone, Debug, PartialEq)]
enum Draft {
    Text(Pattern),
    Bytes(Vec<u8>),
    Regex { pattern: String, flags: String },
    Number(f64),
    Bool(bool),
    Null,
    Cidr(String),
    Compare(Operator, f64),
    Exists(bool),
    Field(String, Place),
    Time(TimePart, Operator, f64),
}

impl Draft {
    fn of(value: &Value, is_regex: bool) -> Self {
        match &value.scalar {
            // A regular expression keeps its backslashes.
            Scalar::Text(text) if is_regex => Self::Text(Pattern::plain(text)),
            Scalar::Text(text) => Self::Text(Pattern::read(text)),
            Scalar::Plain(text) => Self::Text(Pattern::plain(text)),
            Scalar::Int(number) => Self::Number(*number as f64),
            Scalar::Float(number) => Self::Number(*number),
            Scalar::Bool(value) => Self::Bool(*value),
            Scalar::Null => Self::Null,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Bytes(_) => "a text in UTF-16",
            Self::Regex { .. } => "a regular expression",
            Self::Number(_) => "a number",
            Self::Bool(_) => "a boolean",
            Self::Null => "null",
            Self::Cidr(_) => "a network",
            Self::Compare(..) => "a comparison",
            Self::Exists(_) => "a test for existence",
            Self::Field(..) => "another field",
            Self::Time(..) => "a part of a time",
        }
    }

    fn predicate(self, cased: bool) -> Result<Predicate, String> {
        Ok(match self {
            Self::Text(pattern) => Predicate::Text { pattern, cased },
            Self::Bytes(_) => {
                return Err("a text in UTF-16 needs `base64` or `base64offset` behind it".to_owned());
            }
            Self::Regex { pattern, flags } if flags.is_empty() => Predicate::Regex(pattern),
            Self::Regex { pattern, flags } => Predicate::Regex(format!("(?{flags}){pattern}")),
            Self::Number(number) => Predicate::Number(Operator::Eq, number),
            Self::Bool(value) => Predicate::Bool(value),
            Self::Null => Predicate::Null,
            Self::Cidr(network) => Predicate::Cidr(vec![network]),
            Self::Compare(operator, number) => Predicate::Number(operator, number),
            Self::Exists(exists) => Predicate::Exists(exists),
            Self::Field(other, part) => Predicate::Field { other, part, cased },
            Self::Time(part, operator, number) => Predicate::Time(part, operator, number),
        })
    }
}

/// A refusal: what, and with which code.
struct Refused(atalanta_diag::Code, String);

type Applied = Result<Vec<Draft>, Refused>;

fn refuse(message: impl Into<String>) -> Applied {
    Err(Refused(codes::COMBINATION, message.into()))
}

fn cannot(modifier: Modifier, draft: &Draft) -> Applied {
    refuse(format!("`{}` cannot be applied to {}", modifier.name(), draft.kind()))
}

/// The tests of an item; problems are added to `out`, and then there is none.
pub fn compile(item: &Item, out: &mut Vec<Diagnostic>) -> Option<Matcher> {
    let before = out.len();
    let field = item.field.as_ref().map(|field| field.text.clone());
    let mut parts = Vec::with_capacity(item.values.len());
    for value in &item.values {
        match value_matcher(item, field.as_deref(), value) {
            Ok(matcher) => parts.push(matcher),
            Err(report) => out.push(*report),
        }
    }
    let is_negated = item.has(Modifier::Neq);
    let matcher =
        if item.has(Modifier::All) && !is_negated { Matcher::all(parts) } else { Matcher::any(parts) };
    if out.len() > before {
        return None;
    }
    let Some(field) = field.filter(|_| is_negated) else { return Some(matcher) };
    let test = Test { field: Some(field), predicate: Predicate::Exists(true), span: item.span };
    Some(Matcher::All(vec![Matcher::Test(test), matcher.negated()]))
}

fn value_matcher(item: &Item, field: Option<&str>, value: &Value) -> Result<Matcher, Box<Diagnostic>> {
    if let (Scalar::Text(text), true) = (&value.scalar, item.has(Modifier::Expand))
        && let Some(name) = placeholders(text).first()
    {
        let message = format!("no pipeline fills the placeholder `%{name}%`");
        let report = Diagnostic::error(codes::PLACEHOLDER, value.span, message);
        return Err(Box::new(
            report.help("give its values as `vars` of a pipeline with `value_placeholders`"),
        ));
    }
    let mut drafts = vec![Draft::of(value, item.has(Modifier::Re))];
    for (modifier, span) in &item.modifiers {
        let mut next = Vec::with_capacity(drafts.len());
        for draft in drafts {
            let applied = apply(*modifier, draft);
            next.extend(applied.map_err(|Refused(code, message)| {
                Box::new(Diagnostic::error(code, value.span, message).label(*span, "this modifier"))
            })?);
        }
        drafts = next;
    }
    let cased = item.has(Modifier::Cased);
    let mut parts = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let draft = if field.is_none() { keyword(draft) } else { draft };
        let predicate = draft.predicate(cased);
        let predicate = predicate
            .map_err(|message| Box::new(Diagnostic::error(codes::COMBINATION, value.span, message)))?;
        parts.push(test(field, predicate, value.span)?);
    }
    Ok(Matcher::any(parts))
}

fn test(field: Option<&str>, predicate: Predicate, span: Span) -> Result<Matcher, Box<Diagnostic>> {
    let fits = matches!(predicate, Predicate::Text { .. } | Predicate::Regex(_));
    if field.is_none() && !fits {
        let message = "a keyword is searched in the whole event and must be a text or a regular expression";
        return Err(Box::new(Diagnostic::error(codes::COMBINATION, span, message)));
    }
    Ok(Matcher::Test(Test { field: field.map(str::to_owned), predicate, span }))
}

/// A keyword stands somewhere in the event.
fn keyword(draft: Draft) -> Draft {
    match draft {
        Draft::Text(pattern) => Draft::Text(pattern.open_start().open_end()),
        Draft::Number(number) => Draft::Text(Pattern::plain(&number::shown(number)).open_start().open_end()),
        other => other,
    }
}

/// The names of the placeholders of a text, `%name%`.
pub fn placeholders(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once('%') {
        let Some((name, after)) = behind.split_once('%') else { break };
        let is_name =
            !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
        if is_name {
            names.push(name);
            rest = after;
        } else {
            rest = behind;
        }
    }
    names
}

fn apply(modifier: Modifier, draft: Draft) -> Applied {
    use Modifier as M;
    match modifier {
        M::All | M::Neq | M::Expand => Ok(vec![draft]),
        M::Contains | M::StartsWith | M::EndsWith => text::apply(modifier, draft),
        M::Cased => text::cased(draft),
        M::Re | M::IgnoreCase | M::Multiline | M::DotAll => regex::apply(modifier, draft),
        M::Cidr => network::apply(draft),
        M::Base64 | M::Base64Offset | M::Wide | M::Utf16be | M::Utf16 => encoding::apply(modifier, draft),
        M::Windash => dash::apply(draft),
        M::FieldRef | M::Exists => reference::apply(modifier, draft),
        M::Lt | M::Lte | M::Gt | M::Gte => number::apply(modifier, draft),
        M::Minute | M::Hour | M::Day | M::Week | M::Month | M::Year => number::time(modifier, draft),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::document::{Document, parse};

    /// The matcher of `detection: {s: {ITEM}, condition: s}`.
    pub(crate) fn matcher(item: &str) -> Result<Matcher, Vec<Diagnostic>> {
        let text =
            format!("title: t\nlogsource: {{category: x}}\ndetection:\n  s:\n    {item}\n  condition: s\n");
        let (mut documents, diagnostics) = parse(&text);
        if !diagnostics.is_empty() {
            return Err(diagnostics);
        }
        let Document::Rule(rule) = documents.remove(0) else { panic!("no rule") };
        let crate::detection::Body::All(mut bodies) = rule.detection.searches[0].body.clone() else {
            panic!()
        };
        let crate::detection::Body::Item(item) = bodies.remove(0) else { panic!() };
        let mut out = Vec::new();
        compile(&item, &mut out).ok_or(out)
    }

    /// The only predicate of an item.
    pub(crate) fn predicate(item: &str) -> Predicate {
        match matcher(item) {
            Ok(Matcher::Test(test)) => test.predicate,
            other => panic!("{item}: {other:?}"),
        }
    }

    /// The plain texts of an item whose tests are all texts.
    pub(crate) fn texts(item: &str) -> Vec<String> {
        let matcher = matcher(item).unwrap();
        let text = |test: &Test| match &test.predicate {
            Predicate::Text { pattern, .. } => pattern.as_star().unwrap(),
            other => panic!("{other:?}"),
        };
        matcher.tests().into_iter().map(text).collect()
    }

    pub(crate) fn refusal(item: &str) -> String {
        matcher(item).unwrap_err().remove(0).message
    }

    #[test]
    fn values_are_alternatives_and_all_joins_them() {
        assert!(matches!(matcher("f: [a, b]"), Ok(Matcher::Any(parts)) if parts.len() == 2));
        assert!(matches!(matcher("f|contains|all: [a, b]"), Ok(Matcher::All(parts)) if parts.len() == 2));
        assert!(
            matches!(matcher("f|neq: [a, b]"), Ok(Matcher::All(parts)) if matches!(parts[1], Matcher::Not(_)))
        );
    }

    #[test]
    fn scalars_without_modifiers() {
        assert_eq!(predicate("f: null"), Predicate::Null);
        assert_eq!(predicate("f: true"), Predicate::Bool(true));
        assert_eq!(predicate("f: 5"), Predicate::Number(Operator::Eq, 5.0));
        let empty = Predicate::Text { pattern: Pattern::plain(""), cased: false };
        assert_eq!(predicate("f: ''"), empty);
    }

    #[test]
    fn placeholders_without_a_pipeline_are_refused() {
        assert!(refusal("f|expand: '%admins%'").contains("%admins%"));
        assert_eq!(texts("f|expand: 'no placeholder'"), ["no placeholder"]);
        assert_eq!(placeholders("a%b%c%d e%f%"), ["b", "f"]);
    }

    #[test]
    fn every_modifier_reads_back_its_name() {
        for (name, modifier) in Modifier::ALL {
            assert_eq!(Modifier::read(name), Some(*modifier));
            assert_eq!(Modifier::read(modifier.name()), Some(*modifier));
        }
        assert_eq!(Modifier::read("is_not"), None);
    }
}
