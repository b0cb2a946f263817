//! The configuration of a sequence, as a rule has it, and what it means.

use serde::Deserialize;

use crate::kept;
use crate::rule::Rule;

/// Most steps, repetitions counted.
const MOST_STEPS: usize = 64;

/// Default age below which a value counts as new, µs.
const NEW_FOR: i64 = 3_600_000_000;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    steps: Vec<StepForm>,
    within: String,
    #[serde(default)]
    by: Vec<String>,
    #[serde(default = "yes")]
    ordered: bool,
    then_not: Option<AbsentForm>,
    #[serde(default)]
    show: Vec<String>,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepForm {
    name: String,
    #[serde(rename = "where")]
    condition: String,
    dataset: Option<String>,
    by: Option<Vec<String>>,
    within: Option<String>,
    times: Option<usize>,
    link: Option<LinkForm>,
    #[serde(default)]
    differs: Vec<String>,
    new: Option<NewForm>,
    unless: Option<AbsentForm>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum LinkForm {
    Named(String),
    Columns(Vec<ColumnsForm>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnsForm {
    previous: String,
    own: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewForm {
    by: Vec<String>,
    value: Vec<String>,
    learn: Option<String>,
    new_for: Option<String>,
    forget: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AbsentForm {
    #[serde(rename = "where")]
    condition: String,
    dataset: Option<String>,
    by: Option<Vec<String>>,
    #[serde(rename = "for")]
    span: Option<String>,
}

/// What a sequence looks for.
#[derive(Debug)]
pub(super) struct Sequence {
    /// The rows that it wants.
    pub inputs: Vec<Input>,
    /// Its steps, repetitions spelled out.
    pub steps: Vec<Step>,
    /// Longest time from the first step to the last, µs.
    pub within: i64,
    /// Whether steps come in the order that they are written in.
    pub ordered: bool,
    /// What must not come after the last step: (input, for how long in µs).
    pub then_not: Option<(usize, i64)>,
    /// Columns of the last row that an alert shows.
    pub show: Vec<String>,
    /// Columns that an alert is about.
    pub entities: Vec<String>,
    /// Names of the key's parts.
    pub keys: Vec<String>,
    /// The steps by name, for people.
    pub title: String,
}

/// Rows of one condition.
#[derive(Debug)]
pub(super) struct Input {
    /// The query.
    pub text: String,
    /// Columns whose values are the key.
    pub by: Vec<String>,
    /// Values that must be new.
    pub new: Option<New>,
}

/// One step.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// Its rows.
    pub input: usize,
    /// Longest time since the step before, µs.
    pub within: Option<i64>,
    /// Columns of the step before and of this one, of which one pair must be equal.
    pub link: Vec<(String, String)>,
    /// Columns whose values must differ from those of the step before.
    pub differs: Vec<String>,
    /// What must not have happened: (input, for how long before in µs; none for since the step before).
    pub unless: Option<(usize, Option<i64>)>,
    /// Whether this repeats the step before.
    pub again: bool,
}

/// A value that must not have been there before.
#[derive(Clone, Debug)]
pub(super) struct New {
    /// Whose values.
    pub by: Vec<String>,
    /// Columns of the value.
    pub value: Vec<String>,
    /// How long something must have been known before its values can be new, µs.
    pub learn: i64,
    /// How long a value counts as new, µs.
    pub age: i64,
    /// A value that was not seen for this long is new again, µs.
    pub forget: i64,
}

impl Sequence {
    /// What a rule's configuration means, or what is wrong with it.
    pub(super) fn read(rule: &Rule, config: &serde_json::Value) -> Result<Self, String> {
        let form: Form =
            serde_json::from_value(config.clone()).map_err(|error| format!("`config`: {error}"))?;
        if form.steps.is_empty() {
            return Err("a sequence without steps".to_owned());
        }
        let within = kept::time("within", &form.within)?;
        let title: Vec<&str> = form.steps.iter().map(|step| step.name.as_str()).collect();
        let keys = form.steps.first().and_then(|step| step.by.clone()).unwrap_or_else(|| form.by.clone());
        let mut whole = Self {
            inputs: Vec::new(),
            steps: Vec::new(),
            within,
            ordered: form.ordered,
            then_not: None,
            show: form.show.clone(),
            entities: rule.entities.clone(),
            title: title.join(if form.ordered { " → " } else { " + " }),
            keys,
        };
        for (place, step) in form.steps.iter().enumerate() {
            whole.step(rule, &form, place, step).map_err(|why| format!("step `{}`: {why}", step.name))?;
        }
        if let Some(absent) = &form.then_not {
            let span = absent.span.as_deref().ok_or("`then_not` needs `for`, how long to wait")?;
            let span = kept::time("for", span)?;
            let input = whole.absent(rule, &form, absent)?;
            whole.then_not = Some((input, span));
        }
        if whole.steps.len() > MOST_STEPS {
            return Err(format!("{} steps, at most {MOST_STEPS} are possible", whole.steps.len()));
        }
        Ok(whole)
    }

    fn step(&mut self, rule: &Rule, form: &Form, place: usize, step: &StepForm) -> Result<(), String> {
        let relative = step.within.is_some() || step.link.is_some() || !step.differs.is_empty();
        if relative && (place == 0 || !form.ordered) {
            return Err(
                "`within`, `link` and `differs` are about the step before, and there is none".to_owned()
            );
        }
        if !form.ordered && (step.unless.is_some() || step.times.is_some()) {
            return Err("`unless` and `times` need an order of steps".to_owned());
        }
        let new = step.new.as_ref().map(new).transpose()?;
        let by = step.by.clone().unwrap_or_else(|| form.by.clone());
        let input = self.input(rule, step.dataset.as_deref(), &step.condition, by, new)?;
        let unless = match &step.unless {
            None => None,
            Some(absent) => {
                let span = absent.span.as_deref().map(|text| kept::time("for", text)).transpose()?;
                if place == 0 && span.is_none() {
                    return Err("`unless` of the first step needs `for`".to_owned());
                }
                Some((self.absent(rule, form, absent)?, span))
            }
        };
        let within = step.within.as_deref().map(|text| kept::time("within", text)).transpose()?;
        let link = step.link.as_ref().map_or_else(|| Ok(Vec::new()), link)?;
        let first = Step { input, within, link, differs: step.differs.clone(), unless, again: false };
        let again =
            Step { input, within: None, link: Vec::new(), differs: Vec::new(), unless: None, again: true };
        let times = step.times.unwrap_or(1);
        if times == 0 || times > MOST_STEPS {
            return Err(format!("`times: {times}`, from 1 to {MOST_STEPS} are possible"));
        }
        self.steps.push(first);
        self.steps.extend(std::iter::repeat_n(again, times - 1));
        Ok(())
    }

    fn absent(&mut self, rule: &Rule, form: &Form, absent: &AbsentForm) -> Result<usize, String> {
        let by = absent.by.clone().unwrap_or_else(|| form.by.clone());
        self.input(rule, absent.dataset.as_deref(), &absent.condition, by, None)
    }

    fn input(
        &mut self,
        rule: &Rule,
        dataset: Option<&str>,
        condition: &str,
        by: Vec<String>,
        new: Option<New>,
    ) -> Result<usize, String> {
        if by.len() != self.keys.len() {
            let (own, first) = (by.len(), self.keys.len());
            return Err(format!(
                "{own} columns in `by`, and {first} in that of the first step: they are compared"
            ));
        }
        let text = kept::input(rule, dataset, condition)?;
        self.inputs.push(Input { text, by, new });
        Ok(self.inputs.len() - 1)
    }

    /// Whether more rows can take a finding back: then it is told when all rows of its time have come.
    pub(super) fn takes_back(&self) -> bool {
        self.then_not.is_some()
            || self.steps.iter().any(|step| step.unless.is_some())
            || self.inputs.iter().any(|input| input.new.is_some())
    }

    /// How long rows matter, µs: back from the last step, and until what must not follow it has not.
    pub(super) fn reach(&self) -> i64 {
        let before = self.steps.iter().filter_map(|step| step.unless?.1).max().unwrap_or(0);
        let after = self.then_not.map_or(0, |(_, span)| span.saturating_add(1));
        let reach = self.within.saturating_add(before).saturating_add(after);
        reach.saturating_add(super::search::SKEW)
    }
}

fn new(form: &NewForm) -> Result<New, String> {
    let span = |name: &str, text: &Option<String>, default: i64| {
        text.as_deref().map_or(Ok(default), |text| kept::time(name, text))
    };
    if form.value.is_empty() {
        return Err("`new` names no `value`".to_owned());
    }
    Ok(New {
        by: form.by.clone(),
        value: form.value.clone(),
        learn: span("learn", &form.learn, 24 * NEW_FOR)?,
        age: span("new_for", &form.new_for, NEW_FOR)?,
        forget: span("forget", &form.forget, 30 * 24 * NEW_FOR)?,
    })
}

/// Digests by which one artefact is known to different sources.
const DIGESTS: [&str; 7] = [
    "model_sha256",
    "model_root_digest",
    "artifact_sha256",
    "weights_sha256",
    "action_file_hash",
    "container_image_digest",
    "dataset_digest",
];

fn link(form: &LinkForm) -> Result<Vec<(String, String)>, String> {
    let pairs = |list: &[(&str, &str)]| {
        list.iter().map(|(previous, own)| ((*previous).to_owned(), (*own).to_owned())).collect::<Vec<_>>()
    };
    match form {
        LinkForm::Columns(list) if list.is_empty() => Err("`link` names no columns".to_owned()),
        LinkForm::Columns(list) => {
            Ok(list.iter().map(|one| (one.previous.clone(), one.own.clone())).collect())
        }
        LinkForm::Named(name) => match name.as_str() {
            "session" => Ok(pairs(&[("session_id", "session_id")])),
            "trace" => Ok(pairs(&[("trace_id", "trace_id")])),
            "span" => Ok(pairs(&[("span_id", "parent_span_id"), ("event_id", "parent_event_id")])),
            "process" => Ok(pairs(&[
                ("action_process_instance_id", "actor_process_instance_id"),
                ("actor_process_causality_id", "actor_process_causality_id"),
            ])),
            "lineage" => {
                let all =
                    DIGESTS.iter().flat_map(|previous| DIGESTS.iter().map(move |own| (*previous, *own)));
                Ok(pairs(&all.collect::<Vec<_>>()))
            }
            other => Err(format!(
                "there is no link `{other}`, there is session, trace, span, process, lineage, or columns"
            )),
        },
    }
}
