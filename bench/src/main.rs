//! Benchmark data and small measurements for Atalanta.

mod cpu;
mod functions;
mod generate;
mod micro;
mod store;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Benchmark data and small measurements for Atalanta.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write deterministic `xdr_data` events as Parquet
    Generate(generate::Options),
    /// Measure every function and operator of XQL
    Functions(functions::Options),
    /// Measure the decode floor of a column, or the checker
    Micro(micro::Options),
    /// Load Parquet files into a data folder
    Load(store::Load),
    /// Measure what text maps cost
    Maps(store::Maps),
}

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Generate(options) => generate::run(&options),
        Command::Functions(options) => functions::run(&options),
        Command::Micro(options) => micro::run(&options),
        Command::Load(options) => store::load(&options),
        Command::Maps(options) => store::maps(&options),
    }
}
