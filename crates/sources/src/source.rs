//! A source's description: `source.yaml` and `mapping.xif` of its folder.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::tree::{Map, Value};
use atalanta_schema::Type;
use atalanta_xql::syntax::rules::{RulesFile, parse_rules};
use regex::Regex;
use serde::Deserialize;

use crate::Framing;
use crate::decode::{DECODERS, DecodeOptions, JsonOptions};
use crate::detect::{Sign, member};
use crate::paths::Use;
use crate::rules::{Rules, RulesError};

/// An adapter.
#[derive(Debug)]
pub struct Source {
    /// Name of its folder and of `source_name` in its rows.
    pub id: String,
    /// Folder that it was read from, if it does not come with the program.
    pub folder: Option<std::path::PathBuf>,
    /// What it reads, for people.
    pub title: String,
    /// `source_vendor` of its rows.
    pub vendor: String,
    /// `source_product` of its rows.
    pub product: String,
    /// Documentation of the producer or its format.
    pub link: String,
    /// Steps to connect it, three at most.
    pub connect: Vec<String>,
    /// Raw dataset of its records.
    pub raw_dataset: String,
    /// How its files are cut into records.
    pub framing: Framing,
    /// Name of its decoder ([`crate::decode::decoder`]).
    pub decoder: String,
    /// What its decoder is told.
    pub options: DecodeOptions,
    /// Samples that a producer wrote; the others are written after its documentation.
    pub recorded: Vec<String>,
    /// Members that a column holds in another form, by the end of their path.
    pub converted: Vec<String>,
    /// Which versions of its records the rules were written for.
    pub version: Option<KnownVersions>,
    /// Event classes that its rows may have.
    pub event_classes: Vec<String>,
    /// Columns that mapping rules can name, with their types.
    pub fields: BTreeMap<String, Type>,
    /// Whether fields that are columns of `xdr_data` need no assignment.
    pub pass_through: bool,
    /// The mapping rules, as written.
    pub rules_text: String,
    /// How its records are recognised.
    pub(crate) signs: Vec<Sign>,
    /// One per statement of the rules: a file with that statement alone, and what it reads and assigns.
    pub(crate) statements: Vec<(String, Use)>,
    /// The statements in the engine, compiled when first needed.
    pub(crate) programs: Programs,
}

/// Statements that were compiled once for all mappers of a source.
#[derive(Default)]
pub(crate) struct Programs(pub(crate) OnceLock<Result<Vec<Arc<dyn Rules>>, RulesError>>);

impl std::fmt::Debug for Programs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.get().is_some() { "compiled" } else { "not compiled" })
    }
}

/// Where a record says its version, and the versions that the rules were written for.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownVersions {
    /// Path of the member, names joined by dots.
    pub member: String,
    /// Known values.
    pub known: Vec<String>,
}

/// `source.yaml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceFile {
    id: String,
    title: String,
    vendor: String,
    product: String,
    link: String,
    connect: Vec<String>,
    raw_dataset: String,
    framing: Framing,
    decoder: String,
    #[serde(default)]
    json: JsonOptions,
    #[serde(default)]
    patterns: Vec<String>,
    #[serde(default)]
    recorded: Vec<String>,
    #[serde(default)]
    converted: Vec<String>,
    #[serde(default)]
    version: Option<KnownVersions>,
    event_classes: Vec<String>,
    detect: Vec<Sign>,
    fields: BTreeMap<String, String>,
    #[serde(default)]
    pass_through: bool,
}

impl Source {
    /// Reads a source; the error says what is wrong in which file.
    pub fn load(yaml: &str, rules_text: &str) -> Result<Self, String> {
        let file = described(yaml)?;
        let patterns = file.patterns.iter().map(|pattern| Regex::new(pattern));
        let patterns: Result<Arc<[Regex]>, _> = patterns.collect();
        let patterns = patterns.map_err(|error| format!("source.yaml: pattern: {error}"))?;
        let fields = fields(&file)?;
        let rules = parse_rules(rules_text);
        if let Some(first) = rules.diagnostics.first() {
            let line =
                rules_text[..(first.span.start as usize).min(rules_text.len())].matches('\n').count() + 1;
            return Err(format!("mapping.xif:{line}: {}", first.message));
        }
        let statements = statements(rules_text, &rules, &file.vendor, &file.product)?;
        Ok(Self {
            id: file.id,
            folder: None,
            title: file.title,
            vendor: file.vendor,
            product: file.product,
            link: file.link,
            connect: file.connect,
            raw_dataset: file.raw_dataset,
            framing: file.framing,
            decoder: file.decoder,
            options: DecodeOptions { json: Arc::new(file.json), patterns },
            recorded: file.recorded,
            converted: file.converted,
            version: file.version,
            event_classes: file.event_classes,
            fields,
            pass_through: file.pass_through,
            rules_text: rules_text.to_owned(),
            signs: file.detect,
            statements,
            programs: Programs::default(),
        })
    }
}

impl Source {
    /// Columns that some statement of the rules assigns, by name.
    pub fn assigned_columns(&self) -> Vec<&str> {
        let all: std::collections::BTreeSet<&str> =
            self.statements.iter().flat_map(|(_, used)| used.assigns.iter().map(String::as_str)).collect();
        let dataset = atalanta_schema::Catalog::builtin().dataset("xdr_data");
        let known = |name: &&str| {
            dataset.is_some_and(|dataset| dataset.fields.iter().any(|field| field.name == *name))
        };
        all.into_iter().filter(known).collect()
    }

    /// Whether a record says that it has a version that the rules were not written for.
    pub(crate) fn unknown_version(&self, fields: &Map) -> bool {
        let Some(version) = &self.version else { return false };
        let (first, rest) = version.member.split_once('.').unwrap_or((&version.member, ""));
        let found = fields
            .get(first)
            .and_then(|value| if rest.is_empty() { Some(value) } else { member(value, rest) });
        let text = match found {
            Some(Value::String(text)) => text.to_string(),
            Some(Value::Number(number)) => number.to_string(),
            _ => return false,
        };
        !version.known.contains(&text)
    }

    /// Whether a member is a decoder's view of other members: its name begins with `_` and the rules may read it,
    /// or it is the caller's key.
    pub(crate) fn is_view(&self, name: &str) -> bool {
        name == "_api_key" || (name.starts_with('_') && self.fields.contains_key(name))
    }

    /// Whether a column holds the member at a path in another form, as `converted` says.
    pub fn holds_converted(&self, path: &str) -> bool {
        self.converted.iter().any(|form| path == form || path.ends_with(&format!(".{form}")))
    }
}

/// Reads `source.yaml`.
fn described(yaml: &str) -> Result<SourceFile, String> {
    let file: SourceFile = serde_saphyr::from_str(yaml).map_err(|error| format!("source.yaml: {error}"))?;
    if !DECODERS.contains(&file.decoder.as_str()) {
        return Err(format!(
            "source.yaml: unknown decoder `{}`, expected one of {}",
            file.decoder,
            DECODERS.join(", ")
        ));
    }
    if file.connect.is_empty() || file.connect.len() > 3 {
        return Err("source.yaml: expected one to three steps in `connect`".to_owned());
    }
    Ok(file)
}

/// The columns that the rules can name.
fn fields(file: &SourceFile) -> Result<BTreeMap<String, Type>, String> {
    let mut fields = BTreeMap::new();
    if file.pass_through {
        let dataset = atalanta_schema::Catalog::builtin().dataset("xdr_data");
        let columns = dataset.map(|dataset| &*dataset.fields).unwrap_or_default();
        let columns = columns.iter().filter(|field| field.name != "_time");
        fields.extend(columns.map(|field| (field.name.clone(), field.ty.clone())));
    }
    for (name, ty) in &file.fields {
        let Some(ty) = Type::parse(ty) else {
            return Err(format!("source.yaml: field `{name}` has the unknown type `{ty}`"));
        };
        fields.insert(name.clone(), ty);
    }
    Ok(fields)
}

/// Every statement on its own, so that each row is known to come from one.
fn statements(
    text: &str,
    rules: &RulesFile,
    vendor: &str,
    product: &str,
) -> Result<Vec<(String, Use)>, String> {
    let mut shared = String::new();
    for section in rules.sections.iter().filter(|section| section.kind == "RULE") {
        shared.push_str(&text[section.span.range()]);
        for statement in &section.statements {
            shared.push('\n');
            shared.push_str(&text[statement.span.range()]);
            shared.push_str(";\n");
        }
    }
    let mut out = Vec::new();
    for section in rules.sections.iter().filter(|section| section.kind == "INGEST") {
        if section.argument("vendor") != Some(vendor) || section.argument("product") != Some(product) {
            return Err(format!(
                "mapping.xif: expected vendor `{vendor}` and product `{product}` as in source.yaml"
            ));
        }
        for statement in &section.statements {
            let own =
                format!("{shared}\n{}\n{};\n", &text[section.span.range()], &text[statement.span.range()]);
            out.push((own, Use::of(statement, rules)));
        }
    }
    if out.is_empty() {
        return Err("mapping.xif: no statement in an INGEST section".to_owned());
    }
    Ok(out)
}
