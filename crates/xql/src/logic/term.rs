//! Values of a row as symbols: what a stage renames keeps its symbol, what it computes gets a term over
//! symbols, what is unknown gets a fresh one. A condition on a symbol therefore stays true when the
//! column is later overwritten or dropped.
//!
//! **Soundness.** Two expressions share a term only if they always have the same value: the same
//! column, or the same call of a function listed in [`is_deterministic`] on the same terms. A call is
//! taken as null for null arguments only if listed in [`null_arguments`].

use super::Map;
use atalanta_diag::Span;
use atalanta_schema::Type;

/// Number of a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TermId(u32);

impl TermId {
    /// Its place among all terms.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a term is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TermKey {
    /// A value that is not known further.
    Symbol(u32),
    /// Null.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A float by its bits.
    Float(u64),
    /// A text.
    Text(String),
    /// A function or operator of other terms.
    Call(String, Vec<TermId>),
}

#[derive(Clone, Debug)]
struct Term {
    key: TermKey,
    ty: Type,
    /// What a value is called in a message, such as `host name`.
    noun: Option<&'static str>,
}

/// All terms of one analysis; equal keys are one term.
#[derive(Debug, Default)]
pub struct Terms {
    all: Vec<Term>,
    index: Map<TermKey, TermId>,
    symbols: u32,
}

impl Terms {
    /// A new unknown value.
    pub fn fresh(&mut self, ty: Type) -> TermId {
        self.named(ty, None)
    }

    /// A new unknown value with a word for it.
    pub fn named(&mut self, ty: Type, noun: Option<&'static str>) -> TermId {
        self.symbols += 1;
        self.insert(Term { key: TermKey::Symbol(self.symbols), ty, noun })
    }

    /// The term with this key; calls of functions that are not deterministic get a fresh one.
    pub fn intern(&mut self, key: TermKey, ty: Type) -> TermId {
        if let Some(&id) = self.index.get(&key) {
            return id;
        }
        let id = self.insert(Term { key: key.clone(), ty, noun: None });
        self.index.insert(key, id);
        id
    }

    fn insert(&mut self, term: Term) -> TermId {
        let id = TermId(self.all.len() as u32);
        self.all.push(term);
        id
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// What the term is.
    pub fn key(&self, id: TermId) -> &TermKey {
        &self.all[id.0 as usize].key
    }

    /// Its type.
    pub fn ty(&self, id: TermId) -> &Type {
        &self.all[id.0 as usize].ty
    }

    /// What its values are called.
    pub fn noun(&self, id: TermId) -> Option<&'static str> {
        self.all[id.0 as usize].noun
    }

    /// Whether the value is always null.
    pub fn is_null(&self, id: TermId) -> bool {
        *self.key(id) == TermKey::Null
    }

    /// The terms that cannot be null when this one is not.
    pub fn needed(&self, id: TermId) -> Vec<TermId> {
        match self.key(id) {
            TermKey::Call(function, arguments) => {
                let strict = null_arguments(function).min(arguments.len());
                arguments[..strict].to_vec()
            }
            _ => Vec::new(),
        }
    }

    /// A call, or null when a null argument makes it so.
    pub fn call(&mut self, function: &str, arguments: Vec<TermId>, ty: Type) -> TermId {
        let strict = null_arguments(function).min(arguments.len());
        if arguments[..strict].iter().any(|argument| self.is_null(*argument)) {
            return self.intern(TermKey::Null, Type::Null);
        }
        if !is_deterministic(function) {
            return self.fresh(ty);
        }
        self.intern(TermKey::Call(function.to_owned(), arguments), ty)
    }
}

/// Why a column has a fixed value.
pub type Cause = (Span, String);

/// What a column of the current row holds.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Its value.
    pub term: TermId,
    /// Why it is always null or always the same, if it is.
    pub causes: Vec<Cause>,
}

/// The columns of the current row by lower-case name.
pub type Columns = Map<String, Slot>;

/// How many leading arguments make the result null when they are null.
fn null_arguments(function: &str) -> usize {
    match function {
        "+" | "-" | "*" | "/" | "%" | "concat" | "add" | "subtract" | "multiply" | "divide" | "div"
        | "mod" | "pow" | "power" | "safe_add" | "safe_subtract" | "safe_multiply" | "safe_divide"
        | "bitwise_and" | "bitwise_or" | "bitwise_xor" => usize::MAX,
        "timestamp_diff" => 2,
        "floor"
        | "ceil"
        | "round"
        | "trunc"
        | "sign"
        | "sqrt"
        | "cbrt"
        | "exp"
        | "ln"
        | "log10"
        | "log"
        | "safe_negate"
        | "len"
        | "lowercase"
        | "uppercase"
        | "trim"
        | "ltrim"
        | "rtrim"
        | "replace"
        | "replex"
        | "string_count"
        | "to_string"
        | "to_integer"
        | "to_number"
        | "to_float"
        | "to_boolean"
        | "to_epoch"
        | "date_floor"
        | "extract_time"
        | "array_length"
        | "arrayindex"
        | "json_extract_scalar"
        | "json_extract"
        | "md5"
        | "sha1"
        | "sha256"
        | "sha512" => 1,
        _ => 0,
    }
}

/// Whether equal arguments always give equal results.
fn is_deterministic(function: &str) -> bool {
    let known = matches!(
        function,
        "is_ipv4"
            | "is_ipv6"
            | "is_known_private_ipv4"
            | "is_known_private_ipv6"
            | "wildcard_match"
            | "format_timestamp"
            | "ip_to_int"
            | "extract_url_host"
            | "split"
    );
    null_arguments(function) > 0 || known
}

/// The smallest and largest result of functions with a bounded one.
pub fn result_range(function: &str, part: Option<&str>) -> Option<(i64, i64)> {
    match function {
        "len" | "array_length" | "string_count" => Some((0, i64::MAX)),
        "extract_time" => match part?.to_ascii_uppercase().as_str() {
            "HOUR" => Some((0, 23)),
            "MINUTE" => Some((0, 59)),
            "MONTH" => Some((1, 12)),
            "DAY" => Some((1, 31)),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_calls_are_one_term_and_unknown_functions_are_not() {
        let mut terms = Terms::default();
        let x = terms.fresh(Type::String);
        assert_eq!(terms.call("len", vec![x], Type::Int), terms.call("len", vec![x], Type::Int));
        assert_ne!(terms.call("rand", vec![], Type::Float), terms.call("rand", vec![], Type::Float));
        assert_ne!(x, terms.fresh(Type::String));
    }

    #[test]
    fn null_spreads_through_listed_arguments_only() {
        let mut terms = Terms::default();
        let (null, x) = (terms.intern(TermKey::Null, Type::Null), terms.fresh(Type::Int));
        let difference = terms.call("-", vec![x, null], Type::Int);
        assert!(terms.is_null(difference));
        let either = terms.call("coalesce", vec![null, x], Type::Int);
        assert!(!terms.is_null(either));
        let trimmed = terms.call("trim", vec![x, null], Type::String);
        assert!(!terms.is_null(trimmed));
    }
}
