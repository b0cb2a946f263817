//! Rows of a query for people: a table, or one block a row when there are too many columns.

use std::io::Write;

use arrow::record_batch::RecordBatch;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{CellAlignment, ContentArrangement, Table};

use super::cell::Cell;
use super::text;
use crate::figures;
use crate::terminal::{Role, Terminal};

/// Longest value shown; the other formats give it whole.
const LONGEST: usize = 400;

/// Narrowest column that is still readable.
const NARROWEST: usize = 14;

/// Writes the rows; columns without a value in any row are left out, and that is said.
pub fn rows(out: &mut dyn Write, terminal: Terminal, batches: &[RecordBatch]) -> anyhow::Result<()> {
    let Some(first) = batches.iter().find(|batch| batch.num_rows() > 0) else {
        return Ok(writeln!(out, "no rows")?);
    };
    let all = first.num_columns();
    let has_value =
        |at: &usize| batches.iter().any(|batch| batch.column(*at).null_count() < batch.num_rows());
    let shown: Vec<usize> = (0..all).filter(has_value).collect();
    if shown.len() * NARROWEST > terminal.width {
        blocks(out, terminal, batches, &shown)?;
    } else {
        table(out, terminal, batches, &shown)?;
    }
    let empty = (all - shown.len()) as u64;
    if empty > 0 {
        let line = format!("{} without a value left out", figures::plural(empty, "column"));
        writeln!(out, "{}", terminal.out.paint(Role::Faint, &line))?;
    }
    Ok(())
}

fn name(batch: &RecordBatch, at: usize) -> String {
    text::shown(batch.schema_ref().field(at).name(), LONGEST)
}

fn table(
    out: &mut dyn Write,
    terminal: Terminal,
    batches: &[RecordBatch],
    shown: &[usize],
) -> anyhow::Result<()> {
    let mut table = Table::new();
    let width = u16::try_from(terminal.width).unwrap_or(u16::MAX);
    table
        .load_style(UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(width);
    table.set_header(shown.iter().map(|at| name(&batches[0], *at)));
    for batch in batches {
        for row in 0..batch.num_rows() {
            let cells = shown.iter().map(|at| {
                let cell = Cell::of(batch.column(*at).as_ref(), row);
                let shown = comfy_table::Cell::new(text::shown(&cell.human(), LONGEST));
                if cell.is_number() { shown.set_alignment(CellAlignment::Right) } else { shown }
            });
            table.add_row(cells.collect::<Vec<_>>());
        }
    }
    Ok(writeln!(out, "{table}")?)
}

fn blocks(
    out: &mut dyn Write,
    terminal: Terminal,
    batches: &[RecordBatch],
    shown: &[usize],
) -> anyhow::Result<()> {
    let widest = shown.iter().map(|at| text::width(&name(&batches[0], *at))).max().unwrap_or(0);
    let mut number = 0;
    for batch in batches {
        for row in 0..batch.num_rows() {
            number += 1;
            writeln!(
                out,
                "{}",
                terminal.out.paint(Role::Strong, &format!("row {}", figures::count(number)))
            )?;
            for at in shown {
                let cell = Cell::of(batch.column(*at).as_ref(), row);
                if cell.is_null() {
                    continue;
                }
                let label = terminal.out.paint(Role::Name, &text::pad(&name(batch, *at), widest));
                let room = terminal.width.saturating_sub(widest + 4);
                let lines = text::wrap(&text::shown(&cell.human(), LONGEST), room);
                writeln!(out, "  {label}  {}", lines[0])?;
                for line in &lines[1..] {
                    writeln!(out, "  {}  {line}", " ".repeat(widest))?;
                }
            }
        }
    }
    Ok(())
}
