//! `atalanta test`: are the detection rules proven?

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::Context as _;
use atalanta_detect::rule::{Rule, RuleProblem};
use atalanta_diag::render::escape_control;

use crate::Ended;
use crate::figures;
use crate::output;
use crate::proving::{self, Known, State, Telemetry, Verdict};
use crate::terminal::{Role, Terminal};

/// Prove detection rules: each fires on the recording of its attack and on nothing harmless
///
/// A rule's folder has recordings `attack.*` and `benign.*` in the format of their source. Every rule must raise an
/// alert on each recording of its attack, none on its harmless twin, and none on the twins of the other rules.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Folders with rules
    #[arg(value_name = "PATH", default_value = "content/detections")]
    paths: Vec<PathBuf>,
    /// Write the results as JUnit XML too
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// A rule without recordings is a failure too
    #[arg(long)]
    require_proof: bool,
    /// Files or folders of further telemetry that is no attack: alerts on it are false
    #[arg(long, num_args = 1.., value_name = "PATH")]
    telemetry: Vec<String>,
    /// File with alerts on that telemetry that are true: a list of `rule`, `file` and `why`
    #[arg(long, requires = "telemetry", value_name = "FILE")]
    known: Option<PathBuf>,
    /// Write a page with recall and false alarms of each rule
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// Folder with families of scenarios that no rule was written against: run all rules over them in place of the proofs
    #[arg(long, value_name = "DIR", conflicts_with_all = ["require_proof", "telemetry", "table"])]
    held_out: Option<PathBuf>,
    /// Write a page with what was found of them
    #[arg(long, requires = "held_out", value_name = "FILE")]
    held_out_table: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  atalanta test
  atalanta test content/detections/mcp --junit results.xml
  atalanta test my_rules/ --require-proof
  atalanta test my_rules/ --telemetry 'last_week/*.jsonl.gz' --table recall.md
  atalanta test --held-out content/heldout --held-out-table held-out.md

Exit codes: 0 all rules are proven, 1 a rule failed, 2 the job could not be done
With --held-out, 1 means that a family which is missed gives no reason (`missed` in scenario.yaml),
that one which is found does, or that a rule failed";

/// Runs the command.
pub fn run(args: Args, terminal: Terminal) -> anyhow::Result<Ended> {
    let started = Instant::now();
    proving::folders(&args.paths)?;
    let pack = super::detect::rules(&args.paths, &[], terminal)?;
    let refused = pack.problems.iter().filter(|problem| problem.is_error()).count();
    anyhow::ensure!(!pack.rules.is_empty(), "no rule could be loaded");
    if let Some(folder) = &args.held_out {
        let (table, junit) = (args.held_out_table.as_ref(), args.junit.as_ref());
        return super::test_held_out::run(&pack, folder, table, junit, terminal);
    }
    let telemetry = Telemetry { paths: args.telemetry.clone(), known: known(args.known.as_deref())? };
    let proved = proving::prove(&pack.rules, &telemetry, terminal)?;
    for known in &proved.missed {
        terminal.warning(&escape_control(&format!(
            "{} is said to be right about {}, and raised no alert there",
            known.rule,
            known.file.display()
        )));
    }
    if let Some(path) = &args.table {
        output::write(Some(path), &super::test_table::page(&pack.rules, &proved, &telemetry))?;
    }
    let verdicts = proved.verdicts;
    report(&pack.rules, &verdicts, terminal);
    if let Some(path) = &args.junit {
        let text = junit(&pack.rules, &verdicts, &pack.problems);
        output::write(Some(path), &text)?;
    }
    let count = |state: State| verdicts.values().filter(|verdict| verdict.state() == state).count();
    let (proven, unproven, failed) = (count(State::Proven), count(State::Unproven), count(State::Failed));
    let off = pack.rules.iter().filter(|rule| !rule.enabled).count();
    let off = if off == 0 { String::new() } else { format!(", {off} switched off") };
    terminal.note(&format!(
        "{proven} of {} proven, {failed} failed, {unproven} without recordings, {refused} refused{off}, in {}",
        figures::plural(pack.rules.len() as u64, "rule"),
        figures::elapsed(started.elapsed())
    ));
    let fine = failed == 0 && refused == 0 && (unproven == 0 || !args.require_proof);
    Ok(if fine { Ended::Clean } else { Ended::Findings })
}

fn known(path: Option<&Path>) -> anyhow::Result<Vec<Known>> {
    let Some(path) = path else { return Ok(Vec::new()) };
    let text =
        std::fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    serde_saphyr::from_str(&text)
        .with_context(|| format!("{}: expected a list of `rule`, `file` and `why`", path.display()))
}

fn report(rules: &[Rule], verdicts: &BTreeMap<String, Verdict>, terminal: Terminal) {
    let id = rules.iter().map(|rule| rule.id.chars().count()).fold(14, usize::max);
    let mut text =
        format!("{:<id$} {:<10} {:>6} {:>6} {:>6}  title\n", "rule", "", "attack", "twin", "others");
    for rule in rules {
        let Some(verdict) = verdicts.get(&rule.id) else { continue };
        let (role, word) = match verdict.state() {
            State::Proven => (Role::Good, "proven"),
            State::Unproven => (Role::Warn, "unproven"),
            State::Failed => (Role::Bad, "FAILED"),
        };
        let sum = |list: &[(PathBuf, u64)]| list.iter().map(|(_, alerts)| alerts).sum::<u64>();
        let _ = writeln!(
            text,
            "{:<id$} {} {:>6} {:>6} {:>6}  {}",
            escape_control(&rule.id),
            terminal.out.paint(role, &format!("{word:<10}")),
            sum(&verdict.attack),
            sum(&verdict.benign),
            sum(&verdict.corpus) + verdict.telemetry,
            escape_control(&rule.title)
        );
        for fault in verdict.faults() {
            let _ = writeln!(text, "               {}", escape_control(&fault));
        }
    }
    // A closed pipe below `atalanta test | head` is no failure.
    let _ = output::write(None, &text);
}

/// The results in the form that CI systems read.
fn junit(rules: &[Rule], verdicts: &BTreeMap<String, Verdict>, problems: &[RuleProblem]) -> String {
    let states: Vec<State> = rules.iter().filter_map(|rule| Some(verdicts.get(&rule.id)?.state())).collect();
    let count = |state: State| states.iter().filter(|one| **one == state).count();
    let refused: Vec<&RuleProblem> = problems.iter().filter(|problem| problem.is_error()).collect();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"detections\" tests=\"{}\" \
         failures=\"{}\" errors=\"{}\" skipped=\"{}\">\n",
        states.len() + refused.len(),
        count(State::Failed),
        refused.len(),
        count(State::Unproven)
    );
    for rule in rules {
        let Some(verdict) = verdicts.get(&rule.id) else { continue };
        let _ = write!(
            xml,
            "    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3}\"",
            escaped(&rule.class),
            escaped(&format!("{} {}", rule.id, rule.title)),
            verdict.elapsed.as_secs_f64()
        );
        match verdict.state() {
            State::Proven => xml.push_str("/>\n"),
            State::Unproven => xml.push_str(
                ">\n      <skipped message=\"no recordings of attack and twin\"/>\n    </testcase>\n",
            ),
            State::Failed => {
                let faults = escaped(&verdict.faults().join("\n"));
                let _ = writeln!(xml, ">\n      <failure message=\"{faults}\"/>\n    </testcase>");
            }
        }
    }
    for problem in refused {
        let _ = writeln!(
            xml,
            "    <testcase classname=\"refused\" name=\"{}\">\n      <error message=\"{}\"/>\n    </testcase>",
            escaped(problem.source.name()),
            escaped(&problem.sentence())
        );
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

/// Text for an attribute of XML; characters that XML cannot hold become a replacement.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_titles_stay_text_in_xml() {
        assert_eq!(escaped("a\"><x>&\u{1b}\n"), "a&quot;&gt;&lt;x&gt;&amp;\u{fffd}&#10;");
    }
}
