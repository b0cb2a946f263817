//! The subcommands, one file each.

pub mod atlas;
pub mod check;
mod check_batch;
pub mod coverage;
pub mod detect;
pub mod doc;
pub mod fmt;
pub mod hunt;
pub mod ingest;
pub mod lsp;
pub mod model;
pub mod parse;
pub mod quarantine;
pub mod query;
pub mod serve;
pub mod sigma;
pub mod sources;
pub mod store;
pub mod tap;
pub mod test;
mod test_held_out;
mod test_table;

use crate::Ended;
use crate::args::Command;
use crate::terminal::Terminal;

/// Runs a command to its end.
pub fn run(command: Command, terminal: Terminal) -> anyhow::Result<Ended> {
    match command {
        Command::Hunt(args) => hunt::run(args, terminal),
        Command::Test(args) => test::run(args, terminal),
        Command::Detect(args) => detect::run(args, terminal),
        Command::Query(args) => query::run(args, terminal),
        Command::Check(args) => check::run(args, terminal),
        Command::Fmt(args) => fmt::run(args, terminal),
        Command::Doc(args) => doc::run(&args, terminal),
        Command::Lsp(args) => lsp::run(&args),
        Command::Model(args) => model::run(args, terminal),
        Command::Parse(args) => parse::run(args, terminal),
        Command::Atlas(args) => atlas::run(args, terminal),
        Command::Sigma(args) => sigma::run(args, terminal),
        Command::Ingest(args) => ingest::run(args, terminal),
        Command::Sources(args) => sources::run(args, terminal),
        Command::Quarantine(args) => quarantine::run(args, terminal),
        Command::Store(args) => store::run(args, terminal),
        Command::Serve(args) => serve::run(args, terminal),
        Command::Tap(args) => tap::run(args, terminal),
    }
}
