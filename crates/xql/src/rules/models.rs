//! The data-model rules at hand, by dataset.

use std::collections::BTreeSet;

use atalanta_diag::{Diagnostic, Span};
use atalanta_schema::XDR_DATA_MODEL;

use super::{codes, inline};
use crate::syntax::ast::Query;
use crate::syntax::rules::{RulesFile, Section, parse_rules};

/// The rules of one `[MODEL]` section.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// The dataset, lower case.
    pub dataset: String,
    /// The statements with their calls replaced; each is a pipeline of its own over the dataset.
    pub statements: Vec<Query>,
    /// The section's header.
    pub span: Span,
}

/// All models.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Models {
    models: Vec<Model>,
}

impl Models {
    /// The `[MODEL]` sections of a file. A section without a dataset is reported and left out.
    pub fn read(file: &RulesFile) -> (Self, Vec<Diagnostic>) {
        let mut models = Vec::new();
        let mut diagnostics = Vec::new();
        for section in file.sections.iter().filter(|section| section.kind == "MODEL") {
            let Some(dataset) = dataset_of(section) else {
                let message = "`[MODEL]` names no dataset";
                let help = "write `[MODEL: dataset = acme_gateway_raw]`";
                diagnostics.push(Diagnostic::error(codes::SECTION, section.span, message).help(help));
                continue;
            };
            let mut statements = Vec::with_capacity(section.statements.len());
            for statement in &section.statements {
                let (statement, mut problems) = inline(statement, file);
                statements.push(statement);
                diagnostics.append(&mut problems);
            }
            models.push(Model { dataset, statements, span: section.span });
        }
        (Self { models }, diagnostics)
    }

    /// The rules that need no file: the event table's.
    pub fn builtin() -> Self {
        Self::read(&parse_rules(XDR_DATA_MODEL)).0
    }

    /// The datasets that have a model, sorted.
    pub fn datasets(&self) -> BTreeSet<&str> {
        self.models.iter().map(|model| model.dataset.as_str()).collect()
    }

    /// The models of a dataset, case ignored.
    pub fn of<'a>(&'a self, dataset: &'a str) -> impl Iterator<Item = &'a Model> {
        self.models.iter().filter(move |model| model.dataset.eq_ignore_ascii_case(dataset))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.models.is_empty()
    }

    /// Adds models; where both have some for a dataset, the new ones replace the old.
    pub fn replace(&mut self, new: Self) {
        let taken: BTreeSet<String> = new.datasets().into_iter().map(ToOwned::to_owned).collect();
        self.models.retain(|model| !taken.contains(&model.dataset));
        self.models.extend(new.models);
    }

    /// Adds models beside those that are there, as further sections of the same file would be.
    pub fn extend(&mut self, more: Self) {
        self.models.extend(more.models);
    }
}

fn dataset_of(section: &Section) -> Option<String> {
    let name = section.argument("dataset")?.trim();
    (!name.is_empty()).then(|| name.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::{Env, Input};

    #[test]
    fn sections_of_a_dataset_add_up_and_new_files_replace() {
        let file = |text: &str| Models::read(&parse_rules(text)).0;
        let mut models = file(
            "[MODEL: dataset = \"A_raw\", model = Network] alter xdm.event.id = a; alter xdm.event.id = b;
             [MODEL: dataset = a_raw] alter xdm.event.id = c; [MODEL: dataset = b_raw] alter xdm.event.id = d;",
        );
        assert_eq!(models.datasets().into_iter().collect::<Vec<_>>(), ["a_raw", "b_raw"]);
        assert_eq!(models.of("A_RAW").map(|model| model.statements.len()).collect::<Vec<_>>(), [2, 1]);
        models.replace(file("[MODEL: dataset = a_raw] alter xdm.event.id = e;"));
        assert_eq!(models.of("a_raw").count(), 1);
        assert_eq!(models.of("b_raw").count(), 1);
    }

    #[test]
    fn the_built_in_rules_fit_the_event_table() {
        let catalog = atalanta_schema::Catalog::builtin();
        let fields = catalog.dataset("xdr_data").unwrap().fields.iter();
        let columns = fields.map(|field| (field.name.clone(), field.ty.clone())).collect();
        let env = Env {
            inputs: vec![Input { name: "xdr_data".to_owned(), columns, ..Input::default() }],
            ..Env::default()
        };
        let found = crate::rules::check(XDR_DATA_MODEL, &env);
        assert!(found.is_empty(), "{found:?}");
        assert_eq!(Models::builtin().of("xdr_data").count(), 1);
    }

    #[test]
    fn a_model_needs_a_dataset() {
        let (models, diagnostics) = Models::read(&parse_rules("[MODEL: model = x] alter a = 1;"));
        assert!(models.is_empty());
        assert_eq!(diagnostics[0].code, codes::SECTION);
    }
}
