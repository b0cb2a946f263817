//! `search`: free text over all columns of datasets.

use atalanta_schema::{DatasetKind, Type};

use super::Resolver;
use crate::ir::{Column, OperationKind, Row, SearchMode};
use crate::syntax::ast::{Duration, Name, Search, TimeFrame, Unit};
use crate::syntax::codes;

/// Days that a search may reach back.
pub const SEARCH_DAYS: u64 = 90;

impl Resolver<'_> {
    pub(super) fn search(&mut self, search: &Search) {
        let mut texts = Vec::new();
        for text in &search.texts {
            match text.as_str() {
                Some(text) if !text.is_empty() => texts.push(text.to_owned()),
                _ => self.defect(codes::EXPECTED, text.span, "`search` takes texts in quotes", None),
            }
        }
        self.search_range();
        let datasets: Vec<String> = search.datasets.iter().map(Name::folded).collect();
        let concrete = datasets.iter().any(|name| !name.contains('*'));
        let mode = search.mode.as_ref().and_then(|mode| self.search_mode(mode, concrete));
        for name in search.datasets.iter().filter(|name| !name.text.contains('*')) {
            let known = self.catalog.dataset(&name.folded());
            if known.is_some_and(|known| matches!(known.kind, DatasetKind::Preset { .. })) {
                self.defect(codes::PLACE, name.span, "`search` does not read presets", None);
            }
        }
        let merged = datasets.len() != 1 || !concrete;
        if merged {
            for name in search.datasets.iter().filter(|name| !name.text.contains('*')) {
                self.dataset_row(&name.folded(), name.span);
            }
            self.scope.row = merged_row();
        } else {
            self.scope.row = self.dataset_row(&datasets[0], search.datasets[0].span);
        }
        self.emit(OperationKind::Search { texts, datasets, merged, mode });
    }

    fn search_mode(&mut self, mode: &Name, concrete: bool) -> Option<SearchMode> {
        if concrete {
            let help = "leave `mode` out, or name the datasets by a pattern such as `xdr_*`";
            self.defect(codes::OPTION, mode.span, "`mode` beside the name of a dataset", Some(help));
        }
        match mode.folded().as_str() {
            "raw" => Some(SearchMode::Raw),
            "normalize" => Some(SearchMode::Normalized),
            "all" => None,
            other => {
                let message =
                    format!("no mode of `search` is called `{other}`; modes are raw, normalize, all");
                self.defect(codes::OPTION, mode.span, message, None);
                None
            }
        }
    }

    /// A time frame that is known to be longer than the limit.
    fn search_range(&mut self) {
        let Some(TimeFrame::Last(Duration { amount, unit, span })) = &self.plan.timeframe else { return };
        let (amount, span) = (*amount, *span);
        let days = match unit {
            Unit::Day => amount,
            Unit::Week => amount.saturating_mul(7),
            Unit::Month => amount.saturating_mul(31),
            Unit::Year => amount.saturating_mul(366),
            Unit::Hour => amount / 24,
            Unit::Minute => amount / (24 * 60),
            Unit::Second | Unit::Millisecond => 0,
        };
        if days > SEARCH_DAYS {
            let message = format!("`search` reaches back {SEARCH_DAYS} days at most");
            self.defect(codes::PLACE, span, message, Some("shorten the time frame"));
        }
    }
}

/// The columns of a search over several datasets.
fn merged_row() -> Row {
    let column = |name: &str, ty: Type, system: bool| Column {
        name: name.to_owned(),
        ty,
        field: None,
        system,
        empty: false,
    };
    Row::new(
        [
            column("_time", Type::Timestamp, true),
            column("_vendor", Type::String, true),
            column("_product", Type::String, true),
            column("_dataset", Type::String, false),
            column("raw_data", Type::Json, false),
        ],
        false,
    )
}
