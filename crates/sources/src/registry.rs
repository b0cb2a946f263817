//! The sources: those that come with the program, and those of one's own.

use std::sync::OnceLock;

use rust_embed::RustEmbed;

use crate::detect::{Detection, detect};
use crate::source::Source;

#[derive(RustEmbed)]
#[folder = "../../content/sources"]
#[include = "*/source.yaml"]
#[include = "*/mapping.xif"]
#[include = "*/expected.ndjson"]
#[include = "*/samples/*"]
pub(crate) struct Content;

/// Sources by id.
#[derive(Debug)]
pub struct Registry {
    sources: Vec<Source>,
}

static REGISTRY: OnceLock<Registry> = OnceLock::new();

impl Registry {
    /// The sources that come with the program, and those that were added at its start.
    pub fn builtin() -> &'static Self {
        REGISTRY.get_or_init(|| {
            // A test loads every embedded source, so none is missing here.
            let (registry, _) = Self::load();
            registry
        })
    }

    /// Adds sources of one's own for as long as the program runs. This is done before anything asks for a source.
    pub fn add(own: Vec<Source>) -> Result<(), String> {
        let (mut registry, _) = Self::load();
        for source in own {
            if let Some(other) = registry.get(&source.id) {
                let whose = other.folder.as_ref().map_or_else(
                    || "comes with the program".to_owned(),
                    |folder| format!("is in {}", folder.display()),
                );
                return Err(format!("a source `{}` {whose} already: expected an id of its own", source.id));
            }
            registry.sources.push(source);
        }
        registry.sources.sort_by(|a, b| a.id.cmp(&b.id));
        REGISTRY.set(registry).map_err(|_| "the sources were read already".to_owned())
    }

    /// Reads the embedded folders; the second part says which could not be read and why.
    pub(crate) fn load() -> (Self, Vec<String>) {
        let mut sources = Vec::new();
        let mut errors = Vec::new();
        let mut paths: Vec<_> = Content::iter().filter(|path| path.ends_with("/source.yaml")).collect();
        paths.sort();
        for path in paths {
            let folder = path.trim_end_matches("/source.yaml");
            let text = |name: &str| {
                let file = Content::get(&format!("{folder}/{name}"))?;
                String::from_utf8(file.data.into_owned()).ok()
            };
            let (Some(yaml), Some(rules)) = (text("source.yaml"), text("mapping.xif")) else {
                errors.push(format!("{folder}: source.yaml or mapping.xif is missing"));
                continue;
            };
            match Source::load(&yaml, &rules) {
                Ok(source) if source.id == folder => sources.push(source),
                Ok(source) => errors.push(format!("{folder}: source.yaml has the id `{}`", source.id)),
                Err(error) => errors.push(format!("{folder}/{error}")),
            }
        }
        (Self { sources }, errors)
    }

    /// The source with this id.
    pub fn get(&self, id: &str) -> Option<&Source> {
        self.sources.iter().find(|source| source.id == id)
    }

    /// All sources, by id.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// The source that a sample of a file's records (some 20) belongs to.
    pub fn detect(&self, sample: &[&[u8]]) -> Option<Detection> {
        detect(self.sources.iter(), sample)
    }

    /// The same with one source more.
    pub fn detect_with(&self, more: Option<&Source>, sample: &[&[u8]]) -> Option<Detection> {
        detect(self.sources.iter().chain(more), sample)
    }
}
