//! The `atalanta` binary: hunts, queries, checks and ATLAS look-ups over files, without a server.
//!
//! The exit code is part of the interface: 0 nothing found, 1 findings (or, for `check`, an error that remains),
//! 2 the job could not be done.

mod args;
mod checking;
mod commands;
mod data;
mod figures;
mod held_out;
mod hunting;
mod library;
mod manual;
mod modeling;
mod output;
mod proving;
mod remote;
mod sigma;
mod terminal;
mod time;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;

// A query allocates many medium-sized buffers from all cores at once, which is what mimalloc is made for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Stack of the thread that does the work. Plans of thousands of stages are walked recursively by the query
/// optimizer; the pages are only taken from the system when they are touched.
const STACK: usize = 256 << 20;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Done, nothing to report.
    Clean,
    /// Done, something was found.
    Findings,
    /// Could not be done; the reason has been printed.
    Failed,
    /// With the exit code of a program that was run.
    Code(u8),
}

impl From<Ended> for ExitCode {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Clean => Self::SUCCESS,
            Ended::Findings => Self::from(1),
            Ended::Failed => Self::from(2),
            Ended::Code(code) => Self::from(code),
        }
    }
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = u8::try_from(error.exit_code()).unwrap_or(2);
            // A closed pipe below `atalanta --help | head -1` is no failure.
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let terminal = terminal::Terminal::new(cli.color);
    if let Some(folder) = &cli.sources_dir
        && let Err(error) = commands::sources::add_own(folder)
    {
        terminal.error(&format!("{error:#}"));
        return Ended::Failed.into();
    }
    let worker = std::thread::Builder::new().name("atalanta".to_owned()).stack_size(STACK);
    let ended = match worker.spawn(move || commands::run(cli.command, terminal)) {
        Ok(handle) => handle.join(),
        Err(error) => {
            terminal.error(&format!("cannot start a thread: {error}"));
            return Ended::Failed.into();
        }
    };
    match ended {
        Ok(Ok(ended)) => ended.into(),
        Ok(Err(error)) if is_broken_pipe(&error) => Ended::Clean.into(),
        Ok(Err(error)) => {
            terminal.error(&format!("{error:#}"));
            Ended::Failed.into()
        }
        // The default hook has printed the place; the exit code stays within the contract.
        Err(_) => {
            terminal.error("internal error, please report it with the message above");
            Ended::Failed.into()
        }
    }
}

/// Whether the reader of our output went away, as `head` does: then there is nothing left to do.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
