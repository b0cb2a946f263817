//! The embedded files of `content/schema` and their shapes.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::catalog::{Content, Dataset, DatasetKind, Field};
use crate::enums::Enum;
use crate::types::Type;

const XDR_DATA: &str = include_str!("../../../content/schema/datasets/xdr_data.yaml");
const RAW: &str = include_str!("../../../content/schema/datasets/raw.yaml");
const LOOKUPS: &str = include_str!("../../../content/schema/datasets/lookups.yaml");
const PRESETS: &str = include_str!("../../../content/schema/datasets/presets.yaml");
const ENUMS: &str = include_str!("../../../content/schema/enums.yaml");
const CORTEX_FIELDS: &str = include_str!("../../../content/schema/cortex_fields.txt");
const CORTEX_DATASETS: &str = include_str!("../../../content/schema/cortex_datasets.txt");

/// A dataset with its field groups.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DatasetFile {
    pub(crate) name: String,
    pub(crate) title: String,
    #[serde(default)]
    pub(crate) open: bool,
    #[serde(default)]
    pub(crate) groups: Vec<GroupFile>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupFile {
    pub(crate) group: String,
    #[serde(default)]
    pub(crate) title: String,
    fields: Vec<FieldFile>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldFile {
    name: String,
    #[serde(rename = "type")]
    ty: String,
    description: String,
    #[serde(default)]
    low_cardinality: bool,
    #[serde(default = "yes")]
    nullable: bool,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    cortex: Option<String>,
    #[serde(default, rename = "enum")]
    enum_name: Option<String>,
    #[serde(default)]
    content: Option<Content>,
}

fn yes() -> bool {
    true
}

/// Raw datasets share one field list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    groups: Vec<GroupFile>,
    datasets: Vec<NameAndTitle>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameAndTitle {
    name: String,
    title: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LookupsFile {
    lookups: Vec<DatasetFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PresetsFile {
    presets: Vec<PresetFile>,
}

/// A preset: the rows of a dataset with certain values in one field.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PresetFile {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) of: String,
    pub(crate) filter_field: String,
    pub(crate) filter_values: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnumsFile {
    enums: Vec<Enum>,
}

fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, String> {
    serde_saphyr::from_str(text).map_err(|error| format!("{file}: {error}"))
}

/// The event table, the raw datasets and the lookups, in this order.
pub(crate) fn datasets() -> Result<Vec<Dataset>, String> {
    let mut out = Vec::new();
    let events: DatasetFile = parse("xdr_data.yaml", XDR_DATA)?;
    out.push(dataset(events, DatasetKind::Events)?);
    let raw: RawFile = parse("raw.yaml", RAW)?;
    for NameAndTitle { name, title } in raw.datasets {
        let file = DatasetFile { name, title, open: true, groups: raw.groups.clone() };
        out.push(dataset(file, DatasetKind::Raw)?);
    }
    let lookups: LookupsFile = parse("lookups.yaml", LOOKUPS)?;
    for lookup in lookups.lookups {
        out.push(dataset(lookup, DatasetKind::Lookup)?);
    }
    Ok(out)
}

fn dataset(file: DatasetFile, kind: DatasetKind) -> Result<Dataset, String> {
    let fields = fields(&file.groups).map_err(|error| format!("{}: {error}", file.name))?;
    Dataset::new(file, kind, fields)
}

fn fields(groups: &[GroupFile]) -> Result<Vec<Field>, String> {
    let mut out = Vec::new();
    for group in groups {
        for field in group.fields.clone() {
            let Some(ty) = Type::parse(&field.ty) else {
                return Err(format!("field `{}` has the unknown type `{}`", field.name, field.ty));
            };
            out.push(Field {
                name: field.name,
                ty,
                description: field.description,
                group: group.group.clone(),
                low_cardinality: field.low_cardinality,
                nullable: field.nullable,
                aliases: field.aliases,
                cortex: field.cortex,
                enum_name: field.enum_name,
                content: field.content,
            });
        }
    }
    Ok(out)
}

/// The presets.
pub(crate) fn presets() -> Result<Vec<PresetFile>, String> {
    Ok(parse::<PresetsFile>("presets.yaml", PRESETS)?.presets)
}

/// The value lists, indexed.
pub(crate) fn enums() -> Result<Vec<Enum>, String> {
    let mut enums = parse::<EnumsFile>("enums.yaml", ENUMS)?.enums;
    for e in &mut enums {
        e.build_index();
    }
    Ok(enums)
}

/// Real Cortex field names with their types, by lower-case name.
pub(crate) fn cortex_fields() -> Result<HashMap<String, Type>, String> {
    let mut out = HashMap::new();
    for line in lines(CORTEX_FIELDS) {
        let (name, ty) = line.split_once(' ').unwrap_or((line, "any"));
        let Some(ty) = Type::parse(ty) else {
            return Err(format!("cortex_fields.txt: unknown type in `{line}`"));
        };
        out.insert(name.to_ascii_lowercase(), ty);
    }
    Ok(out)
}

/// Names of Cortex datasets and presets, lower case.
pub(crate) fn cortex_datasets() -> HashSet<String> {
    lines(CORTEX_DATASETS).map(str::to_ascii_lowercase).collect()
}

/// Lines that are neither empty nor comments.
fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}
