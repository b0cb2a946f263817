//! Values in the catalog: how bounds of columns are written, read and compared.

use arrow::datatypes::DataType;
use parquet::basic::{ConvertedType, LogicalType};
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::statistics::Statistics;

/// Longest text that is kept as a bound.
const MAX_TEXT: usize = 128;

/// The least or greatest value of a column.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub(crate) enum Bound {
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A fraction.
    Float(f64),
    /// µs since 1970.
    Time(i64),
    /// A text; ordered by bytes.
    Text(String),
}

impl Bound {
    /// As the catalog stores it.
    pub fn text(&self) -> String {
        match self {
            Self::Bool(flag) => u8::from(*flag).to_string(),
            Self::Int(number) => number.to_string(),
            Self::Float(number) => format!("{number:?}"),
            Self::Time(micros) => timestamp(*micros),
            Self::Text(text) => text.clone(),
        }
    }

    /// From the catalog; none if it cannot be read, which counts as unknown.
    pub fn parse(text: &str, ty: &DataType) -> Option<Self> {
        Some(match ty {
            DataType::Boolean => Self::Bool(matches!(text, "1" | "true")),
            DataType::Int64 => Self::Int(text.parse().ok()?),
            DataType::Float64 => Self::Float(text.parse().ok()?),
            DataType::Timestamp(..) => Self::Time(parse_timestamp(text)?),
            DataType::Utf8View => Self::Text(text.to_owned()),
            DataType::List(item) => return Self::parse(text, item.data_type()),
            _ => return None,
        })
    }
}

/// `2026-11-22 05:23:51.823566+00`.
pub(crate) fn timestamp(micros: i64) -> String {
    let Ok(at) = jiff::Timestamp::from_microsecond(micros) else { return String::new() };
    let zoned = at.to_zoned(jiff::tz::TimeZone::UTC);
    let digits = if micros % 1_000_000 == 0 { "%Y-%m-%d %H:%M:%S+00" } else { "%Y-%m-%d %H:%M:%S.%6f+00" };
    zoned.strftime(digits).to_string()
}

/// The same backwards.
pub(crate) fn parse_timestamp(text: &str) -> Option<i64> {
    let text = text.replacen(' ', "T", 1);
    let text = text.strip_suffix("+00").map(|text| format!("{text}Z"))?;
    Some(text.parse::<jiff::Timestamp>().ok()?.as_microsecond())
}

/// What the footers say about a column over all row groups.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extent {
    /// Compressed size in bytes.
    pub bytes: i64,
    /// Values with nulls; of a list column, of its items.
    pub values: i64,
    /// Nulls.
    pub nulls: i64,
    /// Least and greatest value, if known exactly.
    pub bounds: Option<(Bound, Bound)>,
    some: bool,
}

impl Extent {
    /// Adds a row group's column.
    pub fn add(&mut self, chunk: &ColumnChunkMetaData) {
        self.bytes += chunk.compressed_size();
        self.values += chunk.num_values();
        self.nulls += chunk.statistics().and_then(Statistics::null_count_opt).unwrap_or(0) as i64;
        let bounds = bounds(chunk);
        self.bounds = match (self.bounds.take(), bounds) {
            (None, fresh) if !self.some => fresh,
            (Some((low, high)), Some((least, most))) => {
                Some((if least < low { least } else { low }, if most > high { most } else { high }))
            }
            _ => None,
        };
        self.some = true;
    }
}

fn bounds(chunk: &ColumnChunkMetaData) -> Option<(Bound, Bound)> {
    let statistics = chunk.statistics()?;
    let is_time =
        chunk.column_descr().logical_type_ref().is_some_and(|ty| matches!(ty, LogicalType::Timestamp { .. }))
            || chunk.column_descr().converted_type() == ConvertedType::TIMESTAMP_MICROS;
    let int = |value: i64| if is_time { Bound::Time(value) } else { Bound::Int(value) };
    match statistics {
        Statistics::Boolean(found) => Some((Bound::Bool(*found.min_opt()?), Bound::Bool(*found.max_opt()?))),
        Statistics::Int64(found) => Some((int(*found.min_opt()?), int(*found.max_opt()?))),
        Statistics::Double(found) => Some((Bound::Float(*found.min_opt()?), Bound::Float(*found.max_opt()?))),
        Statistics::ByteArray(found) => {
            let exact = found.min_is_exact() && found.max_is_exact();
            let text = |bytes: &[u8]| {
                let text = std::str::from_utf8(bytes).ok()?;
                (text.len() <= MAX_TEXT && !text.contains('\0')).then(|| Bound::Text(text.to_owned()))
            };
            if !exact {
                return None;
            }
            Some((text(found.min_opt()?.data())?, text(found.max_opt()?.data())?))
        }
        _ => None,
    }
}

/// How DuckLake calls a type.
pub(crate) fn lake_type(ty: &DataType) -> &'static str {
    match ty {
        DataType::Boolean => "boolean",
        DataType::Int64 => "int64",
        DataType::Float64 => "float64",
        DataType::Timestamp(..) => "timestamptz",
        DataType::List(_) => "list",
        _ => "varchar",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use atalanta_engine::types::timestamp_type;

    #[test]
    fn times_are_written_as_duckdb_writes_them() {
        assert_eq!(timestamp(1_767_225_600_000_000), "2026-01-01 00:00:00+00");
        assert_eq!(timestamp(1_767_225_600_000_001), "2026-01-01 00:00:00.000001+00");
        for micros in [0, -1, 1_767_225_600_123_456] {
            let bound = Bound::Time(micros);
            assert_eq!(Bound::parse(&bound.text(), &timestamp_type()), Some(bound));
        }
    }
}
