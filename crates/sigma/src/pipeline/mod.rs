//! Processing pipelines in pySigma's format: they fit the fields, values and log sources of rules to the data at hand.
//!
//! [`Pipeline::parse`] reads a file, [`Pipeline::apply`] runs it over a rule. Built in are `atalanta`, from Sigma's
//! taxonomy to `xdr_data`, and `none`. What a pipeline may set as state and this crate heeds: `dataset` (what the
//! query reads), `keyword_field` (the column in which keywords are searched) and `time_field`.

mod conditions;
mod read;
mod transform;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use atalanta_diag::{Diagnostic, Span};

use crate::codes;
use crate::detection::{Body, Detection, Item, Scalar, Search};
use crate::meta::Text;
use crate::rule::{LogSource, Rule};
use conditions::{FieldCondition, Group, ItemCondition, RuleCondition};
use transform::Transform;

/// The pipeline to `xdr_data`, as a text.
pub const ATALANTA: &str = include_str!("../../../../content/sigma/atalanta.yaml");

/// A pipeline.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pipeline {
    /// Its name.
    pub name: String,
    /// Pipelines run in this order, low numbers first.
    pub priority: i64,
    /// Values of placeholders.
    vars: BTreeMap<String, Vec<Scalar>>,
    steps: Vec<Step>,
}

/// A transformation with the conditions under which it runs.
#[derive(Clone, Debug, PartialEq)]
struct Step {
    id: Option<String>,
    transform: Transform,
    rules: Group<RuleCondition>,
    items: Group<ItemCondition>,
    fields: Group<FieldCondition>,
}

/// A rule after a pipeline.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Applied {
    /// The log source, maybe another one.
    pub logsource: LogSource,
    /// The detection with the new fields and values. A search identifier of which nothing is left is gone.
    pub detection: Detection,
    /// Search identifiers of which nothing is left.
    pub dropped: BTreeSet<String>,
    /// What must (or, when true, must not) hold as well.
    pub added: Vec<(Body, bool)>,
    /// What the pipeline noted.
    pub state: BTreeMap<String, String>,
    /// What the fields that were asked for are called now.
    pub fields: BTreeMap<String, Vec<String>>,
    ids: BTreeSet<String>,
}

impl Applied {
    /// The dataset of the query.
    pub fn dataset(&self) -> &str {
        self.state.get("dataset").map_or("xdr_data", String::as_str)
    }

    /// The column in which keywords are searched.
    pub fn keyword_field(&self) -> &str {
        self.state.get("keyword_field").map_or("_raw_log", String::as_str)
    }

    /// The column with the time of an event.
    pub fn time_field(&self) -> &str {
        self.state.get("time_field").map_or("_time", String::as_str)
    }
}

impl Pipeline {
    /// The pipeline of this name inside the program.
    pub fn builtin(name: &str) -> Option<&'static Self> {
        static BUILTIN: LazyLock<[Pipeline; 2]> = LazyLock::new(|| {
            let (atalanta, _) = Pipeline::parse(ATALANTA);
            [atalanta, Pipeline { name: "none".to_owned(), ..Pipeline::default() }]
        });
        BUILTIN.iter().find(|pipeline| pipeline.name == name)
    }

    /// The names of the pipelines inside the program.
    pub const BUILTIN: [&'static str; 2] = ["atalanta", "none"];

    /// Reads a pipeline; a transformation that cannot be read is left out and said.
    pub fn parse(text: &str) -> (Self, Vec<Diagnostic>) {
        read::pipeline(text)
    }

    /// The same pipeline with a value that is set behind all transformations.
    #[must_use]
    pub fn with_state(mut self, key: &str, value: &str) -> Self {
        self.steps.push(Step {
            id: None,
            transform: Transform::SetState(key.to_owned(), value.to_owned()),
            rules: Group::default(),
            items: Group::default(),
            fields: Group::default(),
        });
        self
    }

    /// One pipeline that does what these do, in the order of their priorities.
    pub fn chain(mut pipelines: Vec<Self>) -> Self {
        pipelines.sort_by_key(|pipeline| pipeline.priority);
        let mut whole = Self::default();
        let mut names = Vec::new();
        for pipeline in pipelines {
            names.push(pipeline.name);
            whole.vars.extend(pipeline.vars);
            whole.steps.extend(pipeline.steps);
        }
        whole.name = names.join(", ");
        whole
    }

    /// Runs the pipeline over a rule. `fields` are further field names (of a correlation) that are renamed as in the
    /// rule.
    pub fn apply(&self, rule: &Rule, fields: &[&str]) -> (Applied, Vec<Diagnostic>) {
        let mut applied = Applied {
            logsource: rule.logsource.clone(),
            detection: rule.detection.clone(),
            fields: fields.iter().map(|name| ((*name).to_owned(), vec![(*name).to_owned()])).collect(),
            ..Applied::default()
        };
        let mut diagnostics = Vec::new();
        for step in &self.steps {
            if !step.rules.holds(|condition| condition.holds(rule, &applied)) {
                continue;
            }
            let result = step.run(&mut applied, &self.vars);
            if let Err(message) = result {
                let message = format!("the pipeline `{}` refuses the rule: {message}", self.name);
                diagnostics.push(Diagnostic::error(codes::REFUSED, rule.meta.title.span, message));
                break;
            }
            applied.ids.extend(step.id.clone());
        }
        (applied, diagnostics)
    }
}

impl Step {
    fn run(&self, applied: &mut Applied, vars: &BTreeMap<String, Vec<Scalar>>) -> Result<(), String> {
        match &self.transform {
            Transform::SetState(key, value) => drop(applied.state.insert(key.clone(), value.clone())),
            Transform::ChangeLogSource(category, product, service) => {
                let text = |value: &Option<String>| {
                    value.as_ref().map(|text| Text::new(text.clone(), Span::default()))
                };
                let definition = applied.logsource.definition.clone();
                let (category, product, service) = (text(category), text(product), text(service));
                applied.logsource = LogSource { category, product, service, definition };
            }
            Transform::AddCondition(body, negated) => applied.added.push((body.clone(), *negated)),
            Transform::RuleFailure(message) => return Err(message.clone()),
            _ => self.run_on_items(applied, vars)?,
        }
        Ok(())
    }

    fn run_on_items(
        &self,
        applied: &mut Applied,
        vars: &BTreeMap<String, Vec<Scalar>>,
    ) -> Result<(), String> {
        let state = applied.state.clone();
        let mut failure = None;
        let known = |name: &str| self.fields.holds(|condition| condition.holds(name, &state));
        let mut change = |item: Item| {
            // The field that a `fieldref` names is renamed by its own name.
            let item = self.transform.references(item, &known);
            if !self.fits(&item, &state) {
                return Some(Body::Item(item));
            }
            match self.transform.item(item, vars) {
                Ok(body) => body,
                Err(message) => {
                    failure = Some(message);
                    None
                }
            }
        };
        let searches = std::mem::take(&mut applied.detection.searches);
        for Search { name, body } in searches {
            match rewrite(body, &mut change) {
                Some(body) => applied.detection.searches.push(Search { name, body }),
                None => drop(applied.dropped.insert(name.text)),
            }
        }
        for (body, _) in &mut applied.added {
            *body = rewrite(body.clone(), &mut change).unwrap_or(Body::All(Vec::new()));
        }
        for names in applied.fields.values_mut() {
            let renamed = names.iter().flat_map(|name| {
                let known = self.fields.holds(|condition| condition.holds(name, &state));
                if known { self.transform.field(name) } else { vec![name.clone()] }
            });
            *names = renamed.collect();
        }
        failure.map_or(Ok(()), Err)
    }

    fn fits(&self, item: &Item, state: &BTreeMap<String, String>) -> bool {
        let field = item.field.as_ref().map(|field| field.text.as_str());
        let named = match field {
            Some(name) => self.fields.holds(|condition| condition.holds(name, state)),
            None => self.fields.is_empty(),
        };
        named && self.items.holds(|condition| condition.holds(item, state))
    }
}

/// A body with every item changed; what becomes empty is gone.
fn rewrite(body: Body, change: &mut impl FnMut(Item) -> Option<Body>) -> Option<Body> {
    let many = |bodies: Vec<Body>, change: &mut _| {
        let bodies: Vec<Body> = bodies.into_iter().filter_map(|body| rewrite(body, change)).collect();
        (!bodies.is_empty()).then_some(bodies)
    };
    match body {
        Body::Item(item) => change(item),
        Body::All(bodies) => many(bodies, change).map(Body::All),
        Body::Any(bodies) => many(bodies, change).map(Body::Any),
    }
}

#[cfg(test)]
mod tests;
