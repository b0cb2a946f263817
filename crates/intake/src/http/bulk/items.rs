//! The pairs of lines of a bulk body.

use serde_json::{Map, Value};

use crate::error::IntakeError;

/// One line pair of a body.
#[derive(Debug)]
pub struct Item<'a> {
    /// `create` or `index`, or what else was asked for.
    pub action: String,
    /// Where the document should go.
    pub index: String,
    /// Its id, null if it has none.
    pub id: Value,
    /// The document as it was written.
    pub document: Option<&'a [u8]>,
    /// (status, type, reason) where it cannot be taken.
    pub refused: Option<(u16, &'static str, String)>,
}

/// Reads the pairs of lines; a body whose lines cannot be told apart is refused as a whole.
pub fn items<'a>(text: &'a [u8], index: Option<&str>) -> Result<Vec<Item<'a>>, IntakeError> {
    let mut lines = (1u64..).zip(text.split(|byte| *byte == b'\n'));
    let mut items = Vec::new();
    while let Some((number, line)) = lines.next() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let bad = |what: &str| IntakeError::Request(format!("line {number} of the bulk body: {what}"));
        let action: Map<String, Value> =
            serde_json::from_slice(line).map_err(|_| bad("expected an action such as {\"create\":{}}"))?;
        let Some((action, about)) = action.into_iter().next() else { return Err(bad("expected an action")) };
        let named = about["_index"].as_str().or(index).unwrap_or_default().to_owned();
        let mut item = Item { action, index: named, id: about["_id"].clone(), document: None, refused: None };
        if item.action != "delete" {
            item.document = lines.next().map(|(_, line)| line.trim_ascii()).filter(|line| !line.is_empty());
        }
        check(&mut item);
        items.push(item);
    }
    if items.is_empty() {
        return Err(IntakeError::Request("the bulk body holds no action".to_owned()));
    }
    Ok(items)
}

fn check(item: &mut Item<'_>) {
    let refuse = |kind, reason: &str| Some((400, kind, reason.to_owned()));
    item.refused = match item.action.as_str() {
        "create" | "index" if item.document.is_none() => {
            refuse("illegal_argument_exception", "an action without a document")
        }
        "create" | "index" if item.index.is_empty() => {
            refuse("illegal_argument_exception", "no index is named")
        }
        "create" | "index" => None,
        _ => refuse("illegal_argument_exception", "events do not change: expected `create` or `index`"),
    };
}
