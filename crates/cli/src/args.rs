//! What is typed on the command line. What it means is decided by the commands.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::commands::{
    atlas, check, detect, doc, fmt, hunt, ingest, lsp, model, parse, quarantine, query, serve, sigma,
    sources, store, tap, test,
};

/// Hunt for attacks on AI and ML systems in recorded telemetry.
///
/// Reads events from files, runs XQL over them and maps what it finds to MITRE ATLAS. Nothing leaves the
/// machine.
#[derive(Debug, Parser)]
#[command(name = "atalanta", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    /// When to use colours; NO_COLOR in the environment turns `auto` off
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub color: ColorChoice,
    /// Folder with sources of one's own, as `atalanta sources new` writes them; used like the built-in ones
    #[arg(long, global = true, value_name = "DIR", env = "ATALANTA_SOURCES", hide_env_values = true)]
    pub sources_dir: Option<PathBuf>,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  atalanta hunt --data /var/log/envoy/access.log
  atalanta detect --replay --data events.parquet
  atalanta query 'filter event_type = NETWORK | comp count() by action_remote_hostname' --data events.parquet
  atalanta check --fix hunts/*.xql
  atalanta fmt hunts/
  atalanta doc windowcomp
  atalanta model --rules Okta.xif --events events.ndjson
  atalanta atlas show AML.T0051

Exit codes: 0 nothing found, 1 findings, 2 the job could not be done";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    Hunt(hunt::Args),
    Detect(detect::Args),
    Test(test::Args),
    Query(query::Args),
    Check(check::Args),
    Fmt(fmt::Args),
    Doc(doc::Args),
    Lsp(lsp::Args),
    Model(model::Args),
    Parse(parse::Args),
    Atlas(atlas::Args),
    Sigma(sigma::Args),
    Ingest(ingest::Args),
    Sources(sources::Args),
    Quarantine(quarantine::Args),
    Store(store::Args),
    Serve(serve::Args),
    Tap(tap::Args),
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal
    #[default]
    Auto,
    /// Also into files and pipes
    Always,
    /// Never
    Never,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// The help of every command, as the page of the manual.
    fn page() -> String {
        let mut page = String::from("# Commands\n\nMade from the program's own help (`make docs`).\n");
        for command in Cli::command().get_subcommands() {
            let mut command =
                command.clone().bin_name(format!("atalanta {}", command.get_name())).term_width(100);
            let help = command.render_long_help().to_string();
            let help: Vec<&str> = help.lines().map(str::trim_end).collect();
            page.extend([
                "\n## `atalanta ",
                command.get_name(),
                "`\n\n```text\n",
                &help.join("\n"),
                "\n```\n",
            ]);
        }
        page
    }

    #[test]
    fn the_page_of_commands_is_made_from_their_help() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/commands.md");
        let page = page();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(&path, &page).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == page, "{} is out of date: run `make docs`", path.display());
    }

    #[test]
    fn the_definition_is_consistent_and_every_command_has_examples() {
        Cli::command().debug_assert();
        for command in Cli::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("Examples:\n  atalanta "), "{}", command.get_name());
        }
    }
}
