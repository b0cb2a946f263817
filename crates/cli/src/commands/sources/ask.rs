//! Questions to a data folder or to a server.

use std::path::PathBuf;

use anyhow::Context as _;
use atalanta_engine::session::SessionOptions;
use atalanta_xql::env::{Env, Mode};
use serde_json::{Map, Value};

use crate::checking;
use crate::commands::hunt::with_folder;
use crate::data::{self, Loaded};
use crate::output;
use crate::remote::{Ask, Remote, Server};
use crate::terminal::Terminal;

/// Most rows of an answer; there are fewer sources.
const ROWS: usize = 10_000;

/// Where the rows are.
#[derive(Clone, Debug, clap::Args)]
pub struct Place {
    /// Data folder of a server or of `atalanta ingest`
    #[arg(long, value_name = "DIR", conflicts_with = "server")]
    pub data_dir: Option<PathBuf>,
    #[command(flatten)]
    pub server: Server,
}

/// An open folder or a connection.
pub enum Asked {
    Folder(Box<Loaded>, Env),
    Server(Remote, Env),
}

impl Place {
    /// Whether one was named.
    pub fn is_given(&self) -> bool {
        self.data_dir.is_some() || self.server.server.is_some()
    }

    /// Opens it.
    pub fn open(&self, terminal: Terminal) -> anyhow::Result<Asked> {
        if let Some(remote) = self.server.remote()? {
            let env = remote.env(Mode::Compat)?;
            return Ok(Asked::Server(remote, env));
        }
        let folder = self.data_dir.as_deref().context("expected --data-dir or --server")?;
        let paths = with_folder(&[], Some(folder))?;
        let request = data::Request { paths: &paths, named: true, source: None, quiet: true };
        let options =
            SessionOptions { max_rows: ROWS, now: jiff::Timestamp::now(), ..SessionOptions::default() };
        let loaded = data::load(&request, options, terminal)?;
        let env = loaded.session.env();
        Ok(Asked::Folder(Box::new(loaded), env))
    }
}

impl Asked {
    /// Whether there is a dataset of that name.
    pub fn has(&self, dataset: &str) -> bool {
        let (Self::Folder(_, env) | Self::Server(_, env)) = self;
        env.inputs.iter().any(|input| input.name == dataset)
    }

    /// Rows that answer a query, as objects without nulls.
    pub fn rows(&self, text: &str) -> anyhow::Result<Vec<Map<String, Value>>> {
        let outcome = match self {
            Self::Server(remote, _) => remote.query(text, &Ask { limit: ROWS, ..Ask::default() })?,
            Self::Folder(loaded, env) => {
                let (plan, diagnostics) = checking::plan(text, env);
                if let Some(error) =
                    diagnostics.iter().find(|found| found.severity == atalanta_diag::Severity::Error)
                {
                    anyhow::bail!("{text}: {}", error.message);
                }
                loaded.session.prepare(&plan)?.run()?
            }
        };
        let mut lines = Vec::new();
        output::ndjson::rows(&mut lines, &outcome.batches)?;
        let lines = String::from_utf8_lossy(&lines).into_owned();
        Ok(lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }

    /// The connection, if it is a server.
    pub fn server(&self) -> Option<&Remote> {
        match self {
            Self::Server(remote, _) => Some(remote),
            Self::Folder(..) => None,
        }
    }
}

/// A text of a row.
pub fn text<'r>(row: &'r Map<String, Value>, name: &str) -> &'r str {
    row.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A number of a row.
pub fn number(row: &Map<String, Value>, name: &str) -> f64 {
    row.get(name).and_then(Value::as_f64).unwrap_or_default()
}
