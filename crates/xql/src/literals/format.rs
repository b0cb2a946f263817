//! Formats of `format_string`, and whether the arguments fit them.

use atalanta_schema::Type;

use crate::ir::Expr;

/// Why a format cannot be read or does not fit its arguments.
pub(super) fn problem(format: &str, arguments: &[Expr]) -> Option<String> {
    let conversions = match conversions(format) {
        Ok(conversions) => conversions,
        Err(reason) => return Some(reason),
    };
    let (wanted, given) = (conversions.len(), arguments.len());
    if wanted != given {
        return Some(format!("the format of format_string uses {wanted} values, found {given}"));
    }
    let misfit = |(letter, argument): (&char, &Expr)| {
        let expected = takes(*letter, &argument.ty)?;
        Some(format!("%{letter} in a format takes {expected}, found {}", argument.ty))
    };
    conversions.iter().zip(arguments).find_map(misfit)
}

/// What a conversion takes, if a type does not fit it.
fn takes(letter: char, ty: &Type) -> Option<&'static str> {
    if matches!(ty, Type::Any | Type::Null) {
        return None;
    }
    let (fits, expected) = match letter {
        's' => (matches!(ty, Type::String | Type::Json), "a string"),
        'd' | 'i' | 'x' | 'X' | 'o' | '*' => (*ty == Type::Int, "an integer"),
        'f' | 'F' | 'e' | 'E' | 'g' | 'G' => (ty.is_numeric(), "a number"),
        _ => return None,
    };
    (!fits).then_some(expected)
}

/// The letters of the conversions in order; `*` for a width or a precision that an argument gives.
fn conversions(format: &str) -> Result<Vec<char>, String> {
    let mut found = Vec::new();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            rest = after;
            continue;
        }
        rest = number(rest.trim_start_matches(['-', '+', ' ', '0', '#']), &mut found);
        if let Some(after) = rest.strip_prefix('.') {
            rest = number(after, &mut found);
        }
        let Some(letter) = rest.chars().next() else {
            return Err("the format ends inside a % directive".to_owned());
        };
        if !"stTdixXofFeEgG".contains(letter) {
            return Err(format!(
                "unknown conversion %{letter} in a format, expected one of s d i x X o f e g t T %"
            ));
        }
        found.push(letter);
        rest = &rest[letter.len_utf8()..];
    }
    Ok(found)
}

/// What follows a width or precision.
fn number<'a>(text: &'a str, found: &mut Vec<char>) -> &'a str {
    if let Some(after) = text.strip_prefix('*') {
        found.push('*');
        return after;
    }
    text.trim_start_matches(|digit: char| digit.is_ascii_digit())
}
