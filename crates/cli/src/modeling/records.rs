//! Events and logs from files, folders, patterns and standard input.

use std::ops::ControlFlow;
use std::path::Path;

use atalanta_engine::input::{
    Limits, NoProgress, Problems, RawRecord, discover, for_each_record, for_each_record_in,
};

use crate::terminal::Terminal;

/// All records of the files, in order. What cannot be read is printed; that nothing can is an error.
pub fn read(paths: &[String], terminal: Terminal) -> anyhow::Result<Vec<RawRecord>> {
    let (files, mut problems) = discover(paths);
    let mut records = Vec::new();
    for file in files {
        let limits = Limits::default();
        let mut fresh = Problems::new();
        let mut sink = |record| {
            records.push(record);
            ControlFlow::Continue(())
        };
        if file.path == Path::new("-") {
            let stdin = std::io::stdin().lock();
            for_each_record_in(stdin, &file.path, &limits, &NoProgress, &mut fresh, &mut sink);
        } else {
            for_each_record(&file, &limits, &NoProgress, &mut fresh, &mut sink);
        }
        problems.merge(fresh);
    }
    for problem in &problems.list {
        terminal.warning(&problem.to_string());
    }
    if records.is_empty() && !problems.list.is_empty() {
        anyhow::bail!("no event could be read");
    }
    Ok(records)
}
