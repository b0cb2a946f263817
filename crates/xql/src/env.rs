//! What a query is analysed against: the language mode and the datasets at hand.

use std::collections::HashSet;
use std::sync::Arc;

use atalanta_schema::Type;

use crate::library::Library;
use crate::rules::Models;
use crate::syntax::ast::Literal;

/// How strictly the text is read (`XQL.md`, "Two modes").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The looser dialect of hand-written runbooks is read too, with a warning for each departure.
    #[default]
    Compat,
    /// The language of the reference: departures, unknown and lost fields are errors.
    Strict,
}

/// A dataset that is at hand, with the columns that its data really have.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Input {
    /// Dataset name, lower case.
    pub name: String,
    /// Columns of the data; for a catalogued dataset they are added to the catalogue's fields.
    pub columns: Vec<(String, Type)>,
    /// Columns, of the data or of the catalogue, that are null on every row of the data; lower case.
    pub empty: HashSet<String>,
}

/// The surroundings of a query.
#[derive(Clone, Debug, Default)]
pub struct Env {
    /// Language mode.
    pub mode: Mode,
    /// Datasets at hand; empty when a text is checked without data.
    pub inputs: Vec<Input>,
    /// Whether `inputs` is all there is: then an unknown dataset is an error.
    pub with_data: bool,
    /// The saved queries that `call` finds.
    pub library: Arc<Library>,
    /// What `$NAME` stands for, by name: the `[CONST]` section of a rules file.
    pub constants: Vec<(String, Literal)>,
    /// Whether the text is a statement of a rules file: text that holds a JSON array is taken where an array is
    /// needed, since that is how events bring arrays.
    pub rules: bool,
    /// The data-model rules that `datamodel` queries see.
    pub models: Arc<Models>,
}

impl Env {
    /// An environment without data.
    pub fn new(mode: Mode) -> Self {
        Self { mode, ..Self::default() }
    }

    /// The value of `$name`, ignoring case.
    pub fn constant(&self, name: &str) -> Option<&Literal> {
        self.constants.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The input of this name, ignoring case.
    pub fn input(&self, name: &str) -> Option<&Input> {
        self.inputs.iter().find(|input| input.name.eq_ignore_ascii_case(name))
    }
}
