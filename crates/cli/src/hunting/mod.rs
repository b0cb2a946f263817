//! Hunts: where they come from, how they run, and what they find.

pub mod finding;
pub mod focus;
pub mod pack;
pub mod report;
pub mod run;

use atalanta_schema::Level;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

/// The level that a text names, in any letter case; `info` is short for informational.
pub fn read_level(text: &str) -> Option<Level> {
    let name = text.to_lowercase();
    Level::parse(if name == "info" { "informational" } else { &name })
}

/// Reads a level on the command line.
pub fn level_parser() -> impl TypedValueParser<Value = Level> {
    let value = |level: Level| {
        let value = PossibleValue::new(level.name()).help(level.meaning());
        if level == Level::Informational { value.alias("info") } else { value }
    };
    PossibleValuesParser::new(Level::DESCENDING.into_iter().rev().map(value))
        .try_map(|text| read_level(&text).ok_or_else(|| format!("`{text}` is no level")))
}
