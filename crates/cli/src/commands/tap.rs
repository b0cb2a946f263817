//! `atalanta tap`: records the traffic between an MCP client and its server.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use atalanta_tap::http::{self, Upstream};
use atalanta_tap::stdio::{self, Exit};
use atalanta_tap::{Output, Recorder, Say, SpoolOptions};

use crate::Ended;
use crate::terminal::Terminal;

/// How long the end of a wrapped server waits for records to be sent; the rest stays in the spool.
const LAST_SEND: Duration = Duration::from_secs(1);

/// Record the traffic between an MCP client and its server
///
/// Stands before the server's command in the client's configuration, or as a proxy in front of a server that speaks
/// HTTP. Traffic passes unchanged; every message is recorded, with the canonical hash of every tool definition and
/// without credentials. docs/sensors/mcp-tap.md says how clients are set up.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[command(group = clap::ArgGroup::new("what").args(["command", "listen"]).required(true))]
#[command(group = clap::ArgGroup::new("where").args(["server", "out"]).required(true))]
pub struct Args {
    /// Send records to this server, as in http://127.0.0.1:7280
    #[arg(long, value_name = "URL", env = "ATALANTA_SERVER")]
    server: Option<String>,
    /// Token for the server; the wrapped command does not get to see it
    #[arg(long, value_name = "TOKEN", env = "ATALANTA_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Append records to this file; `-` is standard output, with --listen only
    #[arg(long, value_name = "FILE", conflicts_with = "server")]
    out: Option<PathBuf>,
    /// Name of the MCP server in the records [default: made from its command or address]
    #[arg(long, value_name = "NAME")]
    label: Option<String>,
    /// Folder for records that the server has not taken yet [default: atalanta/tap in $XDG_STATE_HOME or ~/.local/state]
    #[arg(long, value_name = "DIR", env = "ATALANTA_SPOOL")]
    spool: Option<PathBuf>,
    /// Most that this tap's spool may hold, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 1024, value_parser = clap::value_parser!(u64).range(1..))]
    spool_limit: u64,
    /// Listen on this address for clients that speak HTTP
    #[arg(long, value_name = "ADDRESS", requires = "upstream")]
    listen: Option<SocketAddr>,
    /// The MCP server that HTTP requests go to: scheme, host and port
    #[arg(long, value_name = "URL", requires = "listen")]
    upstream: Option<Upstream>,
    /// The MCP server's command and its arguments, behind `--` or all other options
    #[arg(trailing_var_arg = true, value_name = "COMMAND", conflicts_with = "listen")]
    command: Vec<OsString>,
}

const EXAMPLES: &str = "\
Examples:
  atalanta tap --server http://127.0.0.1:7280 -- npx -y @modelcontextprotocol/server-filesystem /srv/data
  atalanta tap --out mcp.ndjson --label files -- mcp-server-filesystem /srv/data
  atalanta tap --listen 127.0.0.1:9000 --upstream https://mcp.example --server http://127.0.0.1:7280
  atalanta query 'filter event_class = TOOL_DEFINITION | fields tool_name, tool_definition_hash' --data mcp.ndjson

Exit codes: those of the command (126 or 127 if it cannot be started); with --listen 0 ended by a signal;
2 there is no place for records";

/// Runs the command.
pub fn run(args: Args, terminal: Terminal) -> anyhow::Result<Ended> {
    let say: Say = Arc::new(move |text| {
        terminal.warning(&format!("tap: {}", atalanta_diag::render::escape_control(text)));
    });
    if let (Some(listen), Some(upstream)) = (args.listen, args.upstream.clone()) {
        let recorder = Recorder::start(output(&args, upstream.authority(), say)?)?;
        return front(listen, upstream, args.label, recorder, terminal);
    }
    anyhow::ensure!(
        args.out.as_deref().is_none_or(|out| out.as_os_str() != "-"),
        "--out -: standard output belongs to the wrapped server; expected a file"
    );
    let options = stdio::Options {
        command: args.command.clone(),
        label: args.label.clone(),
        hidden: vec!["ATALANTA_TOKEN"],
    };
    let recorder = Recorder::start(output(&args, &options.label(), say)?)?;
    let ended = stdio::run(&options, &recorder);
    recorder.finish(LAST_SEND);
    match ended {
        Ok(Exit::Code(code)) => Ok(Ended::Code(code)),
        Ok(Exit::Signal(signal)) => {
            stdio::end_by(signal);
            // The signal was one that is ignored by default.
            Ok(Ended::Code(u8::try_from(128 + signal).unwrap_or(255)))
        }
        Err(error) => {
            let program = options.command[0].to_string_lossy().into_owned();
            terminal.error(&format!("{}: {error}", atalanta_diag::render::escape_control(&program)));
            Ok(Ended::Code(if error.kind() == std::io::ErrorKind::NotFound { 127 } else { 126 }))
        }
    }
}

fn front(
    listen: SocketAddr,
    upstream: Upstream,
    label: Option<String>,
    recorder: Recorder,
    terminal: Terminal,
) -> anyhow::Result<Ended> {
    let to = upstream.to_string();
    let ended = http::run(listen, upstream, label, &recorder, |address| {
        terminal.note(&format!("tap: listening on http://{address}, forwarding to {to}"));
    });
    recorder.finish(LAST_SEND);
    ended.map_err(|error| anyhow::anyhow!("--listen {listen}: {error}"))?;
    Ok(Ended::Clean)
}

fn output(args: &Args, name: &str, say: Say) -> anyhow::Result<Output> {
    let name = args.label.as_deref().unwrap_or(name).to_owned();
    let spool = SpoolOptions { root: spool_root(args)?, name, limit: args.spool_limit << 20 };
    if let Some(out) = &args.out {
        let to_stdout = out.as_os_str() == "-";
        return Ok(if to_stdout { Output::stdout(&spool, say) } else { Output::file(out, &spool, say) }?);
    }
    let server = args.server.as_deref().unwrap_or_default();
    anyhow::ensure!(
        server.starts_with("http://") || server.starts_with("https://"),
        "--server {server}: expected an address that begins with http:// or https://"
    );
    Ok(Output::server(server, args.token.clone(), &spool, say)?)
}

fn spool_root(args: &Args) -> anyhow::Result<PathBuf> {
    if let Some(folder) = &args.spool {
        return Ok(folder.clone());
    }
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let state = folder("XDG_STATE_HOME").or_else(|| Some(folder("HOME")?.join(".local/state")));
    let state = state.ok_or_else(|| anyhow::anyhow!("no home folder for the spool: expected --spool DIR"))?;
    Ok(state.join("atalanta/tap"))
}
