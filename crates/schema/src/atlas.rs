//! MITRE ATLAS: tactics, techniques, mitigations, case studies and the crosswalk from other
//! identifiers (`content/atlas`).

mod crosswalk;
mod extract;
mod navigator;
mod resolve;

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

pub use crosswalk::{Owasp, OwaspList, SopTechnique, ThreadNote};
pub use extract::extract_ids;
pub use resolve::{Entry, Resolution};

use crosswalk::Crosswalk;

const ATLAS: &str = include_str!("../../../content/atlas/atlas.json");
const CROSSWALK: &str = include_str!("../../../content/atlas/crosswalk.json");

/// The ATLAS matrix and what other catalogues call its parts.
#[derive(Debug)]
pub struct Atlas {
    data: AtlasFile,
    crosswalk: Crosswalk,
    /// Position of tactics by id.
    tactic_by_id: HashMap<String, usize>,
    technique_by_id: HashMap<String, usize>,
    /// Current names and full names, lower case; a name that two techniques share is left out.
    technique_by_name: HashMap<String, usize>,
}

#[derive(Debug, Deserialize)]
struct AtlasFile {
    source: Source,
    counts: Counts,
    tactics: Vec<Tactic>,
    techniques: Vec<Technique>,
    retired: Vec<Retired>,
    renamed: Vec<Renamed>,
    mitigations: Vec<Mitigation>,
    case_studies: Vec<CaseStudy>,
}

/// Where the ATLAS data come from.
#[derive(Debug, Deserialize)]
pub struct Source {
    /// Name of the catalogue.
    pub catalog: String,
    /// Content release, `YYYY.MM`.
    pub content_version: String,
    /// Version of the data format upstream.
    pub format_version: String,
    /// Release date, `YYYY-MM-DD`.
    pub released: String,
    /// Tag of the upstream repository.
    pub git_tag: String,
    /// Commit of the upstream repository.
    pub git_commit: String,
    /// Licence and trademark line.
    pub license: String,
    /// Date on which the facts were extracted, `YYYY-MM-DD`.
    pub extracted: String,
}

/// How much there is of everything.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Counts {
    /// Tactics.
    pub tactics: usize,
    /// Techniques without their sub-techniques.
    pub techniques: usize,
    /// Sub-techniques.
    pub subtechniques: usize,
    /// Mitigations.
    pub mitigations: usize,
    /// Case studies of the upstream release.
    pub case_studies_upstream: usize,
    /// Case studies whose steps are here.
    pub case_studies_here: usize,
}

/// A column of the matrix.
#[derive(Debug, Deserialize)]
pub struct Tactic {
    /// `AML.TA0002`.
    pub id: String,
    /// Current name.
    pub name: String,
    /// Position in the matrix, from 1.
    pub order: u32,
    /// The corresponding ATT&CK tactic, `TA0043`.
    pub attack_ref: Option<String>,
}

/// A technique or sub-technique.
#[derive(Debug, Deserialize)]
pub struct Technique {
    /// `AML.T0051` or `AML.T0051.000`.
    pub id: String,
    /// Current name without the parent's.
    pub name: String,
    /// Name with the parent's in front, `LLM Prompt Injection: Direct`.
    pub full_name: String,
    /// Id of the parent of a sub-technique.
    pub parent: Option<String>,
    /// Ids of the tactics it serves.
    pub tactics: Vec<String>,
    /// `feasible`, `demonstrated` or `realized`.
    pub maturity: String,
    /// Platforms of the matrix.
    pub platforms: Vec<String>,
    /// The corresponding ATT&CK technique.
    pub attack_ref: Option<String>,
}

/// An id that ATLAS no longer uses.
#[derive(Debug, Deserialize)]
pub struct Retired {
    /// The retired id.
    pub id: String,
    /// Last name, where known.
    pub name: Option<String>,
    /// Id that took its place.
    pub replaced_by: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Renamed {
    id: String,
    old: Vec<String>,
}

/// A mitigation.
#[derive(Debug, Deserialize)]
pub struct Mitigation {
    /// `AML.M0000`.
    pub id: String,
    /// Name; `None` for the newest ids, whose names were not in the data at hand.
    pub name: Option<String>,
    /// Techniques it mitigates, as linked in ATLAS 5.6; empty for mitigations younger than that.
    #[serde(default, rename = "techniques_v5_6")]
    pub techniques: Vec<String>,
}

/// A case study.
#[derive(Debug, Deserialize)]
pub struct CaseStudy {
    /// `AML.CS0000`.
    pub id: String,
    /// Title.
    pub name: String,
    /// `exercise` or `incident`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Date of the event.
    pub date: Option<String>,
    /// Steps in order.
    pub steps: Vec<CaseStudyStep>,
}

/// A step of a [`CaseStudy`].
#[derive(Debug, Deserialize)]
pub struct CaseStudyStep {
    /// Tactic id.
    pub tactic: String,
    /// Technique id.
    pub technique: String,
}

impl Atlas {
    /// The data embedded in the binary, parsed on first use.
    pub fn builtin() -> &'static Self {
        static BUILTIN: LazyLock<Atlas> = LazyLock::new(|| {
            Atlas::parse(ATLAS, CROSSWALK).expect("the embedded ATLAS data parse, a test proves it")
        });
        &BUILTIN
    }

    fn parse(atlas: &str, crosswalk: &str) -> Result<Self, serde_json::Error> {
        let mut data: AtlasFile = serde_json::from_str(atlas)?;
        data.tactics.sort_by_key(|t| t.order);
        let crosswalk = serde_json::from_str(crosswalk)?;
        let ids = |(at, id): (usize, &str)| (id.to_owned(), at);
        let tactic_by_id = data.tactics.iter().map(|t| t.id.as_str()).enumerate().map(ids).collect();
        let technique_by_id = data.techniques.iter().map(|t| t.id.as_str()).enumerate().map(ids).collect();
        let technique_by_name = names(&data.techniques);
        Ok(Self { data, crosswalk, tactic_by_id, technique_by_id, technique_by_name })
    }

    /// Content release, for example `2026.09`.
    pub fn version(&self) -> &str {
        &self.data.source.content_version
    }

    /// Where the data come from.
    pub fn source(&self) -> &Source {
        &self.data.source
    }

    /// Counts for display.
    pub fn counts(&self) -> Counts {
        self.data.counts
    }

    /// The tactics in matrix order.
    pub fn tactics(&self) -> &[Tactic] {
        &self.data.tactics
    }

    /// All techniques and sub-techniques in the order of their ids.
    pub fn techniques(&self) -> &[Technique] {
        &self.data.techniques
    }

    /// The retired ids.
    pub fn retired(&self) -> &[Retired] {
        &self.data.retired
    }

    /// The mitigations.
    pub fn mitigations(&self) -> &[Mitigation] {
        &self.data.mitigations
    }

    /// The case studies.
    pub fn case_studies(&self) -> &[CaseStudy] {
        &self.data.case_studies
    }

    /// The technique with this id, with or without `AML.`, in any case.
    pub fn technique(&self, id: &str) -> Option<&Technique> {
        self.data.techniques.get(*self.technique_by_id.get(&full_id(id)?)?)
    }

    /// The tactic with this id (with or without `AML.`) or current name, in any case.
    ///
    /// `TA0002` is read as ATLAS here; [`Atlas::resolve`] points at the ATT&CK reading.
    pub fn tactic(&self, id_or_name: &str) -> Option<&Tactic> {
        let text = id_or_name.trim();
        if let Some(&at) = full_id(text).and_then(|id| self.tactic_by_id.get(&id)) {
            return self.data.tactics.get(at);
        }
        self.data.tactics.iter().find(|t| t.name.eq_ignore_ascii_case(text))
    }

    /// The tactics of a technique in matrix order; empty for an unknown id.
    pub fn tactics_of(&self, technique: &str) -> Vec<&Tactic> {
        let Some(technique) = self.technique(technique) else {
            return Vec::new();
        };
        self.data.tactics.iter().filter(|t| technique.tactics.contains(&t.id)).collect()
    }

    /// The techniques and sub-techniques of a tactic in the order of their ids.
    pub fn techniques_of(&self, tactic: &str) -> Vec<&Technique> {
        let Some(tactic) = self.tactic(tactic) else {
            return Vec::new();
        };
        self.data.techniques.iter().filter(|t| t.tactics.contains(&tactic.id)).collect()
    }

    /// The mitigations of a technique.
    pub fn mitigations_of(&self, technique: &str) -> Vec<&Mitigation> {
        let Some(technique) = self.technique(technique) else {
            return Vec::new();
        };
        self.data.mitigations.iter().filter(|m| m.techniques.contains(&technique.id)).collect()
    }

    /// The case studies with a step that uses the technique.
    pub fn case_studies_of(&self, technique: &str) -> Vec<&CaseStudy> {
        let Some(technique) = self.technique(technique) else {
            return Vec::new();
        };
        let uses = |c: &&CaseStudy| c.steps.iter().any(|s| s.technique == technique.id);
        self.data.case_studies.iter().filter(uses).collect()
    }
}

fn names(techniques: &[Technique]) -> HashMap<String, usize> {
    let mut out: HashMap<String, Option<usize>> = HashMap::new();
    for (at, technique) in techniques.iter().enumerate() {
        out.entry(technique.name.to_lowercase()).and_modify(|seen| *seen = None).or_insert(Some(at));
    }
    for (at, technique) in techniques.iter().enumerate() {
        out.insert(technique.full_name.to_lowercase(), Some(at));
    }
    out.into_iter().filter_map(|(name, at)| Some((name, at?))).collect()
}

/// `t0051` → `AML.T0051`; `None` for text that can't be an id.
fn full_id(text: &str) -> Option<String> {
    let text = text.trim();
    // The longest id is `AML.T0000.000`.
    if text.len() > 16 || !text.is_ascii() {
        return None;
    }
    let upper = text.to_ascii_uppercase();
    if upper.starts_with("AML.") { Some(upper) } else { Some(format!("AML.{upper}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_data_parse_and_agree() {
        let atlas = Atlas::parse(ATLAS, CROSSWALK).expect("embedded ATLAS data");
        let counts = atlas.counts();
        let subs = atlas.techniques().iter().filter(|t| t.parent.is_some()).count();
        assert_eq!(atlas.tactics().len(), counts.tactics);
        assert_eq!(subs, counts.subtechniques);
        assert_eq!(atlas.techniques().len() - subs, counts.techniques);
        assert_eq!(atlas.mitigations().len(), counts.mitigations);
        assert_eq!(atlas.case_studies().len(), counts.case_studies_here);
        assert_eq!(atlas.crosswalk_version(), atlas.version());
    }

    #[test]
    fn every_reference_inside_atlas_exists() {
        let atlas = Atlas::builtin();
        let retired = |id: &str| atlas.retired().iter().any(|r| r.id == id);
        for technique in atlas.techniques() {
            assert_eq!(atlas.tactics_of(&technique.id).len(), technique.tactics.len());
            assert!(!technique.tactics.is_empty(), "{}", technique.id);
            let parent = technique.parent.as_deref();
            assert!(parent.is_none_or(|p| atlas.technique(p).is_some()), "{}", technique.id);
        }
        for id in atlas.mitigations().iter().flat_map(|m| &m.techniques) {
            assert!(atlas.technique(id).is_some() || retired(id), "{id}");
        }
        for step in atlas.case_studies().iter().flat_map(|c| &c.steps) {
            assert!(atlas.tactic(&step.tactic).is_some(), "{}", step.tactic);
            assert!(atlas.technique(&step.technique).is_some(), "{}", step.technique);
        }
        for id in atlas.retired().iter().filter_map(|r| r.replaced_by.as_deref()) {
            assert!(atlas.technique(id).is_some(), "{id}");
        }
    }

    #[test]
    fn lookups_take_every_spelling() {
        let atlas = Atlas::builtin();
        for id in ["AML.T0051.000", "T0051.000", "aml.t0051.000", " t0051.000 "] {
            let technique = atlas.technique(id).expect(id);
            assert_eq!(technique.full_name, "LLM Prompt Injection: Direct");
        }
        for tactic in ["AML.TA0007", "ta0007", "defense evasion"] {
            assert_eq!(atlas.tactic(tactic).map(|t| t.id.as_str()), Some("AML.TA0007"));
        }
        assert!(atlas.technique("AML.T9999").is_none());
        assert!(atlas.technique("é").is_none());
    }

    #[test]
    fn tactics_come_in_matrix_order() {
        let atlas = Atlas::builtin();
        assert_eq!(atlas.tactics()[0].name, "Reconnaissance");
        let orders: Vec<_> = atlas.tactics_of("AML.T0015").iter().map(|t| t.order).collect();
        assert!(orders.len() > 1 && orders.is_sorted());
        assert!(atlas.techniques_of("AML.TA0005").iter().any(|t| t.id == "AML.T0051"));
    }

    #[test]
    fn mitigations_and_case_studies_of_a_technique() {
        let atlas = Atlas::builtin();
        assert!(atlas.mitigations_of("T0035").iter().any(|m| m.id == "AML.M0001"));
        assert!(atlas.case_studies_of("AML.T0042").iter().any(|c| c.id == "AML.CS0000"));
        assert!(atlas.mitigations_of("nope").is_empty());
    }
}
