//! Value types of XQL as the checker and the engine see them.

use std::fmt;

/// Type of an XQL value or column.
///
/// The words of [`fmt::Display`] are those of XQL's schema view (`string`, `int`, `datetime`,
/// `string array`). Enumerations are strings here: a field names its value list separately
/// ([`crate::Field::enum_name`]).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// The untyped `null` literal; fits wherever a value is expected.
    Null,
    /// `true` or `false`.
    Bool,
    /// Signed 64-bit integer.
    Int,
    /// 64-bit floating point number, never NaN or infinite.
    Float,
    /// UTF-8 text; addresses, hashes and enumeration constants are strings too.
    String,
    /// Microseconds since 1970-01-01 UTC.
    Timestamp,
    /// A JSON object or any JSON text.
    Json,
    /// Homogeneous array.
    Array(Box<Type>),
    /// Not known statically, for example a key of an open dataset.
    Any,
}

impl Type {
    /// Array of `element`.
    pub fn array(element: Self) -> Self {
        Self::Array(Box::new(element))
    }

    /// Smallest type that holds the values of both, or `None` when there is none.
    ///
    /// `Null` adapts to the other side, `Any` absorbs it, `Int` widens to `Float`, arrays combine
    /// element by element.
    pub fn common(a: &Self, b: &Self) -> Option<Self> {
        match (a, b) {
            (Self::Null, other) | (other, Self::Null) => Some(other.clone()),
            (Self::Any, _) | (_, Self::Any) => Some(Self::Any),
            (Self::Int, Self::Float) | (Self::Float, Self::Int) => Some(Self::Float),
            (Self::Array(x), Self::Array(y)) => Self::common(x, y).map(Self::array),
            (x, y) if x == y => Some(x.clone()),
            _ => None,
        }
    }

    /// Whether arithmetic applies without a conversion.
    pub fn is_numeric(&self) -> bool {
        matches!(self, Self::Int | Self::Float)
    }

    /// Element type of an array.
    pub fn element(&self) -> Option<&Self> {
        match self {
            Self::Array(element) => Some(element),
            _ => None,
        }
    }

    /// Reads a type name: XQL's words, the usual synonyms, and `[]` or ` array` behind an element
    /// type. Case and surrounding blanks don't matter.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text.trim();
        let mut depth = 0usize;
        while let Some(inner) = strip_array_suffix(rest) {
            rest = inner.trim_end();
            depth += 1;
        }
        let mut ty = match rest.to_ascii_lowercase().as_str() {
            "null" => Self::Null,
            "bool" | "boolean" => Self::Bool,
            "int" | "integer" => Self::Int,
            "float" | "double" | "number" => Self::Float,
            "string" | "text" => Self::String,
            "datetime" | "timestamp" => Self::Timestamp,
            "json" | "object" => Self::Json,
            "any" => Self::Any,
            _ => return None,
        };
        // Far deeper than any real column; keeps drop and display of a hostile text shallow.
        if depth > 16 {
            return None;
        }
        for _ in 0..depth {
            ty = Self::array(ty);
        }
        Some(ty)
    }
}

fn strip_array_suffix(text: &str) -> Option<&str> {
    if let Some(inner) = text.strip_suffix("[]") {
        return Some(inner);
    }
    let start = text.len().checked_sub(" array".len())?;
    let suffix = text.get(start..)?;
    suffix.eq_ignore_ascii_case(" array").then(|| &text[..start])
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Self::Null => "null",
            Self::Bool => "boolean",
            Self::Int => "int",
            Self::Float => "float",
            Self::String => "string",
            Self::Timestamp => "datetime",
            Self::Json => "json",
            Self::Any => "any",
            Self::Array(element) => return write!(f, "{element} array"),
        };
        f.write_str(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALARS: [Type; 8] = [
        Type::Null,
        Type::Bool,
        Type::Int,
        Type::Float,
        Type::String,
        Type::Timestamp,
        Type::Json,
        Type::Any,
    ];

    #[test]
    fn display_and_parse_are_inverse() {
        for scalar in SCALARS {
            for ty in [scalar.clone(), Type::array(scalar.clone()), Type::array(Type::array(scalar))] {
                assert_eq!(Type::parse(&ty.to_string()), Some(ty));
            }
        }
    }

    #[test]
    fn parse_takes_synonyms_and_brackets() {
        assert_eq!(Type::parse("string[]"), Some(Type::array(Type::String)));
        assert_eq!(Type::parse(" Integer Array "), Some(Type::array(Type::Int)));
        assert_eq!(Type::parse("timestamp"), Some(Type::Timestamp));
        assert_eq!(Type::parse("[]"), None);
        assert_eq!(Type::parse(""), None);
        assert_eq!(Type::parse("ï array"), None);
        assert_eq!(Type::parse(&"[]".repeat(100_000)), None);
        assert_eq!(Type::parse(&format!("int{}", "[]".repeat(17))), None);
    }

    #[test]
    fn common_is_symmetric_and_widens() {
        for a in SCALARS {
            for b in SCALARS {
                assert_eq!(Type::common(&a, &b), Type::common(&b, &a), "{a} and {b}");
            }
            assert_eq!(Type::common(&a, &a), Some(a.clone()));
            assert_eq!(Type::common(&a, &Type::Null), Some(a));
        }
        assert_eq!(Type::common(&Type::Int, &Type::Float), Some(Type::Float));
        assert_eq!(Type::common(&Type::Int, &Type::String), None);
        assert_eq!(
            Type::common(&Type::array(Type::Null), &Type::array(Type::Int)),
            Some(Type::array(Type::Int))
        );
        assert_eq!(Type::common(&Type::array(Type::Int), &Type::Int), None);
    }
}
