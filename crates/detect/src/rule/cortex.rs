//! Correlation rules of Cortex XSIAM and XDR, as they are exported (JSON) or stand in content packs (YAML).
//!
//! Read are the query, the schedule (`crontab` or `simple_schedule`, `search_window`), suppression, severity, names with
//! `$column`, `alert_fields` and `mitre_defs`. What a rule does besides raising alerts (rows into a dataset or a lookup)
//! is said and not done.

use atalanta_diag::{Diagnostic, Span};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{DAILY_LIMIT, HOUR, Logic, MOST_WINDOWS, Proof, Rule, RuleProblem, Schedule, codes, duration};
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
    search_window: Option<String>,
    suppression_enabled: Option<bool>,
    suppression_duration: Option<String>,
    suppression_fields: Option<Vec<String>>,
    action: Option<String>,
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
        if let Some(action) = self.action.as_deref().filter(|action| *action != "ALERTS") {
            let message =
                format!("`{}` raises alerts here; its action `{action}` is not carried out", self.name);
            say(Diagnostic::warning(codes::LOGIC, span, message));
        }
        let schedule = match self.schedule() {
            Ok(schedule) => schedule,
            Err(message) => {
                say(Diagnostic::error(codes::TIME, span, message)
                    .help("write it as `schedule` in a rule.yaml"));
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
            severity: severity(self.severity.as_deref()),
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
        let simple = self.simple_schedule.as_deref().and_then(duration::parse);
        let every = match (self.crontab.as_deref().filter(|text| !text.is_empty()), simple) {
            (Some(crontab), _) => every(crontab).ok_or_else(|| {
                format!("the crontab `{crontab}` does not run at equal distances, which is needed here")
            })?,
            (None, Some(every)) => every,
            (None, None) => default.every,
        };
        let window = self.search_window.as_deref().and_then(duration::parse).unwrap_or(every).max(every);
        if window / every > MOST_WINDOWS {
            return Err(format!(
                "an event would belong to {} runs, at most {MOST_WINDOWS} are possible",
                window / every
            ));
        }
        Ok(Schedule { every, window, ..default })
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

fn severity(text: Option<&str>) -> Level {
    match text.unwrap_or_default().get(..7) {
        Some("SEV_010") => Level::Informational,
        Some("SEV_020") => Level::Low,
        Some("SEV_040") => Level::High,
        Some("SEV_050") => Level::Critical,
        // A severity from a column, or unknown.
        _ => Level::Medium,
    }
}

/// The distance of the runs of a crontab, if it is always the same: `*/10 * * * *`, `0 */2 * * *`, `7 * * * *`,
/// `30 4 * * *`.
fn every(crontab: &str) -> Option<i64> {
    let fields: Vec<&str> = crontab.split_whitespace().collect();
    let [minute, hour, "*", "*", "*"] = fields.as_slice() else { return None };
    let step = |field: &str| field.strip_prefix("*/").and_then(|step| step.parse::<i64>().ok());
    let fixed = |field: &str| field.parse::<i64>().is_ok();
    let minutes = HOUR / 60;
    match (*minute, *hour) {
        ("*", "*") => Some(minutes),
        (minute, "*") if step(minute).is_some_and(|step| step > 0 && 60 % step == 0) => {
            Some(step(minute)? * minutes)
        }
        (minute, "*") if fixed(minute) => Some(HOUR),
        (minute, hour) if fixed(minute) && step(hour).is_some_and(|step| step > 0 && 24 % step == 0) => {
            Some(step(hour)? * HOUR)
        }
        (minute, hour) if fixed(minute) && fixed(hour) => Some(24 * HOUR),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn crontabs_with_equal_distances() {
        assert_eq!(every("*/5 * * * *"), Some(HOUR / 12));
        assert_eq!((every("0 */6 * * *"), every("15 3 * * *")), (Some(6 * HOUR), Some(24 * HOUR)));
        for uneven in ["*/7 * * * *", "0 9-17 * * *", "0 0 1 * *", "x", "0 0 * * 1"] {
            assert_eq!(every(uneven), None, "{uneven}");
        }
        let (rules, problems) = read(&RULE.replace("*/10 *", "*/7 *"), "rules.json");
        assert!(rules.is_empty() && problems[0].is_error());
    }

    #[test]
    fn an_action_that_is_not_carried_out_is_said() {
        let (rules, problems) = read(&RULE.replace("\"ALERTS\"", "\"ADD_TO_LOOKUP\""), "rules.json");
        assert_eq!((rules.len(), problems.len()), (1, 1));
        assert!(!problems[0].is_error());
    }
}
