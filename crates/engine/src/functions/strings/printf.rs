//! The format language of `format_string`: parsing, and padding of values.

use datafusion::common::{Result, exec_err};

/// Widths and precisions beyond this are cut: a format comes with the query, but must not exhaust memory.
const LIMIT: usize = 4096;

/// A part of a format.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    /// Text as it is.
    Text(String),
    /// A place for an argument.
    Directive(Directive),
}

/// A `%…` directive.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Directive {
    pub conversion: Conversion,
    pub style: Style,
    pub width: Number,
    pub precision: Number,
}

/// Where a width or precision comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    /// The format, or nowhere.
    Format,
    /// An argument (`*`).
    Argument,
}

/// What a directive makes of its argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conversion {
    Text,
    Any,
    Literal,
    Int,
    Radix(Radix),
    Float(FloatKind),
}

/// Bases other than ten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Radix {
    Octal,
    Lower,
    Upper,
}

/// Forms of floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FloatKind {
    Fixed,
    Exponent,
    Shortest,
}

/// Flags, width and precision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Style {
    pub left: bool,
    pub plus: bool,
    pub blank: bool,
    pub zero: bool,
    pub alternate: bool,
    pub width: usize,
    pub precision: Option<usize>,
}

impl Conversion {
    fn of(letter: char) -> Option<Self> {
        Some(match letter {
            's' => Self::Text,
            't' => Self::Any,
            'T' => Self::Literal,
            'd' | 'i' => Self::Int,
            'o' => Self::Radix(Radix::Octal),
            'x' => Self::Radix(Radix::Lower),
            'X' => Self::Radix(Radix::Upper),
            'f' | 'F' => Self::Float(FloatKind::Fixed),
            'e' | 'E' => Self::Float(FloatKind::Exponent),
            'g' | 'G' => Self::Float(FloatKind::Shortest),
            _ => return None,
        })
    }

    /// The letter of the conversion, for messages.
    pub fn letter(self) -> char {
        match self {
            Self::Text => 's',
            Self::Any => 't',
            Self::Literal => 'T',
            Self::Int => 'd',
            Self::Radix(Radix::Octal) => 'o',
            Self::Radix(Radix::Lower) => 'x',
            Self::Radix(Radix::Upper) => 'X',
            Self::Float(FloatKind::Fixed) => 'f',
            Self::Float(FloatKind::Exponent) => 'e',
            Self::Float(FloatKind::Shortest) => 'g',
        }
    }
}

/// Splits a format into its pieces.
pub(super) fn parse(format: &str) -> Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        push_text(&mut pieces, &rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            push_text(&mut pieces, "%");
            rest = after;
            continue;
        }
        let (directive, after) = parse_directive(rest)?;
        pieces.push(Piece::Directive(directive));
        rest = after;
    }
    push_text(&mut pieces, rest);
    Ok(pieces)
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

fn parse_directive(text: &str) -> Result<(Directive, &str)> {
    let mut style = Style::default();
    let mut rest = text.trim_start_matches(|flag| style.set_flag(flag));
    let (width, digits) = parse_number(&mut rest);
    style.width = digits.unwrap_or(0);
    let mut precision = Number::Format;
    if let Some(after) = rest.strip_prefix('.') {
        rest = after;
        let (source, digits) = parse_number(&mut rest);
        precision = source;
        style.precision = Some(digits.unwrap_or(0));
    }
    let mut chars = rest.chars();
    let Some(letter) = chars.next() else {
        return exec_err!("the format ends inside a % directive");
    };
    let Some(conversion) = Conversion::of(letter) else {
        return exec_err!(
            "unknown conversion %{letter} in a format, expected one of s d i x X o f e g t T %"
        );
    };
    Ok((Directive { conversion, style: style.limited(), width, precision }, chars.as_str()))
}

fn parse_number(rest: &mut &str) -> (Number, Option<usize>) {
    if let Some(after) = rest.strip_prefix('*') {
        *rest = after;
        return (Number::Argument, None);
    }
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, after) = rest.split_at(end);
    *rest = after;
    let number = (!digits.is_empty()).then(|| digits.parse().unwrap_or(usize::MAX));
    (Number::Format, number)
}

impl Style {
    fn set_flag(&mut self, flag: char) -> bool {
        match flag {
            '-' => self.left = true,
            '+' => self.plus = true,
            ' ' => self.blank = true,
            '0' => self.zero = true,
            '#' => self.alternate = true,
            _ => return false,
        }
        true
    }

    /// The style with width and precision cut to the limit.
    pub fn limited(mut self) -> Self {
        self.width = self.width.min(LIMIT);
        self.precision = self.precision.map(|precision| precision.min(LIMIT));
        self
    }

    /// Text, cut to the precision and padded.
    pub fn text(&self, text: &str) -> String {
        let cut: String = text.chars().take(self.precision.unwrap_or(usize::MAX)).collect();
        self.pad("", &cut, false)
    }

    /// An integer in base ten.
    pub fn int(&self, value: i64) -> String {
        let digits = self.at_least(value.unsigned_abs().to_string());
        self.pad(self.sign(value < 0), &digits, self.precision.is_none())
    }

    /// An integer in another base, negative ones with a minus sign.
    pub fn radix(&self, value: i64, radix: Radix) -> String {
        let magnitude = value.unsigned_abs();
        let (digits, prefix) = match radix {
            Radix::Octal => (format!("{magnitude:o}"), "0"),
            Radix::Lower => (format!("{magnitude:x}"), "0x"),
            Radix::Upper => (format!("{magnitude:X}"), "0X"),
        };
        let prefix = if self.alternate { prefix } else { "" };
        let sign = format!("{}{prefix}", self.sign(value < 0));
        self.pad(&sign, &self.at_least(digits), self.precision.is_none())
    }

    /// A float, six decimals unless the precision says otherwise.
    pub fn float(&self, value: f64, kind: FloatKind) -> String {
        let precision = self.precision.unwrap_or(6);
        let magnitude = value.abs();
        let digits = match kind {
            FloatKind::Fixed => format!("{magnitude:.precision$}"),
            FloatKind::Exponent => exponent_form(magnitude, precision),
            FloatKind::Shortest => shortest_form(magnitude, precision.max(1)),
        };
        self.pad(self.sign(value < 0.0), &digits, true)
    }

    fn sign(&self, negative: bool) -> &'static str {
        match (negative, self.plus, self.blank) {
            (true, _, _) => "-",
            (_, true, _) => "+",
            (_, _, true) => " ",
            _ => "",
        }
    }

    fn at_least(&self, digits: String) -> String {
        let width = self.precision.unwrap_or(0);
        format!("{digits:0>width$}")
    }

    fn pad(&self, sign: &str, body: &str, zeroes: bool) -> String {
        let used = sign.chars().count() + body.chars().count();
        let missing = self.width.saturating_sub(used);
        if self.left {
            format!("{sign}{body}{}", " ".repeat(missing))
        } else if self.zero && zeroes {
            format!("{sign}{}{body}", "0".repeat(missing))
        } else {
            format!("{}{sign}{body}", " ".repeat(missing))
        }
    }
}

/// C's form of an exponent: a sign and at least two digits.
fn exponent_form(value: f64, precision: usize) -> String {
    let text = format!("{value:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

/// C's `%g`: fixed or exponent form by size, without trailing zeroes.
fn shortest_form(value: f64, digits: usize) -> String {
    let scientific = format!("{value:.*e}", digits - 1);
    let exponent: i32 = scientific.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    let fixed_decimals = i32::try_from(digits).unwrap_or(i32::MAX).saturating_sub(1).saturating_sub(exponent);
    if exponent < -4 || fixed_decimals < 0 {
        let text = exponent_form(value, digits - 1);
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "+00"));
        return format!("{}e{exponent}", without_zeroes(mantissa));
    }
    let decimals = usize::try_from(fixed_decimals).unwrap_or(0);
    without_zeroes(&format!("{value:.decimals$}")).to_owned()
}

fn without_zeroes(text: &str) -> &str {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }
}
