//! Test material: the same texts in every array layout a kernel may meet.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, Int32Array, LargeStringArray, StringArray,
    StringViewArray, StringViewBuilder,
};
use arrow::compute::concat;
use proptest::prelude::*;

/// Rows as texts, for comparison with a naive implementation.
pub(crate) fn booleans(array: &BooleanArray) -> Vec<Option<bool>> {
    array.iter().collect()
}

/// Texts around the length at which views stop being inlined, over an alphabet with folding traps.
pub(crate) fn texts() -> impl Strategy<Value = Vec<Option<String>>> {
    let text = prop_oneof![
        "[abkKsS\u{17f}\u{212a}éÉ.:/ ]{0,8}",
        "[abkKsS*]{10,40}",
        "[abkKsS\u{17f}\u{212a}éÉ ]{10,40}",
    ];
    proptest::collection::vec(proptest::option::weighted(0.9, text), 0..24)
}

/// `rows` as view, offset and dictionary arrays, sliced, split over several buffers, and out of buffer order.
pub(crate) fn all_layouts(rows: &[Option<String>]) -> Vec<(&'static str, ArrayRef)> {
    let rows: Vec<Option<&str>> = rows.iter().map(Option::as_deref).collect();
    let view: ArrayRef = Arc::new(StringViewArray::from(rows.clone()));
    let mut layouts: Vec<(&'static str, ArrayRef)> = vec![
        ("view", Arc::clone(&view)),
        ("string", Arc::new(StringArray::from(rows.clone()))),
        ("large string", Arc::new(LargeStringArray::from(rows.clone()))),
        ("view over small blocks", small_blocks(&rows)),
        ("sliced view", sliced(&rows)),
        ("view out of order", out_of_order(&rows)),
        ("dictionary", dictionary(&rows, false)),
        ("dictionary of views", dictionary(&rows, true)),
    ];
    let sliced_string: ArrayRef = {
        let mut padded = vec![Some("kkkk ssss padding"), None];
        padded.extend(&rows);
        Arc::new(StringArray::from(padded).slice(2, rows.len()))
    };
    layouts.push(("sliced string", sliced_string));
    layouts
}

fn small_blocks(rows: &[Option<&str>]) -> ArrayRef {
    let mut builder = StringViewBuilder::new().with_fixed_block_size(48);
    for row in rows {
        builder.append_option(*row);
    }
    Arc::new(builder.finish())
}

fn sliced(rows: &[Option<&str>]) -> ArrayRef {
    let mut padded = vec![Some("a row that the slice leaves out"), None];
    padded.extend(rows);
    padded.push(Some("another row that the slice leaves out"));
    Arc::new(StringViewArray::from(padded).slice(2, rows.len()))
}

/// Builds the array backwards and restores the order by taking, so offsets descend.
fn out_of_order(rows: &[Option<&str>]) -> ArrayRef {
    let reversed: Vec<Option<&str>> = rows.iter().rev().copied().collect();
    let array = StringViewArray::from(reversed);
    let parts: Vec<ArrayRef> =
        (0..rows.len()).rev().map(|i| Arc::new(array.slice(i, 1)) as ArrayRef).collect();
    let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
    if parts.is_empty() { Arc::new(array) } else { concat(&parts).unwrap() }
}

fn dictionary(rows: &[Option<&str>], views: bool) -> ArrayRef {
    let mut values: Vec<&str> = rows.iter().copied().flatten().collect();
    values.sort_unstable();
    values.dedup();
    let keys: Int32Array = rows
        .iter()
        .map(|row| row.map(|text| i32::try_from(values.binary_search(&text).unwrap()).unwrap()))
        .collect();
    let values: ArrayRef =
        if views { Arc::new(StringViewArray::from(values)) } else { Arc::new(StringArray::from(values)) };
    Arc::new(DictionaryArray::new(keys, values))
}
