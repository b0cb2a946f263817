//! Address ranges as an argument: parsed when they change, so once for a literal.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder};
use datafusion::common::{Result, exec_datafusion_err};

use crate::functions::args::Args;
use crate::kernels::{Cidr, IpVersion};

/// The ranges of one call; remembers the last.
#[derive(Debug)]
pub(super) struct Ranges {
    version: IpVersion,
    last: Option<(String, Cidr)>,
}

impl Ranges {
    pub fn new(version: IpVersion) -> Self {
        Self { version, last: None }
    }

    /// The parsed form of `text`.
    pub fn get(&mut self, text: &str) -> Result<&Cidr> {
        if self.last.as_ref().is_none_or(|(last, _)| last != text) {
            let cidr = Cidr::new(text, self.version).map_err(|error| exec_datafusion_err!("{error}"))?;
            self.last = Some((text.to_owned(), cidr));
        }
        self.last.as_ref().map(|(_, cidr)| cidr).ok_or_else(|| exec_datafusion_err!("no range"))
    }
}

/// Whether the first argument lies in the ranges of the second.
pub(super) fn in_ranges(args: &Args<'_>, version: IpVersion) -> Result<ArrayRef> {
    let (ip, ranges) = (args.text(0)?, args.text(1)?);
    let mut parsed = Ranges::new(version);
    let mut values = BooleanBuilder::with_capacity(args.rows());
    for row in 0..args.rows() {
        match (ip.get(row), ranges.get(row)) {
            (Some(ip), Some(ranges)) => values.append_value(parsed.get(ranges)?.contains(ip)),
            _ => values.append_null(),
        }
    }
    Ok(Arc::new(values.finish()))
}
