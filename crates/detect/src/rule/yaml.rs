//! `rule.yaml` to a [`Rule`]. What is wrong is reported with its place, and the rest is read all the same.

use std::collections::BTreeMap;

use atalanta_diag::{Diagnostic, Span};
use atalanta_schema::Atlas;
use atalanta_xql::parameters::Value;
use serde::Deserialize;

use super::crontab::Crontab;
use super::{
    Allow, DAILY_LIMIT, Logic, MOST_WINDOWS, Proof, Rule, RuleProblem, Schedule, Tunable, codes, duration,
    sigma,
};
use crate::lookup::{Action, Change};
use crate::machine;
use atalanta_schema::Level;

/// Longest text of a rule.
const LONGEST: usize = 4 << 20;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id: String,
    title: Option<String>,
    severity: Option<Level>,
    confidence: Option<Level>,
    atlas: Option<Vec<String>>,
    attack: Option<Vec<String>>,
    owasp: Option<Vec<String>>,
    description: Option<String>,
    false_positives: Option<Vec<String>>,
    limits: Option<Vec<String>>,
    references: Option<Vec<String>>,
    #[serde(default)]
    answers: Vec<String>,
    #[serde(default)]
    response: Vec<String>,
    entities: Option<Vec<String>>,
    #[serde(default)]
    tunables: BTreeMap<String, TunableForm>,
    #[serde(default)]
    allow: Vec<AllowForm>,
    suppress: Option<String>,
    #[serde(default)]
    schedule: ScheduleForm,
    daily_limit: Option<u32>,
    logic: Option<String>,
    /// A hunt whose metadata and query are taken where the rule has none.
    hunt: Option<String>,
    xql: Option<String>,
    /// A file of Sigma in the rule's folder, whose metadata and logic are taken where the rule has none.
    sigma: Option<String>,
    config: Option<serde_json::Value>,
    alert_title: Option<String>,
    alert_description: Option<String>,
    action: Option<ActionForm>,
    severity_column: Option<String>,
    enabled: Option<bool>,
}

/// What a rule does instead of raising alerts: one of the three names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActionForm {
    add_to_lookup: Option<String>,
    remove_from_lookup: Option<String>,
    save_to_dataset: Option<String>,
    /// Columns of the result by fields of the lookup.
    #[serde(default)]
    columns: BTreeMap<String, String>,
    #[serde(default)]
    key: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum TunableForm {
    Full {
        default: Scalar,
        #[serde(default)]
        description: String,
    },
    Bare(Scalar),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Scalar {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowForm {
    field: String,
    #[serde(default)]
    values: Vec<String>,
    /// A CSV file in the rule's folder whose first column has the values.
    lookup: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScheduleForm {
    every: Option<String>,
    crontab: Option<String>,
    timezone: Option<String>,
    window: Option<String>,
    lateness: Option<String>,
    early: Option<bool>,
}

/// The metadata of a hunt or of a Sigma file that a rule takes over.
#[derive(Debug, Deserialize)]
pub(super) struct About {
    pub title: String,
    pub severity: Level,
    pub confidence: Level,
    #[serde(default)]
    pub atlas: Vec<String>,
    #[serde(default)]
    pub owasp: Vec<String>,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub false_positives: Vec<String>,
    #[serde(default)]
    pub limits: Vec<String>,
    #[serde(default)]
    pub references: Vec<String>,
    #[serde(default)]
    pub entities: Vec<String>,
    #[serde(default)]
    pub attack: Vec<String>,
}

/// The files around a `rule.yaml`.
pub trait Files {
    /// A file of the rule's folder.
    fn own(&self, name: &str) -> Option<String>;
    /// A file of a hunt: `sop/2.1-1`, `hunt.yaml`.
    fn hunt(&self, hunt: &str, name: &str) -> Option<String>;
}

/// Reads a rule, with what is wrong with its text and with files that it names. `place` names the folder in messages,
/// `class` is the folder above it.
pub fn read(text: &str, place: &str, class: &str, files: &dyn Files) -> (Option<Rule>, Vec<RuleProblem>) {
    let mut reader = Reader { text, place, files, diagnostics: Vec::new(), elsewhere: Vec::new() };
    let rule = if text.len() > LONGEST {
        let message = format!("the rule has {} MiB, at most {} are read", text.len() >> 20, LONGEST >> 20);
        reader.diagnostics.push(Diagnostic::error(codes::FORM, Span::at(0), message));
        None
    } else {
        match serde_saphyr::from_str(text) {
            Ok(file) => reader.rule(file, class),
            Err(error) => {
                reader.diagnostics.push(not_of_the_form(text, &error));
                None
            }
        }
    };
    let name = format!("{place}/{}", super::pack::FILE);
    let own = reader.diagnostics.into_iter().map(|one| RuleProblem::new(&name, text, one));
    (rule, own.chain(reader.elsewhere).collect())
}

fn not_of_the_form(text: &str, error: &serde_saphyr::Error) -> Diagnostic {
    // The parser draws the place below its message; one line is enough here.
    let shown = error.to_string();
    let message = shown.lines().next().unwrap_or_default().to_owned();
    let at = error.location().map_or(0, |place| offset(text, place.line(), place.column()));
    Diagnostic::error(codes::FORM, Span::at(at), message).help("docs/detect.md shows the form of a rule")
}

/// The byte of a line and column, from 1.
fn offset(text: &str, line: u64, column: u64) -> usize {
    let start: usize = text.split_inclusive('\n').take((line.saturating_sub(1)) as usize).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    let inside: usize = rest
        .chars()
        .take_while(|c| *c != '\n')
        .take((column.saturating_sub(1)) as usize)
        .map(char::len_utf8)
        .sum();
    start + inside
}

struct Reader<'a> {
    text: &'a str,
    place: &'a str,
    files: &'a dyn Files,
    diagnostics: Vec<Diagnostic>,
    /// What is wrong in other files.
    elsewhere: Vec<RuleProblem>,
}

impl Reader<'_> {
    /// Where a value stands in the text.
    fn place_of(&self, value: &str) -> Span {
        match self.text.find(value).filter(|_| !value.is_empty()) {
            Some(at) => Span::new(at, at + value.len()),
            None => Span::at(0),
        }
    }

    fn error(&mut self, code: atalanta_diag::Code, value: &str, message: String, help: &str) {
        let span = self.place_of(value);
        self.diagnostics.push(Diagnostic::error(code, span, message).help(help));
    }

    fn rule(&mut self, file: File, class: &str) -> Option<Rule> {
        let (from, logic) = self.logic(&file)?;
        let from = from.as_ref();
        let atlas = self.atlas(file.atlas.or(from.map(|from| from.atlas.clone())).unwrap_or_default());
        let schedule = self.schedule(&file.schedule);
        let suppress = self.time(file.suppress.as_deref());
        let allow = file.allow.into_iter().filter_map(|form| self.allow(form)).collect();
        let taken = |own: Option<Vec<String>>, other: fn(&About) -> &Vec<String>| {
            own.or(from.map(|from| other(from).clone())).unwrap_or_default()
        };
        let title = self.needed(file.title.or(from.map(|from| from.title.clone())), "title")?;
        let severity = self.needed(file.severity.or(from.map(|from| from.severity)), "severity")?;
        let confidence = file.confidence.or(from.map(|from| from.confidence)).unwrap_or(Level::Medium);
        let answers = self.answers(file.answers);
        let action = match file.action {
            None => None,
            // What shall change a lookup raises no alerts instead.
            Some(form) => Some(self.action(form)?),
        };
        let description = file.description.or(from.map(|from| from.description.clone()));
        Some(Rule {
            id: file.id,
            class: class.to_owned(),
            title,
            severity,
            confidence,
            atlas,
            attack: taken(file.attack, |from| &from.attack),
            owasp: taken(file.owasp, |from| &from.owasp),
            description: description.unwrap_or_default(),
            false_positives: taken(file.false_positives, |from| &from.false_positives),
            limits: taken(file.limits, |from| &from.limits),
            references: taken(file.references, |from| &from.references),
            response: file.response,
            entities: taken(file.entities, |from| &from.entities),
            tunables: file.tunables.into_iter().map(tunable).collect(),
            allow,
            suppress,
            schedule,
            daily_limit: file.daily_limit.unwrap_or(DAILY_LIMIT),
            logic,
            alert_title: file.alert_title,
            alert_description: file.alert_description,
            answers,
            action,
            severity_column: file.severity_column,
            enabled: file.enabled.unwrap_or(true),
            place: self.place.to_owned(),
            proof: Proof::default(),
        })
    }

    fn needed<T>(&mut self, value: Option<T>, name: &str) -> Option<T> {
        if value.is_none() {
            let message = format!("`{name}` is missing");
            self.error(codes::FORM, "", message, "a rule that takes over no hunt and no Sigma file needs it");
        }
        value
    }

    /// The hunts that a rule answers, those that there are.
    fn answers(&mut self, mut hunts: Vec<String>) -> Vec<String> {
        hunts.retain(|name| {
            let there = self.files.hunt(name, "hunt.yaml").is_some();
            if !there {
                let message = format!("there is no hunt `{name}` to answer");
                self.error(codes::FILE, name, message, "name pack and id, as in `sop/2.1-1`");
            }
            there
        });
        hunts
    }

    fn hunt(&mut self, name: &str) -> Option<About> {
        let Some(text) = self.files.hunt(name, "hunt.yaml") else {
            let message = format!("there is no hunt `{name}`");
            self.error(codes::FILE, name, message, "name pack and id, as in `sop/2.1-1`");
            return None;
        };
        match serde_saphyr::from_str(&text) {
            Ok(hunt) => Some(hunt),
            Err(error) => {
                let shown = error.to_string();
                let message =
                    format!("the hunt `{name}` cannot be read: {}", shown.lines().next().unwrap_or_default());
                self.error(codes::FILE, name, message, "`atalanta hunt` says more");
                None
            }
        }
    }

    /// The logic of a rule, and what it takes over along with it.
    fn logic(&mut self, file: &File) -> Option<(Option<About>, Logic)> {
        let kind = file.logic.as_deref().unwrap_or(if file.sigma.is_some() { "sigma" } else { "xql" });
        if kind == "sigma" {
            let (taken, logic) = self.sigma(file)?;
            return Some((Some(taken), logic));
        }
        if let Some(name) = &file.sigma {
            let message = format!("`sigma: {name}` beside `logic: {kind}`");
            self.error(codes::LOGIC, name, message, "a rule has one logic, leave one of them out");
            return None;
        }
        let hunt = match &file.hunt {
            None => None,
            Some(name) => Some(self.hunt(name)?),
        };
        let logic = if kind == "xql" { self.query(file) } else { self.machine(kind, file.config.clone()) };
        Some((hunt, logic?))
    }

    /// A Sigma file beside the rule.
    fn sigma(&mut self, file: &File) -> Option<(About, Logic)> {
        let name = file.sigma.as_deref().unwrap_or(sigma::FILE);
        let others =
            [("hunt", file.hunt.is_some()), ("xql", file.xql.is_some()), ("config", file.config.is_some())];
        let tunables = ("tunables", !file.tunables.is_empty());
        if let Some((other, _)) = others.into_iter().chain([tunables]).find(|(_, is_there)| *is_there) {
            let message = format!("`{other}` has no meaning for a rule whose logic is Sigma");
            self.error(
                codes::LOGIC,
                other,
                message,
                "leave it out; `allow` and the metadata work as in other rules",
            );
            return None;
        }
        let Some(text) = is_beside(name).then(|| self.files.own(name)).flatten() else {
            let message = format!("there is no Sigma file `{name}` beside the rule");
            self.error(
                codes::FILE,
                name,
                message,
                "name a file of the rule's folder, as in `sigma: rule.yml`",
            );
            return None;
        };
        let place = format!("{}/{name}", self.place);
        let (found, diagnostics) = sigma::read_one(&text, &place);
        let of_use = diagnostics.into_iter().filter(|one| one.severity != atalanta_diag::Severity::Info);
        self.elsewhere.extend(of_use.map(|one| RuleProblem::new(&place, &text, one)));
        let (about, logic) = found?;
        Some((about, logic))
    }

    fn query(&mut self, file: &File) -> Option<Logic> {
        let place = self.place;
        if let Some(text) = &file.xql {
            return Some(Logic::Xql { text: text.clone(), place: format!("{place}/rule.yaml") });
        }
        if let Some(text) = self.files.own("rule.xql") {
            return Some(Logic::Xql { text, place: format!("{place}/rule.xql") });
        }
        if let Some(name) = &file.hunt {
            for query in ["repaired.xql", "as_written.xql"] {
                if let Some(text) = self.files.hunt(name, query) {
                    return Some(Logic::Xql { text, place: format!("{name}/{query}") });
                }
            }
        }
        let message = "the rule has no query".to_owned();
        self.error(codes::LOGIC, "", message, "write `xql:`, a file rule.xql beside it, or `hunt:`");
        None
    }

    fn machine(&mut self, kind: &str, config: Option<serde_json::Value>) -> Option<Logic> {
        if !machine::KINDS.iter().any(|known| known.name == kind) {
            let known: Vec<&str> =
                ["xql", "sigma"].into_iter().chain(machine::KINDS.iter().map(|known| known.name)).collect();
            let message = format!("there is no logic `{kind}`, there is {}", known.join(", "));
            self.error(codes::LOGIC, kind, message, "docs/detect.md lists the kinds of logic");
            return None;
        }
        Some(Logic::Machine { kind: kind.to_owned(), config: config.unwrap_or_default() })
    }

    fn atlas(&mut self, ids: Vec<String>) -> Vec<String> {
        let atlas = Atlas::builtin();
        let mut current: Vec<String> = Vec::new();
        for id in ids {
            if atlas.technique(&id).is_some() {
                current.push(id);
                continue;
            }
            let resolution = atlas.resolve(&id);
            let now: Vec<String> = resolution
                .current_ids()
                .into_iter()
                .filter(|id| atlas.technique(id).is_some())
                .map(str::to_owned)
                .collect();
            let span = self.place_of(&id);
            let diagnostic = if now.is_empty() {
                Diagnostic::error(codes::ATLAS, span, resolution.explain())
                    .help("name techniques of the current release: `atalanta atlas list`")
            } else {
                Diagnostic::warning(codes::ATLAS, span, resolution.explain())
                    .help(format!("write {}", now.join(", ")))
            };
            self.diagnostics.push(diagnostic);
            current.extend(now);
        }
        current.dedup();
        current
    }

    fn time(&mut self, text: Option<&str>) -> Option<i64> {
        let text = text?;
        let micros = duration::parse(text);
        if micros.is_none() {
            let message = format!("`{text}` is no length of time");
            self.error(codes::TIME, text, message, "write a number and a unit, as in 90s, 10m, 1h, 7d");
        }
        micros
    }

    fn crontab(&mut self, form: &ScheduleForm) -> Option<Crontab> {
        let Some(text) = &form.crontab else {
            if form.timezone.is_some() {
                let message = "`timezone` has a meaning for `crontab` only".to_owned();
                self.error(codes::TIME, "timezone", message, "leave it out, windows end in UTC");
            }
            return None;
        };
        if form.every.is_some() {
            let message = "`crontab` and `every` both say when windows end".to_owned();
            self.error(codes::TIME, "every", message, "leave one of them out");
        }
        match Crontab::parse(text, form.timezone.as_deref()) {
            Ok(crontab) => Some(crontab),
            Err(message) => {
                let help = "minute hour day month weekday, as in `0 9-17 * * 1-5`";
                self.error(codes::TIME, text, message, help);
                None
            }
        }
    }

    fn schedule(&mut self, form: &ScheduleForm) -> Schedule {
        let default = Schedule::default();
        let every = self.time(form.every.as_deref());
        let window = self.time(form.window.as_deref());
        let crontab = self.crontab(form);
        let every = crontab.map(|crontab| crontab.gap()).or(every);
        let schedule = Schedule {
            every: every.or(window).unwrap_or(default.every),
            crontab,
            window: window.or(every).unwrap_or(default.window),
            lateness: self.time(form.lateness.as_deref()).unwrap_or(default.lateness),
            early: form.early,
        };
        if schedule.window / schedule.every > MOST_WINDOWS {
            let message = format!(
                "an event would belong to {} windows, at most {MOST_WINDOWS} are possible",
                schedule.window / schedule.every
            );
            let place = form.crontab.as_deref().unwrap_or("every");
            self.error(codes::TIME, place, message, "run less often or look at less time");
        } else if schedule.window < schedule.every && crontab.is_none() {
            let message =
                "the windows leave time out between them: `window` is shorter than `every`".to_owned();
            self.error(codes::TIME, "window", message, "make `window` at least as long as `every`");
        }
        schedule
    }

    fn action(&mut self, form: ActionForm) -> Option<Action> {
        let key = form.key;
        let keyed = !key.is_empty();
        let (change, lookup) = match (form.add_to_lookup, form.remove_from_lookup, form.save_to_dataset) {
            (Some(lookup), None, None) => (Change::Add { key }, lookup),
            (None, Some(lookup), None) => (Change::Remove, lookup),
            (None, None, Some(dataset)) => (Change::Save, dataset),
            _ => {
                let message = "an action has one aim".to_owned();
                let help = "write one of `add_to_lookup`, `remove_from_lookup` and `save_to_dataset`";
                self.error(codes::FORM, "action", message, help);
                return None;
            }
        };
        if keyed && !matches!(change, Change::Add { .. }) {
            let message = "`key` has a meaning for `add_to_lookup` only".to_owned();
            self.error(codes::FORM, "key", message, "leave it out");
            return None;
        }
        match Action::new(change, &lookup, form.columns) {
            Ok(action) => Some(action),
            Err((word, message)) => {
                self.error(codes::LOGIC, &word, message, "docs/detect.md shows the actions of rules");
                None
            }
        }
    }

    fn allow(&mut self, form: AllowForm) -> Option<Allow> {
        let mut values = form.values;
        if let Some(name) = &form.lookup {
            let Some(text) = is_beside(name).then(|| self.files.own(name)).flatten() else {
                let message = format!("there is no lookup `{name}` beside the rule");
                self.error(codes::FILE, name, message, "a lookup is a CSV file in the rule's folder");
                return None;
            };
            let first = |line: &str| line.split(',').next().unwrap_or("").trim().trim_matches('"').to_owned();
            // The first line has the names of the columns.
            values.extend(text.lines().skip(1).map(first).filter(|value| !value.is_empty()));
        }
        Some(Allow { field: form.field, values })
    }
}

/// Whether a name is one of a file in the rule's own folder.
fn is_beside(name: &str) -> bool {
    !name.contains(['/', '\\']) && !name.starts_with('.')
}

fn tunable((name, form): (String, TunableForm)) -> Tunable {
    let (value, description) = match form {
        TunableForm::Full { default, description } => (default, description),
        TunableForm::Bare(value) => (value, String::new()),
    };
    let value = match value {
        Scalar::Bool(value) => Value::Bool(value),
        Scalar::Int(value) => Value::Int(value),
        Scalar::Float(value) => Value::Float(value),
        Scalar::Text(value) => Value::Text(value),
    };
    Tunable { name, value, description }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGMA: &str = "title: Of Sigma\nstatus: stable\nlevel: high\ntags: [atlas.aml.t0050, attack.t1059]\nlogsource: {category: process_creation}\n\
        detection:\n  s:\n    CommandLine|contains: x\n  condition: s\n";

    struct NoFiles;

    impl Files for NoFiles {
        fn own(&self, name: &str) -> Option<String> {
            match name {
                "known.csv" => Some("user,why\nci@corp.example,builds\n".to_owned()),
                "rule.yml" => Some(SIGMA.to_owned()),
                "bad.yml" => Some(SIGMA.replace("contains", "kontains")),
                _ => None,
            }
        }

        fn hunt(&self, hunt: &str, name: &str) -> Option<String> {
            match (hunt, name) {
                ("sop/9", "hunt.yaml") => Some(
                    "id: x\ntitle: Of The Hunt\nseverity: low\nconfidence: low\natlas: [AML.T0018]\n"
                        .to_owned(),
                ),
                ("sop/9", "repaired.xql") => Some("dataset = xdr_data".to_owned()),
                _ => None,
            }
        }
    }

    fn read_text(text: &str) -> (Option<Rule>, Vec<Diagnostic>) {
        let (rule, problems) = read(text, "rules/a", "rules", &NoFiles);
        (rule, problems.into_iter().map(|problem| problem.diagnostic).collect())
    }

    #[test]
    fn a_whole_rule() {
        let text = "id: a\ntitle: A\nseverity: high\natlas: [AML.T0051]\nentities: [user]\n\
            tunables: { most: { default: 10, description: calls }, who: ann }\n\
            allow: [{ field: user, values: [\"svc-*\"], lookup: known.csv }]\nsuppress: 2h\n\
            schedule: { every: 10m, window: 1h }\nxql: dataset = xdr_data | filter a = $who\n";
        let (rule, diagnostics) = read_text(text);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let rule = rule.unwrap();
        assert_eq!(rule.allow[0].values, ["svc-*", "ci@corp.example"]);
        assert_eq!((rule.schedule.every, rule.suppress), (600_000_000, Some(7_200_000_000)));
        assert_eq!(rule.tunables[0].value, Value::Int(10));
    }

    #[test]
    fn a_hunt_gives_what_the_rule_leaves_out() {
        let rule = read_text("id: a\nhunt: sop/9\nseverity: high\n").0.unwrap();
        assert_eq!(
            (rule.title.as_str(), rule.severity, rule.confidence),
            ("Of The Hunt", Level::High, Level::Low)
        );
        assert_eq!(rule.atlas, ["AML.T0018"]);
        let (rule, diagnostics) = read_text("id: a\nhunt: sop/8\n");
        assert!(rule.is_none() && diagnostics[0].message.contains("no hunt `sop/8`"));
    }

    #[test]
    fn a_sigma_file_gives_logic_and_what_the_rule_leaves_out() {
        for text in ["id: a\nlogic: sigma\nseverity: low\n", "id: a\nsigma: rule.yml\nseverity: low\n"] {
            let (rule, diagnostics) = read_text(text);
            assert!(diagnostics.is_empty(), "{diagnostics:?}");
            let rule = rule.unwrap();
            assert_eq!(
                (rule.title.as_str(), rule.severity, rule.confidence),
                ("Of Sigma", Level::Low, Level::High)
            );
            assert_eq!((rule.atlas[0].as_str(), rule.attack[0].as_str()), ("AML.T0050", "T1059"));
            assert!(matches!(rule.logic, Logic::Xql { .. }));
        }
        let (rule, problems) = read("id: a\nsigma: bad.yml\n", "rules/a", "rules", &NoFiles);
        assert!(rule.is_none() && problems[0].sentence().starts_with("rules/a/bad.yml:8:"), "{problems:?}");
        for (bad, word) in [
            ("sigma: other.yml", "other.yml"),
            ("sigma: ../rule.yml", "../rule.yml"),
            ("sigma: rule.yml\nlogic: sequence", "rule.yml"),
            ("sigma: rule.yml\ntunables: { a: 1 }", "tunables"),
        ] {
            let text = format!("id: a\n{bad}\n");
            let (rule, diagnostics) = read_text(&text);
            assert!(rule.is_none(), "{bad}");
            assert_eq!(text.get(diagnostics[0].span.range()), Some(word), "{bad}: {diagnostics:?}");
        }
    }

    #[test]
    fn an_action_takes_the_place_of_alerts() {
        let form = |action: &str| {
            read_text(&format!("id: a\ntitle: A\nseverity: low\nxql: dataset = xdr_data\naction: {action}\n"))
        };
        let (rule, diagnostics) =
            form("{ add_to_lookup: Tool_Baseline, columns: { Tool: mcp_tool }, key: [tool] }");
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        let action = rule.unwrap().action.unwrap();
        assert_eq!((action.lookup.as_str(), action.columns[0].0.as_str()), ("tool_baseline", "tool"));
        assert_eq!(action.change, Change::Add { key: vec!["tool".to_owned()] });
        for (bad, message) in [
            ("{ add_to_lookup: a, save_to_dataset: b }", "one aim"),
            ("{ columns: { a: b } }", "one aim"),
            ("{ add_to_lookup: xdr_data }", "holds events"),
            ("{ save_to_dataset: alerts }", "holds events"),
            ("{ add_to_lookup: \"a b\" }", "no name"),
            ("{ add_to_lookup: a, columns: { \"x'y\": b } }", "no name"),
            ("{ remove_from_lookup: a }", "needs `columns`"),
            ("{ remove_from_lookup: a, columns: { x: y }, key: [x] }", "only"),
            ("{ add_to_lookup: a, columns: { x: y }, key: [z] }", "no field"),
        ] {
            let (rule, diagnostics) = form(bad);
            assert!(rule.is_none() && diagnostics[0].message.contains(message), "{bad}: {diagnostics:?}");
        }
    }

    #[test]
    fn what_is_wrong_has_a_place() {
        let text = "id: a\ntitle: A\nseverity: dreadful\n";
        let (rule, diagnostics) = read_text(text);
        assert!(rule.is_none());
        assert_eq!(&text[diagnostics[0].span.start as usize..][..8], "dreadful", "{diagnostics:?}");
        for (bad, word) in [
            ("suppress: soon", "soon"),
            ("atlas: [AML.T9999]", "AML.T9999"),
            ("logic: magic", "magic"),
            ("schedule: { every: 1m, window: 7d }", "every"),
            ("schedule: { crontab: 9 to 5, window: 7h }", "9 to 5"),
            ("schedule: { crontab: 0 * * * *, every: 1h }", "every"),
            ("schedule: { every: 1h, timezone: Europe/Berlin }", "timezone"),
            ("schedule: { crontab: \"* * * * *\", window: 7d }", "* * * * *"),
            ("allow: [{ field: a, lookup: ../secret }]", "../secret"),
            ("answers: [sop/9, sop/8]", "sop/8"),
        ] {
            let text = format!("id: a\ntitle: A\nseverity: low\nxql: dataset = xdr_data\n{bad}\n");
            let diagnostics = read_text(&text).1;
            assert_eq!(diagnostics.len(), 1, "{bad}: {diagnostics:?}");
            assert_eq!(text.get(diagnostics[0].span.range()), Some(word), "{bad}");
        }
    }
}
