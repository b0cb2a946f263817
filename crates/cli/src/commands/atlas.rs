//! `atalanta atlas`: the ATLAS matrix, old and invented ids, and what the hunts cover.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use atalanta_schema::{Atlas, Resolution, Technique};
use clap::Subcommand;

use crate::Ended;
use crate::hunting::pack::{self, Hunt};
use crate::output;
use crate::terminal::{Role, Terminal};

/// Look up MITRE ATLAS: tactics, techniques, old and invented ids, coverage
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

const EXAMPLES: &str = "\
Examples:
  atalanta atlas                               tactics with their techniques
  atalanta atlas show AML.T0051.000            one technique with parent, tactics, OWASP and hunts
  atalanta atlas resolve ATLAS-LLM-01          what an old, renamed or invented id stands for today
  atalanta atlas layer --output layer.json     a Navigator layer of what the built-in hunts cover
  atalanta atlas coverage --html coverage.html what the detection rules are proven to detect";

#[derive(Debug, Subcommand)]
enum Action {
    /// List tactics and techniques
    List,
    /// Show a tactic or technique
    Show {
        /// Id or name
        id: String,
    },
    /// Say what an id or name stands for in the current release
    Resolve {
        /// Id or name, also of older releases, of ATT&CK or invented
        #[arg(required = true)]
        text: Vec<String>,
    },
    /// Write an ATT&CK Navigator layer of what the built-in hunts cover
    Layer {
        /// File to write instead of standard output
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    Coverage(super::coverage::Args),
}

/// Runs the command.
pub fn run(args: Args, terminal: Terminal) -> anyhow::Result<Ended> {
    let out = &mut std::io::stdout().lock();
    match args.action.unwrap_or(Action::List) {
        Action::List => list(out, terminal)?,
        Action::Show { id } => return show(out, terminal, &id),
        Action::Resolve { text } => return resolve(out, &text),
        Action::Layer { output } => layer(output)?,
        Action::Coverage(args) => return super::coverage::run(args, terminal),
    }
    Ok(Ended::Clean)
}

/// The built-in hunts by the technique they name.
fn coverage() -> BTreeMap<String, Vec<Hunt>> {
    let mut hunts: BTreeMap<String, Vec<Hunt>> = BTreeMap::new();
    for hunt in pack::builtin() {
        for id in &hunt.about.atlas {
            hunts.entry(id.clone()).or_default().push(hunt.clone());
        }
    }
    hunts
}

fn list(out: &mut impl Write, terminal: Terminal) -> anyhow::Result<()> {
    let atlas = Atlas::builtin();
    let covered = coverage();
    let counts = atlas.counts();
    writeln!(
        out,
        "MITRE ATLAS {}: {} tactics, {} techniques, {} sub-techniques; the number of built-in hunts stands in brackets\n",
        atlas.version(),
        counts.tactics,
        counts.techniques,
        counts.subtechniques
    )?;
    for tactic in atlas.tactics() {
        let title = format!("{} {}", tactic.id, tactic.name);
        writeln!(out, "{}", terminal.out.paint(Role::Strong, &title))?;
        for technique in atlas.techniques_of(&tactic.id) {
            let indent = if technique.parent.is_some() { "      " } else { "  " };
            let hunts = covered.get(&technique.id).map_or(0, Vec::len);
            let mark = if hunts == 0 { String::new() } else { format!(" [{hunts}]") };
            let mark = terminal.out.paint(Role::Good, &mark);
            writeln!(
                out,
                "{indent}{} {}{mark}",
                terminal.out.paint(Role::Name, &technique.id),
                technique.name
            )?;
        }
    }
    Ok(())
}

fn show(out: &mut impl Write, terminal: Terminal, text: &str) -> anyhow::Result<Ended> {
    let atlas = Atlas::builtin();
    let resolution = atlas.resolve(text);
    if !resolution.is_current() {
        writeln!(out, "{}", resolution.explain())?;
    }
    let ids: Vec<String> = resolution.current_ids().into_iter().map(str::to_owned).collect();
    if ids.is_empty() {
        return Ok(Ended::Failed);
    }
    for id in &ids {
        match (atlas.technique(id), atlas.tactic(id)) {
            (Some(technique), _) => show_technique(out, terminal, technique)?,
            (None, Some(tactic)) => {
                let title = format!("{} {}", tactic.id, tactic.name);
                writeln!(out, "{}", terminal.out.paint(Role::Strong, &title))?;
                if let Some(attack) = &tactic.attack_ref {
                    writeln!(out, "  ATT&CK      {attack}")?;
                }
                for technique in atlas.techniques_of(&tactic.id) {
                    writeln!(
                        out,
                        "  {} {}",
                        terminal.out.paint(Role::Name, &technique.id),
                        technique.full_name
                    )?;
                }
            }
            (None, None) => writeln!(out, "{}", atlas.resolve(id).explain())?,
        }
    }
    Ok(Ended::Clean)
}

fn show_technique(out: &mut impl Write, terminal: Terminal, technique: &Technique) -> anyhow::Result<()> {
    let atlas = Atlas::builtin();
    let title = format!("{} {}", technique.id, technique.full_name);
    writeln!(out, "{}", terminal.out.paint(Role::Strong, &title))?;
    let mut line = |key: &str, value: String| {
        if value.is_empty() { Ok(()) } else { writeln!(out, "  {key:<12}{value}") }
    };
    let parent = technique.parent.as_deref().and_then(|id| atlas.technique(id));
    line("parent", parent.map(|p| format!("{} {}", p.id, p.name)).unwrap_or_default())?;
    for tactic in atlas.tactics_of(&technique.id) {
        line("tactic", format!("{} {}", tactic.id, tactic.name))?;
    }
    line("maturity", technique.maturity.clone())?;
    line("platforms", technique.platforms.join(", "))?;
    line("ATT&CK", technique.attack_ref.clone().unwrap_or_default())?;
    for entry in atlas.owasp_of(&technique.id) {
        line("OWASP", format!("{} {} ({})", entry.id, entry.title, entry.list.title()))?;
    }
    for mitigation in atlas.mitigations_of(&technique.id) {
        line("mitigation", format!("{} {}", mitigation.id, mitigation.name.as_deref().unwrap_or("")))?;
    }
    for case in atlas.case_studies_of(&technique.id) {
        line("case study", format!("{} {}", case.id, case.name))?;
    }
    let covered = coverage();
    let is_part = |t: &&Technique| t.id == technique.id || t.parent.as_ref() == Some(&technique.id);
    for part in atlas.techniques().iter().filter(is_part) {
        if part.id != technique.id {
            line("below", format!("{} {}", part.id, part.name))?;
        }
        for hunt in covered.get(&part.id).into_iter().flatten() {
            line("hunt", format!("{} {} ({})", hunt.about.id, hunt.about.title, hunt.about.severity.name()))?;
        }
    }
    Ok(())
}

fn resolve(out: &mut impl Write, texts: &[String]) -> anyhow::Result<Ended> {
    let mut ended = Ended::Clean;
    for text in texts {
        let resolution = Atlas::builtin().resolve(text);
        if matches!(resolution, Resolution::Unknown { .. }) {
            ended = Ended::Failed;
        }
        writeln!(out, "{}: {}", atalanta_diag::render::escape_control(text), resolution.explain())?;
    }
    Ok(ended)
}

fn layer(output: Option<PathBuf>) -> anyhow::Result<()> {
    let hunts = pack::builtin();
    let mut scored: BTreeMap<&str, (f64, Vec<String>)> = BTreeMap::new();
    for hunt in &hunts {
        for id in &hunt.about.atlas {
            let (score, titles) = scored.entry(id).or_default();
            *score += 1.0;
            titles.push(format!("{} {}", hunt.about.id, hunt.about.title));
        }
    }
    let comments: Vec<(&str, f64, String)> =
        scored.into_iter().map(|(id, (score, titles))| (id, score, titles.join("; "))).collect();
    let techniques: Vec<(&str, f64, &str)> =
        comments.iter().map(|(id, score, comment)| (*id, *score, comment.as_str())).collect();
    let layer = Atlas::builtin().navigator_layer("Atalanta hunts", &techniques);
    let text = format!("{layer:#}\n");
    output::write(output.as_deref(), &text).context("the layer cannot be written")
}
