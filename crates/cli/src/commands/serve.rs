//! `atalanta serve`: the server.

use std::net::SocketAddr;
use std::path::PathBuf;

use atalanta_server::config::Config;

use super::detect;
use crate::Ended;
use crate::terminal::Terminal;

/// Take telemetry in, keep it, and answer queries
///
/// Without a configuration the server listens on 127.0.0.1:7280 and keeps its data in ./atalanta-data. docs/server.md
/// says how producers are connected, docs/server.toml documents every key. SIGTERM or Ctrl-C ends it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Configuration file (TOML)
    #[arg(long, short, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Read the configuration, say what is wrong with it, and end
    #[arg(long)]
    check_config: bool,
    /// Data folder; wins over the configuration
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Address of the HTTP listener; wins over the configuration
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    listen: Option<SocketAddr>,
}

const EXAMPLES: &str = "\
Examples:
  atalanta serve
  atalanta serve --config atalanta.toml --check-config
  atalanta serve --data-dir /var/lib/atalanta
  curl --data-binary @events.jsonl http://127.0.0.1:7280/api/v1/ingest/auto

Exit codes: 0 ended by a signal, 2 the server could not start or run";

fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "expected an IP address and a port, as in 127.0.0.1:7280 or [::1]:7280")
}

/// Runs the command.
pub fn run(args: Args, terminal: Terminal) -> anyhow::Result<Ended> {
    let mut config = Config::load(args.config.as_deref()).map_err(anyhow::Error::msg)?;
    if let Some(folder) = args.data_dir {
        config.data_dir = folder;
    }
    if let Some(address) = args.listen {
        config.http = address;
        config.check().map_err(anyhow::Error::msg)?;
    }
    if args.check_config {
        let problems = atalanta_server::rule_problems(&config);
        detect::say(&problems, terminal);
        if problems.iter().any(atalanta_detect::rule::RuleProblem::is_error) {
            return Ok(Ended::Failed);
        }
        terminal.note("the configuration is right");
        return Ok(Ended::Clean);
    }
    atalanta_server::start_log(&config);
    atalanta_server::run(config, |_| {})?;
    Ok(Ended::Clean)
}
