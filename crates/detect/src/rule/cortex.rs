//! Correlation rules of Cortex XSIAM and XDR, as they are exported (JSON) or stand in content packs (YAML).
//!
//! Read are the query, the schedule (`crontab` with `timezone`, or `simple_schedule`, `search_window`), suppression, severity, names with
//! `$column`, `alert_fields`, `mitre_defs`, and what a rule does instead of raising alerts (`action`, `dataset`,
//! `lookup_mapping`). Exports have shown `ALERTS` only: the names of the other actions and the form of the mapping are
//! read in all the ways that say plainly what is meant.

use atalanta_diag::{Diagnostic, Span};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::crontab::Crontab;
use super::{DAILY_LIMIT, Logic, MOST_WINDOWS, Proof, Rule, RuleProblem, Schedule, codes, duration};
use crate::lookup::{Action, Change};
use atalanta_schema::Level;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Correlation {
    global_rule_id: Option<Value>,
    rule_id: Option<Value>,
    name: String,
    description: Option<String>,
    is_enabled: Option<bool>,
    severity: Option<String>,
    xql_query: String,
    execution_mode: Option<String>,
    simple_schedule: Option<String>,
    crontab: Option<String>,
    timezone: Option<String>,
    search_window: Option<String>,
    suppression_enabled: Option<bool>,
    suppression_duration: Option<String>,
    suppression_fields: Option<Vec<String>>,
    user_defined_severity: Option<String>,
    action: Option<String>,
    dataset: Option<String>,
    lookup_mapping: Option<Value>,
    alert_name: Option<String>,
    alert_description: Option<String>,
    alert_fields: Option<Map<String, Value>>,
    mitre_defs: Option<Value>,
}

/// Whether a text looks like correlation rules.
pub fn is_one(text: &str) -> bool {
    text.contains("xql_query") && text.contains("search_window")
}

/// The rules of a text; what cannot be read is said, and the rest is read.
pub fn read(text: &str, place: &str) -> (Vec<Rule>, Vec<RuleProblem>) {
    let mut problems = Vec::new();
    let value: Result<Value, String> = match serde_json::from_str(text) {
        Ok(value) => Ok(value),
        Err(_) => serde_saphyr::from_str(text).map_err(|error| error.to_string()),
    };
    let value = match value {
        Ok(value) => value,
        Err(error) => {
            let message = error.lines().next().unwrap_or_default().to_owned();
            problems.push(RuleProblem::new(
                place,
                text,
                Diagnostic::error(codes::FORM, Span::at(0), message),
            ));
            return (Vec::new(), problems);
        }
    };
    let all = match value {
        Value::Array(all) => all,
        Value::Object(mut object) => match object.remove("correlation_rules") {
            Some(Value::Array(all)) => all,
            _ => vec![Value::Object(object)],
        },
        other => vec![other],
    };
    let mut rules = Vec::new();
    for one in all {
        match serde_json::from_value::<Correlation>(one) {
            Ok(form) => rules.extend(form.rule(text, place, &mut problems)),
            Err(error) => {
                let diagnostic = Diagnostic::error(codes::FORM, Span::at(0), error.to_string());
                problems.push(RuleProblem::new(place, text, diagnostic));
            }
        }
    }
    (rules, problems)
}

impl Correlation {
    fn rule(self, text: &str, place: &str, problems: &mut Vec<RuleProblem>) -> Option<Rule> {
        let span = text.find(&self.name).filter(|_| !self.name.is_empty()).unwrap_or(0);
        let span = Span::new(span, span + self.name.len());
        let mut say = |diagnostic| problems.push(RuleProblem::new(place, text, diagnostic));
        if self.name.is_empty() || self.xql_query.trim().is_empty() {
            say(Diagnostic::error(codes::FORM, span, "a correlation rule without `name` or `xql_query`"));
            return None;
        }
        let action = match self.action() {
            Ok(action) => action,
            Err(message) => {
                let help = "`ALERTS`, or an addition to a lookup, a removal from it, or a dataset to save to, with \
                            `dataset` and `lookup_mapping`: docs/detect.md shows them";
                say(Diagnostic::error(codes::LOGIC, span, message).help(help));
                return None;
            }
        };
        let schedule = match self.schedule() {
            Ok(schedule) => schedule,
            Err(message) => {
                say(Diagnostic::error(codes::TIME, span, message)
                    .help("minute hour day month weekday, as in `0 9-17 * * 1-5`; `timezone` names one of the IANA database"));
                return None;
            }
        };
        let suppress =
            self.suppression_enabled.unwrap_or(false).then_some(self.suppression_duration.as_deref());
        let (atlas, attack) = self.techniques();
        let id = self.global_rule_id.as_ref().or(self.rule_id.as_ref()).and_then(plain);
        Some(Rule {
            id: id.unwrap_or_else(|| slug(&self.name)),
            class: "correlation".to_owned(),
            // One from a column, or unknown.
            severity: self.severity.as_deref().and_then(level).unwrap_or(Level::Medium),
            confidence: Level::Medium,
            atlas,
            attack,
            owasp: Vec::new(),
            description: self.description.unwrap_or_default(),
            false_positives: Vec::new(),
            limits: Vec::new(),
            references: Vec::new(),
            response: Vec::new(),
            entities: self
                .suppression_fields
                .filter(|list| !list.is_empty())
                .unwrap_or_else(|| columns(self.alert_fields)),
            tunables: Vec::new(),
            allow: Vec::new(),
            suppress: suppress.flatten().and_then(duration::parse),
            schedule,
            daily_limit: DAILY_LIMIT,
            logic: Logic::Xql { text: self.xql_query, place: place.to_owned() },
            alert_title: self.alert_name.filter(|name| !name.is_empty()),
            alert_description: self.alert_description.filter(|text| !text.is_empty()),
            answers: Vec::new(),
            action,
            severity_column: self.user_defined_severity.filter(|column| !column.is_empty()),
            enabled: self.is_enabled.unwrap_or(true),
            place: place.to_owned(),
            proof: Proof::default(),
            title: self.name,
        })
    }

    fn schedule(&self) -> Result<Schedule, String> {
        let default = Schedule::default();
        if self.execution_mode.as_deref() == Some("REAL_TIME") {
            return Ok(default);
        }
        let search = self.search_window.as_deref().and_then(duration::parse);
        let crontab = match self.crontab.as_deref().filter(|text| !text.is_empty()) {
            Some(text) => {
                Some(Crontab::parse(text, self.timezone.as_deref().filter(|name| !name.is_empty()))?)
            }
            None => None,
        };
        let simple = self.simple_schedule.as_deref().and_then(duration::parse);
        let every = crontab.map(|crontab| crontab.gap()).or(simple).unwrap_or(default.every);
        let window = match crontab {
            Some(_) => search.unwrap_or(every),
            None => search.unwrap_or(every).max(every),
        };
        if window / every > MOST_WINDOWS {
            return Err(format!(
                "an event would belong to {} runs, at most {MOST_WINDOWS} are possible",
                window / every
            ));
        }
        Ok(Schedule { every, crontab, window, ..default })
    }

    /// What it does instead of raising alerts, if anything.
    fn action(&self) -> Result<Option<Action>, String> {
        let written = self.action.as_deref().unwrap_or("ALERTS");
        let name = written.to_uppercase();
        let says = |words: &[&str]| words.iter().any(|word| name.contains(word));
        let change = match name.as_str() {
            "" | "ALERT" | "ALERTS" | "ISSUE" | "ISSUES" => return Ok(None),
            _ if says(&["LOOKUP"]) && says(&["REMOVE", "DELETE"]) => Change::Remove,
            _ if says(&["LOOKUP"]) => Change::Add { key: Vec::new() },
            _ if says(&["DATASET"]) => Change::Save,
            _ => return Err(format!("`{}` has an action `{written}`, which is not known", self.name)),
        };
        let Some(dataset) = self.dataset.as_deref().filter(|name| !name.is_empty()) else {
            return Err(format!("`{}` has the action `{written}` and no `dataset`", self.name));
        };
        let mapping = mapping(self.lookup_mapping.as_ref().unwrap_or(&Value::Null))?;
        let action = Action::new(change, dataset, mapping);
        action.map(Some).map_err(|(_, why)| format!("`{}` has the action `{written}`: {why}", self.name))
    }

    /// Ids of ATLAS and of ATT&CK: `{"TA0006 - Credential Access": ["T1110 - Brute Force"]}`.
    fn techniques(&self) -> (Vec<String>, Vec<String>) {
        let (mut atlas, mut attack) = (Vec::new(), Vec::new());
        let Some(Value::Object(tactics)) = &self.mitre_defs else { return (atlas, attack) };
        for text in tactics.values().filter_map(Value::as_array).flatten().filter_map(Value::as_str) {
            let id = text.split(' ').next().unwrap_or_default();
            if atalanta_schema::Atlas::builtin().technique(id).is_some() {
                atlas.push(id.to_owned());
            } else {
                attack.push(id.to_owned());
            }
        }
        (atlas, attack)
    }
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn slug(name: &str) -> String {
    let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    name.chars().map(word).collect()
}

fn columns(fields: Option<Map<String, Value>>) -> Vec<String> {
    let mut columns: Vec<String> = Vec::new();
    for column in fields.unwrap_or_default().values().filter_map(Value::as_str) {
        if !columns.iter().any(|known| known == column) {
            columns.push(column.to_owned());
        }
    }
    columns
}

/// The level of a severity as exports, consoles and queries write it: `SEV_040_HIGH`, `High`, `high`.
pub(crate) fn level(text: &str) -> Option<Level> {
    let text = text.trim().to_lowercase();
    match text.get(..7) {
        Some("sev_010") => Some(Level::Informational),
        Some("sev_020") => Some(Level::Low),
        Some("sev_030") => Some(Level::Medium),
        Some("sev_040") => Some(Level::High),
        Some("sev_050") => Some(Level::Critical),
        _ if text == "info" => Some(Level::Informational),
        _ => Level::parse(&text),
    }
}

/// Fields of a lookup, each with the column that fills it: `{"field": "column"}`, a list of such objects, or a list of
/// objects that name both (`{"lookup_field": "field", "query_field": "column"}`).
fn mapping(value: &Value) -> Result<Vec<(String, String)>, String> {
    let pairs = |object: &Map<String, Value>| -> Option<Vec<(String, String)>> {
        let texts: Option<Vec<(&String, &str)>> =
            object.iter().map(|(name, value)| Some((name, value.as_str()?))).collect();
        let texts = texts?;
        let of_lookup = |name: &str| name.to_lowercase().contains("lookup");
        match texts.as_slice() {
            [(a, field), (b, column)] | [(b, column), (a, field)] if of_lookup(a) && !of_lookup(b) => {
                Some(vec![((*field).to_owned(), (*column).to_owned())])
            }
            all => Some(all.iter().map(|(field, column)| ((*field).clone(), (*column).to_owned())).collect()),
        }
    };
    let found: Option<Vec<Vec<(String, String)>>> = match value {
        Value::Null => Some(Vec::new()),
        Value::Object(object) => pairs(object).map(|pairs| vec![pairs]),
        Value::Array(all) => all.iter().map(|one| one.as_object().and_then(pairs)).collect(),
        _ => None,
    };
    let pairs = found.map(|all| all.concat());
    pairs.ok_or_else(|| format!("`lookup_mapping` is no list of fields with columns: {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::HOUR;

    const RULE: &str = r#"[{
        "rule_id": 17, "name": "Brute force", "severity": "SEV_040_HIGH", "execution_mode": "SCHEDULED",
        "xql_query": "dataset = xdr_data | comp count() as n by actor_primary_user_sid | filter n > 9",
        "crontab": "*/10 * * * *", "search_window": "1 hours", "suppression_enabled": true,
        "suppression_duration": "2 hours", "suppression_fields": ["actor_primary_user_sid"], "action": "ALERTS",
        "alert_name": "$n tries of $actor_primary_user_sid",
        "mitre_defs": { "TA0006 - Credential Access": ["T1110 - Brute Force"] }
    }]"#;

    #[test]
    fn an_export_is_read() {
        let (rules, problems) = read(RULE, "rules.json");
        assert!(problems.is_empty() && is_one(RULE), "{problems:?}");
        let rule = &rules[0];
        assert_eq!((rule.id.as_str(), rule.severity, rule.suppress), ("17", Level::High, Some(2 * HOUR)));
        assert_eq!((rule.schedule.every, rule.schedule.window), (HOUR / 6, HOUR));
        assert_eq!((rule.attack[0].as_str(), rule.entities[0].as_str()), ("T1110", "actor_primary_user_sid"));
        assert!(crate::compile::compile(rule).0.is_some());
    }

    #[test]
    fn crontabs_say_when_windows_end() {
        let office = RULE
            .replace("*/10 * * * *", "0 9-17 * * 1-5")
            .replace("\"search_window\"", "\"timezone\": \"Asia/Jerusalem\", \"search_window\"");
        let (rules, problems) = read(&office, "rules.json");
        assert!(problems.is_empty(), "{problems:?}");
        let schedule = rules[0].schedule;
        assert_eq!((schedule.every, schedule.window), (HOUR, HOUR));
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_microsecond();
        let ends = |text: &str| schedule.ends(at(text)).collect::<Vec<_>>();
        // Half past eleven of a Friday there; and an hour of which no run speaks.
        assert_eq!(ends("2026-11-20T09:30:00Z"), [at("2026-11-20T10:00:00Z")]);
        assert!(ends("2026-11-20T18:30:00Z").is_empty());
        for bad in ["x", "0 0 31 2 *", "1 2 3"] {
            let (rules, problems) = read(&RULE.replace("*/10 * * * *", bad), "rules.json");
            assert!(rules.is_empty() && problems[0].is_error(), "{bad}");
        }
    }

    #[test]
    fn actions_on_lookups_are_read() {
        let with = |action: &str, mapping: &str| {
            let more = format!("\"{action}\", \"dataset\": \"noisy_users\", \"lookup_mapping\": {mapping}");
            read(&RULE.replace("\"ALERTS\"", &more), "rules.json")
        };
        let one = [("user".to_owned(), "actor_primary_user_sid".to_owned())];
        for mapping in [
            r#"{"user": "actor_primary_user_sid"}"#,
            r#"[{"user": "actor_primary_user_sid"}]"#,
            r#"[{"query_field": "actor_primary_user_sid", "lookup_field": "user"}]"#,
            r#"[{"lookup_column": "user", "xql_field": "actor_primary_user_sid"}]"#,
        ] {
            let (rules, problems) = with("ADD_TO_LOOKUP", mapping);
            assert!(problems.is_empty(), "{problems:?}");
            let action = rules[0].action.as_ref().unwrap();
            assert_eq!(
                (&action.change, action.lookup.as_str()),
                (&Change::Add { key: vec![] }, "noisy_users")
            );
            assert_eq!(action.columns, one, "{mapping}");
            assert!(crate::compile::compile(&rules[0]).0.is_some());
        }
        let change = |action: &str, mapping: &str| with(action, mapping).0[0].action.clone().unwrap().change;
        assert_eq!(change("REMOVE_FROM_LOOKUP", r#"{"user": "n"}"#), Change::Remove);
        assert_eq!(change("SAVE_TO_DATASET", "[]"), Change::Save);
        for (action, mapping, message) in [
            ("REMOVE_FROM_LOOKUP", "[]", "needs `columns`"),
            ("ADD_TO_LOOKUP", "[3]", "no list of fields"),
            ("PAGE_SOMEONE", "[]", "not known"),
        ] {
            let (rules, problems) = with(action, mapping);
            assert!(rules.is_empty() && problems[0].is_error(), "{action}");
            assert!(problems[0].diagnostic.message.contains(message), "{problems:?}");
        }
        let (rules, _) = with("ADD_TO_LOOKUP", r#"{"user": "no_such_column"}"#);
        let (compiled, problems) = crate::compile::compile(&rules[0]);
        assert!(
            compiled.is_none() && problems[0].diagnostic.message.contains("no_such_column"),
            "{problems:?}"
        );
    }

    #[test]
    fn a_column_can_say_how_bad_it_is() {
        let text = RULE
            .replace("\"SEV_040_HIGH\"", "\"User Defined\", \"user_defined_severity\": \"level\"")
            .replace(
                "filter n > 9",
                "filter n > 9 | alter level = if(n > 99, \\\"Critical\\\", \\\"low\\\")",
            );
        let (rules, problems) = read(&text, "rules.json");
        assert!(problems.is_empty(), "{problems:?}");
        let compiled = crate::compile::compile(&rules[0]).0.unwrap();
        let level_of = |value: &str| {
            let mut hit = crate::testing::hit(0, "ann");
            hit.values.insert("level".to_owned(), value.into());
            crate::alert::Alert::new(&compiled, &hit, 0).severity
        };
        assert_eq!((level_of("Critical"), level_of("SEV_020_LOW")), (Level::Critical, Level::Low));
        assert_eq!(level_of("dreadful"), Level::Medium);
    }
}
