//! Sigma rules and correlations as detection rules.
//!
//! The fields are led to `xdr_data` by the pipeline inside the program. A rule becomes a query that runs on each event,
//! a correlation keeps windows of its own ([`crate::correlation`]). Severity comes from `level`, confidence from
//! `status`, ATLAS and ATT&CK techniques from the tags. A correlation finds its rules, and a rule its filters, in all
//! files that are read together.

use atalanta_diag::{Diagnostic, Severity, Span};
use atalanta_schema::Level;
use atalanta_sigma::{Document, Meta, Pipeline, filters, lower_filtered, reporting, stream_correlation};
use atalanta_xql::env::{Env, Mode};

use super::yaml::About;
use super::{DAILY_LIMIT, Logic, Proof, Rule, RuleProblem, Schedule, codes};

/// The file of a detection that is written in Sigma.
pub const FILE: &str = "rule.yml";

/// Who an alert of a rule is about that does not say it.
const ENTITIES: [&str; 2] = ["agent_hostname", "actor_primary_user_sid"];

/// A file of Sigma documents.
#[derive(Clone, Debug, Default)]
pub struct SigmaFile {
    /// Its name in messages.
    pub place: String,
    /// What is in it.
    pub text: String,
    /// The class of its rules.
    pub class: String,
    /// The recordings of its rules.
    pub proof: Proof,
}

/// The rules of files that are read together; a document that is wrong is said, and the others are read.
pub fn read(files: &[SigmaFile]) -> (Vec<Rule>, Vec<RuleProblem>) {
    let mut problems = Vec::new();
    let mut documents: Vec<Document> = Vec::new();
    // The file of each document.
    let mut owners: Vec<usize> = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let (mut found, diagnostics) = atalanta_sigma::parse(&file.text);
        problems.extend(said(file, diagnostics));
        owners.extend(std::iter::repeat_n(number, found.len()));
        documents.append(&mut found);
    }
    let mut rules = Vec::new();
    for document in reporting(&documents) {
        let at = documents.iter().position(|one| std::ptr::eq(one, document)).unwrap_or(0);
        let file = &files[owners[at]];
        let (logic, diagnostics) = logic(document, &documents, &file.place);
        problems.extend(said(file, diagnostics));
        if let Some(logic) = logic {
            rules.push(rule(id(document.meta()), about(document), logic, file));
        }
    }
    (rules, problems)
}

/// The one rule or correlation of a text that reports, for a rule of ours around it.
pub(super) fn read_one(text: &str, place: &str) -> (Option<(About, Logic)>, Vec<Diagnostic>) {
    let (documents, mut diagnostics) = atalanta_sigma::parse(text);
    let found: Vec<&Document> = reporting(&documents).collect();
    if let [document] = found.as_slice() {
        let (logic, further) = logic(document, &documents, place);
        diagnostics.extend(further);
        return (logic.map(|logic| (about(document), logic)), diagnostics);
    }
    if !has_error(&diagnostics) {
        let message = format!("{} of the documents report, expected one rule or correlation", found.len());
        let diagnostic = Diagnostic::error(codes::LOGIC, Span::at(0), message);
        diagnostics.push(diagnostic.help("give each a folder, or put them below one correlation"));
    }
    (None, diagnostics)
}

fn has_error(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|one| one.severity == Severity::Error)
}

fn said(file: &SigmaFile, diagnostics: Vec<Diagnostic>) -> impl Iterator<Item = RuleProblem> {
    let of_use = diagnostics.into_iter().filter(|one| one.severity != Severity::Info);
    of_use.map(|one| RuleProblem::new(&file.place, &file.text, one))
}

fn logic(document: &Document, all: &[Document], place: &str) -> (Option<Logic>, Vec<Diagnostic>) {
    let pipeline = Pipeline::builtin("atalanta");
    let pipeline = pipeline.expect("a test of the sigma crate proves that the pipeline is there");
    match document {
        Document::Rule(rule) => {
            let lowered = lower_filtered(rule, &filters(all), pipeline);
            let mut diagnostics = lowered.diagnostics.clone();
            if !lowered.has_errors() {
                // At the places of the file; later only the query would be at hand.
                let found = lowered.check(&Env::new(Mode::Compat));
                diagnostics.extend(found.into_iter().filter(|one| one.severity == Severity::Error));
            }
            let text: String = lowered
                .xql
                .lines()
                .filter(|line| !line.starts_with("//"))
                .fold(String::new(), |whole, line| whole + line + "\n");
            let logic = (!has_error(&diagnostics)).then(|| Logic::Xql { text, place: place.to_owned() });
            (logic, diagnostics)
        }
        Document::Correlation(correlation) => {
            let (streamed, diagnostics) = stream_correlation(correlation, all, pipeline);
            (streamed.map(Logic::Correlation), diagnostics)
        }
        Document::Filter(_) => (None, Vec::new()),
    }
}

/// What a document says beside its logic.
fn about(document: &Document) -> About {
    let meta = document.meta();
    let texts = |list: &[atalanta_sigma::meta::Text]| list.iter().map(|one| one.text.clone()).collect();
    About {
        title: meta.title.text.clone(),
        severity: meta.level().unwrap_or(Level::Medium),
        confidence: meta.confidence(),
        atlas: meta.atlas(),
        attack: meta.attack(),
        owasp: Vec::new(),
        description: meta.description.as_ref().map(|text| text.text.clone()).unwrap_or_default(),
        false_positives: texts(&meta.falsepositives),
        limits: Vec::new(),
        references: texts(&meta.references),
        // A correlation is about its groups.
        entities: match document {
            Document::Rule(_) => ENTITIES.map(str::to_owned).to_vec(),
            _ => Vec::new(),
        },
    }
}

fn id(meta: &Meta) -> String {
    meta.id.as_ref().or(meta.name.as_ref()).unwrap_or(&meta.title).text.clone()
}

fn rule(id: String, about: About, logic: Logic, file: &SigmaFile) -> Rule {
    Rule {
        id,
        class: file.class.clone(),
        title: about.title,
        severity: about.severity,
        confidence: about.confidence,
        atlas: about.atlas,
        attack: about.attack,
        owasp: about.owasp,
        description: about.description,
        false_positives: about.false_positives,
        limits: about.limits,
        references: about.references,
        response: Vec::new(),
        entities: about.entities,
        tunables: Vec::new(),
        allow: Vec::new(),
        suppress: None,
        schedule: Schedule::default(),
        daily_limit: DAILY_LIMIT,
        logic,
        alert_title: None,
        alert_description: None,
        answers: Vec::new(),
        action: None,
        severity_column: None,
        enabled: true,
        place: file.place.clone(),
        proof: file.proof.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::{Run, compile};

    const RULE: &str = "title: Shell\nid: 5f7e3c1a-9b0d-4e2f-8a6c-1d2e3f4a5b6c\nname: shell\nstatus: test\nlevel: high\n\
        tags: [attack.t1059.004, attack.execution, atlas.aml.t0050]\nlogsource: {category: process_creation}\n\
        detection:\n  s:\n    CommandLine|contains: '$x | sh'\n  condition: s\n";

    const BURST: &str = "title: Burst\nname: burst\ncorrelation:\n  type: event_count\n  rules: [shell]\n  group-by: [User]\n  \
        timespan: 10m\n  condition: {gte: 3}\n";

    fn file(place: &str, text: &str) -> SigmaFile {
        SigmaFile { place: place.to_owned(), text: text.to_owned(), ..SigmaFile::default() }
    }

    #[test]
    fn a_rule_brings_its_metadata_and_runs_on_each_event() {
        let (rules, problems) = read(&[file("a.yml", RULE)]);
        assert!(problems.is_empty() && atalanta_sigma::looks_like_sigma(RULE), "{problems:?}");
        let rule = &rules[0];
        assert_eq!((rule.severity, rule.confidence), (Level::High, Level::Medium));
        assert_eq!(
            (rule.atlas.as_slice(), rule.attack.as_slice()),
            (&["AML.T0050".to_owned()][..], &["T1059.004".to_owned()][..])
        );
        let (compiled, problems) = compile(rule);
        assert!(problems.is_empty() && matches!(compiled.unwrap().run, Run::Rows), "{problems:?}");
        // A title is no logic.
        let (other, _) = read(&[file("a.yml", &RULE.replace("title: Shell", "title: Shells"))]);
        assert_eq!(other[0].version(), rule.version());
    }

    #[test]
    fn a_correlation_finds_its_rules_in_other_files() {
        let (rules, problems) = read(&[file("b.yml", BURST), file("a.yml", RULE)]);
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(rules.iter().map(|rule| rule.id.as_str()).collect::<Vec<_>>(), ["burst"]);
        let (compiled, problems) = compile(&rules[0]);
        assert!(matches!(compiled.unwrap().run, Run::Machine(_)), "{problems:?}");
        let (none, problems) = read(&[file("b.yml", BURST)]);
        assert!(none.is_empty() && problems[0].sentence().starts_with("b.yml:5:"), "{problems:?}");
    }

    #[test]
    fn what_is_broken_is_said_with_its_place_and_the_rest_is_read() {
        let broken = RULE.replace("contains", "kontains").replace("name: shell", "name: other");
        let (rules, problems) = read(&[file("a.yml", RULE), file("c.yml", &format!("{broken}---\n{RULE}"))]);
        assert_eq!((rules.len(), problems.len()), (2, 1), "{problems:?}");
        assert!(problems[0].is_error() && problems[0].sentence().starts_with("c.yml:10:"), "{problems:?}");
        let (two, diagnostics) = read_one(&format!("{RULE}---\n{RULE}"), "c.yml");
        assert!(two.is_none() && diagnostics[0].message.contains("2 of the documents"), "{diagnostics:?}");
        let (one, _) = read_one(&format!("{RULE}---\n{BURST}"), "c.yml");
        assert_eq!(one.unwrap().0.title, "Burst");
    }
}
