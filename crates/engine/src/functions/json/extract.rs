//! What the `json_extract` functions share: one walk along a path per row, without building a tree.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::{ArrayRef, StringViewBuilder};
use datafusion::common::Result;

use super::path::{Step, parse_path};
use super::scan::{Json, Node};
use crate::functions::args::Args;
use crate::functions::arrays::elements::text_list_builder;

/// The parsed path of a row: parsed again only when its text changes.
#[derive(Default)]
struct Paths {
    last: Option<(String, Vec<Step>)>,
}

impl Paths {
    fn get(&mut self, path: &str) -> Result<&[Step]> {
        if self.last.as_ref().is_none_or(|(last, _)| last != path) {
            self.last = Some((path.to_owned(), parse_path(path)?));
        }
        Ok(self.last.as_ref().map_or(&[], |(_, steps)| steps.as_slice()))
    }
}

/// Text of the value at the path; JSON null is null.
pub(super) fn map_values(
    args: &Args<'_>,
    f: impl for<'a> Fn(Node<'a>) -> Option<Cow<'a, str>>,
) -> Result<ArrayRef> {
    let (json, path) = (args.json(0)?, args.text(1)?);
    let mut paths = Paths::default();
    let mut values = StringViewBuilder::with_capacity(args.rows());
    for row in 0..args.rows() {
        let (Some(json), Some(path)) = (json.get(row), path.get(row)) else {
            values.append_null();
            continue;
        };
        let node = Json::new(json).at(paths.get(path)?).filter(|node| !node.is_null());
        values.append_option(node.and_then(&f));
    }
    Ok(Arc::new(values.finish()))
}

/// Texts of the elements of the array at the path.
pub(super) fn map_elements(
    args: &Args<'_>,
    f: impl for<'a> Fn(Node<'a>) -> Option<Cow<'a, str>>,
) -> Result<ArrayRef> {
    let (json, path) = (args.json(0)?, args.text(1)?);
    let mut paths = Paths::default();
    let mut lists = text_list_builder();
    for row in 0..args.rows() {
        let (Some(json), Some(path)) = (json.get(row), path.get(row)) else {
            lists.append_null();
            continue;
        };
        let Some(elements) = Json::new(json).elements_at(paths.get(path)?) else {
            lists.append_null();
            continue;
        };
        for element in elements {
            lists.values().append_option(f(element));
        }
        lists.append(true);
    }
    Ok(Arc::new(lists.finish()))
}
