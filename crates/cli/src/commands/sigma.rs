//! `atalanta sigma`: Sigma rules as queries.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use atalanta_diag::{Source, render};
use atalanta_sigma::{Document, Pipeline};
use clap::{Subcommand, ValueEnum};
use serde_json::json;

use super::check::read;
use crate::Ended;
use crate::figures::plural;
use crate::terminal::Terminal;

/// Convert Sigma rules to XQL
///
/// `atalanta check` finds mistakes in rules, `atalanta hunt` runs them.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

const EXAMPLES: &str = "\
Examples:
  atalanta sigma convert rule.yml                            the query over xdr_data
  atalanta sigma convert rules/*.yml --format json           one object a rule, with its places
  atalanta sigma convert rule.yml --pipeline none --dataset winlog
  atalanta sigma convert rule.yml --pipeline mine.yml --pipeline atalanta

Exit codes: 0 all rules converted, 1 a rule could not be, 2 a file cannot be read";

#[derive(Debug, Subcommand)]
enum Action {
    /// Print the query of every rule and correlation
    Convert(Convert),
}

#[derive(Debug, clap::Args)]
struct Convert {
    /// Files of rules; a correlation finds its rules, and a rule its filters, in any of them
    #[arg(required = true, value_name = "RULE")]
    rules: Vec<PathBuf>,
    /// Pipelines: `atalanta` (fields of xdr_data, the default), `none` (fields as they are), or files in pySigma's
    /// format; several run in the order of their priorities
    #[arg(long, short, value_name = "PIPELINE")]
    pipeline: Vec<String>,
    /// The dataset that the queries read, in place of the pipeline's
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Queries, one after another
    #[default]
    Text,
    /// One object a rule
    Json,
}

/// Runs the command.
pub fn run(args: Args, terminal: Terminal) -> anyhow::Result<Ended> {
    let Action::Convert(args) = args.action;
    let pipeline = pipeline(&args, terminal)?;
    let mut sources = Vec::new();
    let mut documents: Vec<Document> = Vec::new();
    // Each document with the file it came from.
    let mut owners: Vec<usize> = Vec::new();
    let mut refused = 0;
    for path in &args.rules {
        let text = read(path).with_context(|| path.display().to_string())?;
        let (mut found, diagnostics) = atalanta_sigma::parse(&text);
        let source = Source::new(path.display().to_string(), text);
        for one in &diagnostics {
            terminal.note(&format!("{}\n", render::terminal(&source, one, terminal.err.enabled)));
            refused += usize::from(crate::checking::has_error(std::slice::from_ref(one)));
        }
        owners.extend(std::iter::repeat_n(sources.len(), found.len()));
        documents.append(&mut found);
        sources.push(source);
    }
    let mut out = std::io::stdout().lock();
    let mut converted = 0;
    for one in atalanta_sigma::lower_documents(&documents, &pipeline) {
        let at = documents.iter().position(|document| std::ptr::eq(document, one.document)).unwrap_or(0);
        let source = &sources[owners[at]];
        for report in &one.lowered.diagnostics {
            terminal.note(&format!("{}\n", render::terminal(source, report, terminal.err.enabled)));
        }
        if one.lowered.has_errors() {
            refused += 1;
            continue;
        }
        converted += 1;
        if args.format == Format::Json {
            let meta = one.document.meta();
            let map = one.lowered.map.iter().map(|(query, file)| json!({ "query": query, "file": file }));
            let line = json!({
                "path": source.name(),
                "id": meta.id.as_ref().map(|id| &id.text),
                "title": meta.title.text,
                "level": meta.level.as_ref().map(|level| &level.text),
                "dataset": one.lowered.dataset,
                "xql": one.lowered.xql,
                "map": map.collect::<Vec<_>>(),
            });
            writeln!(out, "{line}")?;
        } else {
            writeln!(out, "{}{}", if converted > 1 { "\n" } else { "" }, one.lowered.xql.trim_end())?;
        }
    }
    out.flush()?;
    terminal.note(&format!("{} converted", plural(converted, "rule")));
    Ok(if refused > 0 { Ended::Findings } else { Ended::Clean })
}

/// The pipelines of the command line as one.
fn pipeline(args: &Convert, terminal: Terminal) -> anyhow::Result<Pipeline> {
    let mut pipelines = Vec::new();
    for name in &args.pipeline {
        if let Some(known) = Pipeline::builtin(name) {
            pipelines.push(known.clone());
            continue;
        }
        let known = Pipeline::BUILTIN.join(", ");
        let text = read(Path::new(name))
            .with_context(|| format!("--pipeline {name}: neither a file nor one of {known}"))?;
        let (pipeline, diagnostics) = Pipeline::parse(&text);
        let source = Source::new(name, text);
        for one in &diagnostics {
            terminal.note(&format!("{}\n", render::terminal(&source, one, terminal.err.enabled)));
        }
        anyhow::ensure!(
            !crate::checking::has_error(&diagnostics),
            "--pipeline {name}: the pipeline is not run, since parts of it cannot be"
        );
        pipelines.push(pipeline);
    }
    if pipelines.is_empty() {
        pipelines.push(crate::sigma::default_pipeline().clone());
    }
    let pipeline = Pipeline::chain(pipelines);
    Ok(match &args.dataset {
        Some(dataset) => pipeline.with_state("dataset", dataset),
        None => pipeline,
    })
}
