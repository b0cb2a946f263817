//! `format_string(format, a, …)`
//!
//! Text by a printf format. Conversions: `%s` text, `%d` `%i` integer, `%x` `%X` `%o` integer in base 16 or 8,
//! `%f` `%e` `%g` number, `%t` any value, `%T` any value as a literal (text in quotes), `%%` a percent sign; with the
//! flags `-`, `+`, blank, `0`, `#`, a width, a precision, and `*` for either. The type of an argument must fit its
//! conversion: convert with `to_string()` or `to_integer()` first. Null if an argument is null.
//!
//! ```text
//! format_string("%05d", 42) = "00042"
//! format_string("%s/%s", "a", "b") = "a/b"
//! ```

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::{Result, exec_datafusion_err, exec_err};

use super::printf::{Conversion, Directive, Number, Piece, Style, parse};
use crate::functions::args::{Args, present};
use crate::functions::json::render::{display, quoted};
use crate::functions::{FunctionSpec, Output, Varies};

/// The specification of `format_string`.
pub const SPEC: FunctionSpec = FunctionSpec {
    name: "format_string",
    aliases: &[],
    doc: "format_string(format, a, …): Text by a printf format with %s %d %i %x %X %o %f %e %g %t %T %%, flags, width and precision. The type of an argument must fit its conversion. Null if an argument is null.",
    examples: &[
        ("format_string(\"%05d\", 42)", "\"00042\""),
        ("format_string(\"%s/%s\", \"a\", \"b\")", "\"a/b\""),
    ],
    arity: (1, None),
    output: Output::Text,
    evaluate,
    varies: Varies::Never,
};

fn evaluate(args: &Args<'_>) -> Result<ArrayRef> {
    let format = args.text(0)?;
    let columns = (1..args.count()).map(|index| args.normalised(index)).collect::<Result<Vec<_>>>()?;
    let literal = format.literal().map(parse).transpose()?;
    let mut values = StringViewBuilder::with_capacity(args.rows());
    for row in 0..args.rows() {
        let cells: Vec<Cell<'_>> = columns
            .iter()
            .map(|(array, constant)| Cell { array, row: if *constant { 0 } else { row } })
            .collect();
        let Some(text) = format.get(row).filter(|_| cells.iter().all(|cell| present(cell.array, cell.row)))
        else {
            values.append_null();
            continue;
        };
        let parsed;
        let pieces = if let Some(pieces) = &literal {
            pieces
        } else {
            parsed = parse(text)?;
            &parsed
        };
        values.append_value(fill(pieces, &cells)?);
    }
    Ok(Arc::new(values.finish()))
}

/// One argument's value, not null.
struct Cell<'a> {
    array: &'a ArrayRef,
    row: usize,
}

impl Cell<'_> {
    fn int(&self) -> Option<i64> {
        let array = self.array.as_primitive_opt::<Int64Type>()?;
        Some(array.value(self.row))
    }

    fn float(&self) -> Option<f64> {
        let float = self.array.as_primitive_opt::<Float64Type>().map(|array| array.value(self.row));
        float.or_else(|| self.int().map(|x| x as f64))
    }

    fn text(&self) -> Option<&str> {
        Some(self.array.as_string_view_opt()?.value(self.row))
    }
}

fn fill(pieces: &[Piece], cells: &[Cell<'_>]) -> Result<String> {
    let mut out = String::new();
    let mut cells = cells.iter();
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Directive(directive) => {
                let style = style_of(directive, &mut cells)?;
                let cell = next(&mut cells)?;
                out.push_str(&convert(directive.conversion, &style, cell)?);
            }
        }
    }
    if cells.next().is_some() {
        return exec_err!("format_string has more arguments than its format uses");
    }
    Ok(out)
}

fn next<'a, 'b>(cells: &mut impl Iterator<Item = &'a Cell<'b>>) -> Result<&'a Cell<'b>>
where
    'b: 'a,
{
    cells.next().ok_or_else(|| exec_datafusion_err!("format_string has fewer arguments than its format uses"))
}

/// Takes `*` widths and precisions from the arguments; a negative width aligns to the left.
fn style_of<'a, 'b: 'a>(
    directive: &Directive,
    cells: &mut impl Iterator<Item = &'a Cell<'b>>,
) -> Result<Style> {
    let mut style = directive.style;
    let mut star = || -> Result<i64> {
        next(cells)?.int().ok_or_else(|| exec_datafusion_err!("`*` in a format takes an integer argument"))
    };
    if directive.width == Number::Argument {
        let width = star()?;
        style.left |= width < 0;
        style.width = usize::try_from(width.unsigned_abs()).unwrap_or(usize::MAX);
    }
    if directive.precision == Number::Argument {
        style.precision = usize::try_from(star()?).ok();
    }
    Ok(style.limited())
}

fn convert(conversion: Conversion, style: &Style, cell: &Cell<'_>) -> Result<String> {
    let wrong = |wanted: &str| {
        exec_datafusion_err!(
            "%{} in a format takes {wanted}, found {}",
            conversion.letter(),
            crate::functions::results::word(cell.array.data_type())
        )
    };
    match conversion {
        Conversion::Text => Ok(style.text(cell.text().ok_or_else(|| wrong("a string"))?)),
        Conversion::Any => Ok(style.text(&display(cell.array, cell.row))),
        Conversion::Literal => {
            let quote = matches!(cell.array.data_type(), DataType::Utf8View);
            let text = display(cell.array, cell.row);
            Ok(style.text(&if quote { quoted(&text) } else { text }))
        }
        Conversion::Int => Ok(style.int(cell.int().ok_or_else(|| wrong("an integer"))?)),
        Conversion::Radix(radix) => Ok(style.radix(cell.int().ok_or_else(|| wrong("an integer"))?, radix)),
        Conversion::Float(kind) => Ok(style.float(cell.float().ok_or_else(|| wrong("a number"))?, kind)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::functions::testing::*;

    #[test]
    fn values() {
        let cases = [
            (literals!["%05d", 42], "00042"),
            (literals!["-%s-", "x"], "-x-"),
            (literals!["%s/%s", "a", "b"], "a/b"),
            (literals!["%-5s|%5s|", "ab", "cd"], "ab   |   cd|"),
            (literals!["%+d % d", 5, 5], "+5  5"),
            (literals!["%.2f %5.1f", 2.0, 2.25], "2.00   2.2"),
            (literals!["%x %X %#x %o", 255, 255, 255, 8], "ff FF 0xff 10"),
            (literals!["100%%"], "100%"),
            (literals!["%*d", 5, 42], "   42"),
            (literals!["%e", 12345.678], "1.234568e+04"),
            (literals!["%g %g", 0.0001, 1e10], "0.0001 1e+10"),
            (literals!["%t %T", "a", "a"], "a \"a\""),
            (literals!["%.3s", "abcdef"], "abc"),
            (literals!["%05d", -42], "-0042"),
        ];
        for (arguments, expected) in cases {
            assert_eq!(call("format_string", arguments), json!(expected));
        }
        assert_eq!(call("format_string", literals!["%s", ()]), json!(null));
    }

    #[test]
    fn errors() {
        for (arguments, part) in [
            (literals!["%d", 1.5], "takes an integer, found float"),
            (literals!["%s", true], "takes a string, found boolean"),
            (literals!["%d"], "fewer arguments"),
            (literals!["x", 1], "more arguments"),
            (literals!["%q", 1], "%q"),
            (literals!["%"], "ends"),
        ] {
            let text = error("format_string", arguments);
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(call("format_string", literals!["%999999999999d", 1]).as_str().unwrap().len(), 4096);
    }
}
