//! Columns that are looked up by their whole value: ids, hashes, principals, hosts and addresses.
//!
//! They get Parquet bloom filters, which every engine reads, and no text maps: nobody looks for a piece of a hash.

use arrow::datatypes::{DataType, Schema};
use atalanta_schema::{Catalog, Content};

/// Ends of the names of such columns where the catalogue does not know the column.
const ENDS: [&str; 7] = ["_id", "_uid", "_sid", "_hash", "_sha256", "_md5", "_ip"];
/// Names of such columns where the catalogue does not know the column.
const NAMES: [&str; 7] = ["id", "uid", "uuid", "hash", "ip", "host", "user"];

/// The names of such columns of a dataset.
pub(crate) fn columns(dataset: &str, schema: &Schema) -> Vec<String> {
    let is_text = |ty: &DataType| matches!(ty, DataType::Utf8View | DataType::Utf8);
    let fields = schema.fields().iter().filter(|field| is_text(field.data_type()));
    fields.map(|field| field.name()).filter(|name| is_looked_up(dataset, name)).cloned().collect()
}

fn is_looked_up(dataset: &str, name: &str) -> bool {
    let known = Catalog::builtin().dataset(dataset).and_then(|dataset| dataset.field(name));
    if let Some(known) = known {
        if known.field.enum_name.is_some() {
            return false;
        }
        if let Some(content) = known.field.content {
            return matches!(content, Content::Hash | Content::Identity | Content::Ip | Content::Hostname);
        }
    }
    let name = name.to_ascii_lowercase();
    NAMES.contains(&name.as_str()) || ENDS.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_decides_then_the_name() {
        for (dataset, name, expected) in [
            ("xdr_data", "event_id", true),
            ("xdr_data", "raw_hash", true),
            ("xdr_data", "source_host", true),
            ("xdr_data", "raw", false),
            ("xdr_data", "event_type", false),
            ("xdr_data", "ocsf_activity_id", true),
            ("some_raw", "request_ID", true),
            ("some_raw", "src_ip", true),
            ("some_raw", "message", false),
            ("some_raw", "paid", false),
        ] {
            assert_eq!(is_looked_up(dataset, name), expected, "{dataset}.{name}");
        }
    }
}
