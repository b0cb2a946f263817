//! Catalogue of datasets and their fields (`content/schema`).

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use crate::content::{self, DatasetFile, PresetFile};
use crate::enums::Enum;
use crate::types::Type;

/// System fields of Cortex datasets.
const SYSTEM_FIELDS: [&str; 10] = [
    "_time",
    "_insert_time",
    "_raw_log",
    "_product",
    "_vendor",
    "_tag",
    "_id",
    "_snapshot_id",
    "_snapshot_log_count",
    "_snapshot_collection_ts",
];

/// Everything the platform knows about datasets, fields and value lists.
#[derive(Debug)]
pub struct Catalog {
    datasets: Vec<Dataset>,
    by_name: HashMap<String, usize>,
    enums: Vec<Enum>,
    enum_by_name: HashMap<String, usize>,
    cortex_fields: HashMap<String, Type>,
    cortex_datasets: HashSet<String>,
}

/// A queryable dataset.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Name after `dataset =` or `preset =`.
    pub name: String,
    /// One line: what the rows are.
    pub title: String,
    /// What it is made of.
    pub kind: DatasetKind,
    /// Whether fields that are not listed may exist (keys of raw JSON records).
    pub open: bool,
    /// The fields in column order.
    pub fields: Arc<[Field]>,
    /// The groups of fields with their titles, in column order.
    pub groups: Arc<[Group]>,
    index: Arc<FieldIndex>,
}

/// Kind of a [`Dataset`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatasetKind {
    /// The normalized event table.
    Events,
    /// Verbatim records of one source.
    Raw,
    /// State or lookup table.
    Lookup,
    /// Rows of another dataset whose `filter_field` holds one of `filter_values`.
    Preset {
        /// Dataset that holds the rows.
        of: String,
        /// Field of the filter, `event_type` or `event_class`.
        filter_field: String,
        /// Accepted values; never empty.
        filter_values: Vec<String>,
    },
}

/// A group of fields that the same kinds of rows fill.
#[derive(Clone, Debug)]
pub struct Group {
    /// Name, equal to [`Field::group`].
    pub name: String,
    /// Title for people; empty where the dataset has a single group.
    pub title: String,
}

/// A column of a dataset.
#[derive(Clone, Debug)]
pub struct Field {
    /// Name of the physical column.
    pub name: String,
    /// Type of its values.
    pub ty: Type,
    /// One line of explanation.
    pub description: String,
    /// Class group (`common`, `actor`, `process`, `network`, `llm`, …) whose rows fill it.
    pub group: String,
    /// Few distinct values: stored dictionary-encoded.
    pub low_cardinality: bool,
    /// Whether the column can be null.
    pub nullable: bool,
    /// Other names of the same column.
    pub aliases: Vec<String>,
    /// Name of the real Cortex field with this meaning.
    pub cortex: Option<String>,
    /// Name of the value list, if the values come from one.
    pub enum_name: Option<String>,
    /// What the text looks like.
    pub content: Option<Content>,
}

/// What kind of text a column holds; lets the checker prove that a value cannot occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// File path or object URI.
    Path,
    /// DNS name without scheme, port or path.
    Hostname,
    /// One address in text form.
    Ip,
    /// Command line of a process.
    CommandLine,
    /// Body of an HTTP message.
    HttpBody,
    /// HTTP headers or a header value.
    HttpHeader,
    /// URL or request target.
    Url,
    /// HTTP user agent.
    UserAgent,
    /// Free text.
    Text,
    /// Digest or fingerprint.
    Hash,
    /// Principal: user, SID, ARN, SPIFFE id.
    Identity,
    /// Base name of an executable, without folders.
    ImageName,
}

/// A field found by name or alias.
#[derive(Clone, Copy, Debug)]
pub struct FieldRef<'a> {
    /// The physical column.
    pub field: &'a Field,
    /// The alias that was used, in its canonical spelling; `None` for the column's own name.
    pub via_alias: Option<&'a str>,
}

/// Field and alias positions by lower-case name.
#[derive(Debug, Default)]
struct FieldIndex(HashMap<String, (usize, Option<usize>)>);

impl Content {
    /// Whether a sensor that sees a TLS flow from outside cannot fill such a column.
    pub fn hidden_by_tls(self) -> bool {
        matches!(self, Self::HttpBody | Self::HttpHeader | Self::Url | Self::UserAgent)
    }

    /// Whether a value of this kind can contain the character; errs towards `true`.
    pub fn admits(self, c: char) -> bool {
        match self {
            Self::Ip => c.is_ascii_hexdigit() || ".:%".contains(c) || c.is_ascii_alphanumeric(),
            Self::Hostname => !c.is_whitespace() && !"/\\?#@\"'<>(){},;|".contains(c),
            Self::ImageName => c != '/' && c != '\0',
            Self::Hash => !c.is_whitespace() && !c.is_control(),
            Self::Path | Self::CommandLine | Self::Text | Self::Identity => true,
            Self::HttpBody | Self::HttpHeader | Self::Url | Self::UserAgent => true,
        }
    }
}

impl Dataset {
    /// The field with this name or alias, case ignored.
    pub fn field(&self, name_or_alias: &str) -> Option<FieldRef<'_>> {
        let &(at, alias) = self.index.0.get(lower(name_or_alias).as_ref())?;
        let field = self.fields.get(at)?;
        let via_alias = alias.and_then(|i| field.aliases.get(i)).map(String::as_str);
        Some(FieldRef { field, via_alias })
    }

    /// Position of the column, for code that works on column numbers.
    pub fn column(&self, name_or_alias: &str) -> Option<usize> {
        self.index.0.get(lower(name_or_alias).as_ref()).map(|&(at, _)| at)
    }

    /// The nearest field name or alias to a misspelt one.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        let names = self
            .fields
            .iter()
            .flat_map(|f| std::iter::once(f.name.as_str()).chain(f.aliases.iter().map(String::as_str)));
        crate::nearest::nearest(name, names)
    }

    /// Builds the index; a name or alias used twice is an error.
    pub(crate) fn new(file: DatasetFile, kind: DatasetKind, fields: Vec<Field>) -> Result<Self, String> {
        let mut index = HashMap::new();
        for (at, field) in fields.iter().enumerate() {
            add_name(&mut index, &file.name, &field.name, (at, None))?;
            for (i, alias) in field.aliases.iter().enumerate() {
                add_name(&mut index, &file.name, alias, (at, Some(i)))?;
            }
        }
        let groups = file.groups.into_iter().map(|g| Group { name: g.group, title: g.title }).collect();
        Ok(Self {
            groups,
            name: file.name,
            title: file.title,
            kind,
            open: file.open,
            fields: fields.into(),
            index: Arc::new(FieldIndex(index)),
        })
    }

    fn preset(&self, preset: PresetFile) -> Self {
        Self {
            name: preset.name,
            title: preset.title,
            kind: DatasetKind::Preset {
                of: self.name.clone(),
                filter_field: preset.filter_field,
                filter_values: preset.filter_values,
            },
            open: self.open,
            fields: Arc::clone(&self.fields),
            groups: Arc::clone(&self.groups),
            index: Arc::clone(&self.index),
        }
    }
}

fn add_name(
    index: &mut HashMap<String, (usize, Option<usize>)>,
    dataset: &str,
    name: &str,
    at: (usize, Option<usize>),
) -> Result<(), String> {
    match index.insert(name.to_ascii_lowercase(), at) {
        None => Ok(()),
        Some(_) => Err(format!("`{dataset}` has two fields or aliases named `{name}`")),
    }
}

impl Catalog {
    /// The catalogue embedded in the binary, parsed on first use.
    pub fn builtin() -> &'static Self {
        static BUILTIN: LazyLock<Catalog> = LazyLock::new(|| {
            Catalog::from_content().expect("the embedded catalogue parses, a test proves it")
        });
        &BUILTIN
    }

    /// Reads the embedded files.
    fn from_content() -> Result<Self, String> {
        let mut datasets = content::datasets()?;
        for preset in content::presets()? {
            let Some(base) = datasets.iter().find(|d| d.name == preset.of) else {
                return Err(format!("preset `{}` builds on unknown dataset `{}`", preset.name, preset.of));
            };
            let preset = base.preset(preset);
            datasets.push(preset);
        }
        let mut by_name = HashMap::new();
        for (at, dataset) in datasets.iter().enumerate() {
            if by_name.insert(dataset.name.to_ascii_lowercase(), at).is_some() {
                return Err(format!("two datasets named `{}`", dataset.name));
            }
        }
        let enums = content::enums()?;
        let enum_by_name = enums.iter().enumerate().map(|(at, e)| (e.name.clone(), at)).collect();
        Ok(Self {
            datasets,
            by_name,
            enums,
            enum_by_name,
            cortex_fields: content::cortex_fields()?,
            cortex_datasets: content::cortex_datasets(),
        })
    }

    /// The dataset or preset with this name, case ignored.
    pub fn dataset(&self, name: &str) -> Option<&Dataset> {
        self.datasets.get(*self.by_name.get(lower(name).as_ref())?)
    }

    /// All datasets and presets: the event table, raw datasets, lookups, presets.
    pub fn datasets(&self) -> &[Dataset] {
        &self.datasets
    }

    /// The nearest dataset name to a misspelt one.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        crate::nearest::nearest(name, self.datasets.iter().map(|d| d.name.as_str()))
    }

    /// The value list with this name.
    pub fn enum_by_name(&self, name: &str) -> Option<&Enum> {
        self.enums.get(*self.enum_by_name.get(lower(name).as_ref())?)
    }

    /// All value lists.
    pub fn enums(&self) -> &[Enum] {
        &self.enums
    }

    /// The value list of a field.
    pub fn enum_of(&self, field: &Field) -> Option<&Enum> {
        self.enum_by_name(field.enum_name.as_deref()?)
    }

    /// Whether the name is one of the system fields that every Cortex dataset can have and that the
    /// `fields` stage cannot remove.
    pub fn is_system_field(&self, name: &str) -> bool {
        SYSTEM_FIELDS.contains(&lower(name).as_ref())
    }

    /// Whether `xdr_data` of Cortex XDR has a field of this name, carried by this schema or not.
    pub fn is_cortex_field(&self, name: &str) -> bool {
        self.cortex_fields.contains_key(lower(name).as_ref())
    }

    /// Type of a real Cortex field; [`Type::Any`] where the vendor gives none.
    pub fn cortex_field_type(&self, name: &str) -> Option<&Type> {
        self.cortex_fields.get(lower(name).as_ref())
    }

    /// Whether Cortex XDR or XSIAM ships a dataset or preset of this name, present here or not.
    pub fn is_cortex_dataset(&self, name: &str) -> bool {
        self.cortex_datasets.contains(lower(name).as_ref())
    }
}

/// ASCII lower case without an allocation in the usual case.
fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn xdr_data() -> &'static Dataset {
        Catalog::builtin().dataset("XDR_data").expect("the event table exists")
    }

    #[test]
    fn the_embedded_data_parse() {
        Catalog::from_content().expect("embedded catalogue");
        assert!(xdr_data().fields.len() > 250);
        assert_eq!(xdr_data().fields[0].name, "_time");
    }

    /// The 22 field names of the SOP and the columns that XQL.md section 5.5 gives them.
    #[test]
    fn every_sop_field_resolves() {
        let names = [
            ("event_type", "event_type"),
            ("event_time_ts", "_time"),
            ("action_remote_hostname", "action_remote_hostname"),
            ("action_remote_ip", "action_remote_ip"),
            ("action_remote_port", "action_remote_port"),
            ("action_local_ip", "action_local_ip"),
            ("action_network_protocol", "action_network_protocol"),
            ("action_http_request_body", "action_http_request_body"),
            ("action_http_request_method", "action_http_request_method"),
            ("action_http_request_uri", "action_http_request_uri"),
            ("action_http_user_agent", "action_http_user_agent"),
            ("action_network_bytes_out", "action_network_bytes_out"),
            ("action_network_bytes_in", "action_network_bytes_in"),
            ("action_process_image_name", "action_process_image_name"),
            ("action_process_image_path", "action_process_image_path"),
            ("action_process_command_line", "action_process_command_line"),
            ("action_process_cpu_time", "action_process_cpu_time"),
            ("action_file_path", "action_file_path"),
            ("action_file_operation", "action_file_operation"),
            ("action_file_hash", "action_file_hash"),
            ("actor_process_image_name", "actor_process_image_name"),
            ("actor_primary_user_sid", "actor_primary_user_sid"),
        ];
        for (name, column) in names {
            assert_eq!(xdr_data().field(name).map(|f| f.field.name.as_str()), Some(column), "{name}");
        }
    }

    #[test]
    fn aliases_resolve_to_their_column() {
        for (alias, column) in [
            ("action_process_image_command_line", "action_process_command_line"),
            ("dst_action_external_hostname", "action_remote_hostname"),
            ("action_file_sha256", "action_file_hash"),
            ("ACTION_Total_Upload", "action_network_bytes_out"),
            ("action_download", "action_network_bytes_in"),
            ("http_method", "action_http_request_method"),
            ("http_req_uri", "action_http_request_uri"),
            ("action_user_agent", "action_http_user_agent"),
            ("_raw_log", "raw"),
        ] {
            let found = xdr_data().field(alias).expect(alias);
            assert_eq!(found.field.name, column);
            assert_eq!(found.via_alias, Some(alias.to_ascii_lowercase().as_str()));
        }
        assert!(xdr_data().field("nope").is_none());
    }

    /// Each dataset's names are unique by construction; this proves that every one is reachable.
    #[test]
    fn every_name_and_alias_of_every_dataset_resolves() {
        for dataset in Catalog::builtin().datasets() {
            for (at, field) in dataset.fields.iter().enumerate() {
                assert_eq!(dataset.column(&field.name), Some(at));
                for alias in &field.aliases {
                    assert_eq!(dataset.column(alias), Some(at), "{alias}");
                }
                assert!(!field.description.is_empty());
            }
        }
    }

    #[test]
    fn a_name_used_twice_is_refused() {
        let mut fields = xdr_data().fields.to_vec();
        fields[1].aliases.push("event_time_ts".to_owned());
        let file = DatasetFile { name: "x".into(), title: "x".into(), open: false, groups: Vec::new() };
        let error = Dataset::new(file, DatasetKind::Events, fields).expect_err("collision");
        assert_eq!(error, "`x` has two fields or aliases named `event_time_ts`");
    }

    #[test]
    fn every_enum_reference_exists_and_every_list_is_used() {
        let catalog = Catalog::builtin();
        let mut unused: HashSet<_> = catalog.enums().iter().map(|e| e.name.as_str()).collect();
        for dataset in catalog.datasets() {
            for field in dataset.fields.iter() {
                let Some(name) = field.enum_name.as_deref() else {
                    continue;
                };
                assert!(catalog.enum_of(field).is_some(), "{name}");
                assert_eq!(field.ty, Type::String, "{}", field.name);
                unused.remove(name);
            }
        }
        assert!(unused.is_empty(), "{unused:?}");
    }

    #[test]
    fn every_cortex_reference_is_a_known_cortex_field() {
        let catalog = Catalog::builtin();
        for field in xdr_data().fields.iter() {
            let Some(cortex) = field.cortex.as_deref() else {
                continue;
            };
            assert!(catalog.is_cortex_field(cortex) || catalog.is_system_field(cortex), "{cortex}");
            assert!(xdr_data().field(cortex).is_some(), "{cortex} is not reachable");
        }
        for invented in ["action_file_hash", "event_time_ts", "action_process_cpu_time", "labels"] {
            assert!(!catalog.is_cortex_field(invented), "{invented}");
        }
        assert_eq!(catalog.cortex_field_type("os_actor_process_os_pid"), Some(&Type::Int));
        assert_eq!(catalog.cortex_field_type("dst_agent_os_type"), Some(&Type::Int));
        assert!(catalog.is_cortex_dataset("panw_ngfw_url_raw"));
    }

    #[test]
    fn enum_values_by_name_prefix_and_number() {
        let catalog = Catalog::builtin();
        let types = catalog.enum_by_name("event_type").expect("event_type");
        for text in ["NETWORK", "network", "ENUM.NETWORK", "enum.Network", "2"] {
            assert_eq!(types.value(text).map(|v| v.name.as_str()), Some("NETWORK"), "{text}");
        }
        assert!(types.value("8888").is_none());
        assert_eq!(types.nearest("ENUM.NETWROK"), Some("NETWORK"));
        let sub_types = catalog.enum_by_name("event_sub_type").expect("event_sub_type");
        assert!(sub_types.value("1").is_none(), "1 is PROCESS_START and FILE_CREATE_NEW");
        assert_eq!(sub_types.numbered(1).count(), 2);
        let protocol = catalog.enum_by_name("action_network_protocol").expect("protocol");
        assert!(protocol.value("TCP").is_some_and(|v| v.cortex && v.number == Some(6)));
        assert!(protocol.value("https").is_some_and(|v| !v.cortex));
    }

    #[test]
    fn file_operations_map_to_sub_types() {
        let catalog = Catalog::builtin();
        let sub_types = catalog.enum_by_name("event_sub_type").expect("event_sub_type");
        let operations = catalog.enum_by_name("action_file_operation").expect("operations");
        for operation in &operations.values {
            let other = operation.cortex_equivalent.as_deref().or(operation.cortex_nearest.as_deref());
            let value = other.and_then(|o| sub_types.value(o)).expect("a Cortex sub type");
            assert!(value.cortex, "{}", value.name);
        }
        let read = operations.value("FILE_READ").expect("FILE_READ");
        assert_eq!(read.cortex_equivalent, None);
        assert_eq!(read.cortex_nearest.as_deref(), Some("FILE_OPEN"));
    }

    #[test]
    fn sub_types_and_classes_name_existing_event_types() {
        let catalog = Catalog::builtin();
        let types = catalog.enum_by_name("event_type").expect("event_type");
        for list in ["event_sub_type", "event_class"] {
            for value in &catalog.enum_by_name(list).expect(list).values {
                let of = value.of.as_deref().expect("an event type");
                assert!(types.value(of).is_some(), "{of}");
            }
        }
    }

    #[test]
    fn presets_filter_on_existing_values() {
        let catalog = Catalog::builtin();
        let story = catalog.dataset("network_story").expect("network_story");
        assert_eq!(story.fields.len(), xdr_data().fields.len());
        for dataset in catalog.datasets() {
            let DatasetKind::Preset { of, filter_field, filter_values } = &dataset.kind else {
                continue;
            };
            let base = catalog.dataset(of).expect("base dataset");
            let field = base.field(filter_field).expect("filter field").field;
            assert!(!filter_values.is_empty());
            for value in filter_values {
                assert!(catalog.enum_of(field).is_some_and(|e| e.value(value).is_some()), "{value}");
            }
        }
    }

    #[test]
    fn nearest_names() {
        assert_eq!(xdr_data().nearest("action_remote_hostnam"), Some("action_remote_hostname"));
        assert_eq!(Catalog::builtin().nearest("xdr_dat"), Some("xdr_data"));
    }

    #[test]
    fn hidden_columns_of_a_tls_flow() {
        let hidden: Vec<_> = xdr_data()
            .fields
            .iter()
            .filter(|f| f.group == "network" && f.content.is_some_and(Content::hidden_by_tls))
            .map(|f| f.name.as_str())
            .collect();
        assert!(hidden.contains(&"action_http_request_body"));
        assert!(hidden.contains(&"action_http_user_agent"));
        assert!(!hidden.contains(&"tls_sni"));
        assert!(!hidden.contains(&"action_remote_hostname"));
    }
}
