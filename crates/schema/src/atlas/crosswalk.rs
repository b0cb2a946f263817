//! Crosswalk from the ids of hunting guides, from a discussion thread and from OWASP to ATLAS
//! (`content/atlas/crosswalk.json`).

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Atlas;

/// The file.
#[derive(Debug, Deserialize)]
pub(super) struct Crosswalk {
    atlas_version: String,
    pub(super) sop: Vec<SopTechnique>,
    sop_tactic_names: Vec<SopTactic>,
    pub(super) thread: Vec<ThreadNote>,
    owasp_llm_top10_2026: Vec<OwaspFile>,
    owasp_agentic_top10_2026: Vec<OwaspFile>,
    owasp_mcp_top10_2025_beta: Vec<OwaspFile>,
}

#[derive(Debug, Deserialize)]
struct SopTactic {
    sop: String,
    atlas: String,
}

/// An id such as `ATLAS-LLM-01`, which ATLAS doesn't have, with the techniques it stands for.
#[derive(Debug, Deserialize)]
pub struct SopTechnique {
    /// The invented id.
    #[serde(rename = "sop_id")]
    pub id: String,
    /// Its title.
    #[serde(rename = "sop_name")]
    pub name: String,
    /// Tactics under which it was filed.
    #[serde(rename = "sop_tactics")]
    pub tactics: Vec<String>,
    /// ATLAS ids that describe it.
    pub primary: Vec<String>,
    /// Neighbouring ATLAS ids.
    pub related: Vec<String>,
    /// ATLAS ids of single variants.
    pub variants: BTreeMap<String, Vec<String>>,
    /// What the two readings differ in.
    pub note: String,
}

/// A tactic name with an id of the other catalogue, as found in a discussion.
#[derive(Debug, Deserialize)]
pub struct ThreadNote {
    /// The words used.
    #[serde(rename = "thread_says")]
    pub says: String,
    /// ATLAS ids of the tactic that was meant.
    pub means: Vec<String>,
    /// What is wrong with the words.
    pub wrong_because: String,
    /// The attack that was described.
    #[serde(rename = "idea_really_is")]
    pub idea: String,
    /// ATLAS techniques of that attack.
    pub techniques: Vec<String>,
    /// ATLAS tactics of that attack.
    #[serde(rename = "tactic_of_idea")]
    pub tactics: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct OwaspFile {
    id: String,
    title: String,
    was: Option<String>,
    atlas: Vec<String>,
}

/// Which OWASP list an entry belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OwaspList {
    /// Top 10 for LLM applications, 2026.
    Llm2026,
    /// Top 10 for agentic applications, 2026.
    Agentic2026,
    /// MCP Top 10, 2025 beta.
    Mcp2025Beta,
}

/// An entry of an OWASP list, mapped to ATLAS by this project.
#[derive(Clone, Copy, Debug)]
pub struct Owasp<'a> {
    /// The list.
    pub list: OwaspList,
    /// `LLM01:2026`, `ASI01`, `MCP01:2025`.
    pub id: &'a str,
    /// Title.
    pub title: &'a str,
    /// Id in the edition before.
    pub was: Option<&'a str>,
    /// ATLAS technique ids.
    pub atlas: &'a [String],
}

impl OwaspList {
    /// Title of the list.
    pub fn title(self) -> &'static str {
        match self {
            Self::Llm2026 => "OWASP Top 10 for LLM Applications 2026",
            Self::Agentic2026 => "OWASP Top 10 for Agentic Applications 2026",
            Self::Mcp2025Beta => "OWASP MCP Top 10 2025 (beta)",
        }
    }
}

impl Atlas {
    /// ATLAS release against which the crosswalk was judged.
    pub fn crosswalk_version(&self) -> &str {
        &self.crosswalk.atlas_version
    }

    /// The invented ids of the hunting guide, in its order.
    pub fn sop_techniques(&self) -> &[SopTechnique] {
        &self.crosswalk.sop
    }

    /// The entry of an id such as `ATLAS-LLM-01`, in any case.
    pub fn sop_technique(&self, id: &str) -> Option<&SopTechnique> {
        let id = id.trim();
        self.crosswalk.sop.iter().find(|s| s.id.eq_ignore_ascii_case(id))
    }

    /// ATLAS id of a tactic name of the hunting guide.
    pub fn sop_tactic(&self, name: &str) -> Option<&str> {
        let name = name.trim();
        let entry = self.crosswalk.sop_tactic_names.iter().find(|t| t.sop.eq_ignore_ascii_case(name));
        entry.map(|t| t.atlas.as_str())
    }

    /// The note on words such as `Evasion (TA0002)`, found by the whole text, by the name or by
    /// the id in it.
    pub fn thread_note(&self, text: &str) -> Option<&ThreadNote> {
        let text = text.trim();
        let whole = |n: &&ThreadNote| n.says.eq_ignore_ascii_case(text);
        let part = |n: &&ThreadNote| {
            let Some((name, id)) = n.says.split_once('(') else {
                return false;
            };
            name.trim().eq_ignore_ascii_case(text) || id.trim_end_matches(')').eq_ignore_ascii_case(text)
        };
        let notes = &self.crosswalk.thread;
        notes.iter().find(whole).or_else(|| notes.iter().find(part))
    }

    /// All entries of the three OWASP lists.
    pub fn owasp(&self) -> impl Iterator<Item = Owasp<'_>> {
        let lists = [
            (OwaspList::Llm2026, &self.crosswalk.owasp_llm_top10_2026),
            (OwaspList::Agentic2026, &self.crosswalk.owasp_agentic_top10_2026),
            (OwaspList::Mcp2025Beta, &self.crosswalk.owasp_mcp_top10_2025_beta),
        ];
        lists.into_iter().flat_map(|(list, entries)| {
            entries.iter().map(move |e| Owasp {
                list,
                id: &e.id,
                title: &e.title,
                was: e.was.as_deref(),
                atlas: &e.atlas,
            })
        })
    }

    /// The OWASP entries that list the technique or its parent.
    pub fn owasp_of(&self, technique: &str) -> Vec<Owasp<'_>> {
        let Some(technique) = self.technique(technique) else {
            return Vec::new();
        };
        let listed = |o: &Owasp<'_>| {
            o.atlas.iter().any(|id| *id == technique.id || Some(id) == technique.parent.as_ref())
        };
        self.owasp().filter(listed).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(id: &str) -> bool {
        let atlas = Atlas::builtin();
        let retired = atlas.retired().iter().any(|r| r.id == id);
        atlas.technique(id).is_some() || atlas.tactic(id).is_some() || retired
    }

    #[test]
    fn every_crosswalk_id_exists_in_atlas() {
        let atlas = Atlas::builtin();
        for sop in atlas.sop_techniques() {
            assert!(!sop.primary.is_empty(), "{}", sop.id);
            for id in sop.primary.iter().chain(&sop.related).chain(sop.variants.values().flatten()) {
                assert!(known(id), "{id} of {}", sop.id);
            }
            for tactic in &sop.tactics {
                let name = tactic.split(" (").next().unwrap_or(tactic);
                assert!(atlas.sop_tactic(name).is_some_and(known), "{tactic} of {}", sop.id);
            }
        }
        for note in &atlas.crosswalk.thread {
            for id in note.means.iter().chain(&note.techniques).chain(&note.tactics) {
                assert!(known(id), "{id} of {}", note.says);
            }
        }
        for entry in atlas.owasp() {
            for id in entry.atlas {
                assert!(known(id), "{id} of {}", entry.id);
            }
        }
        assert_eq!(atlas.owasp().count(), 30);
    }

    #[test]
    fn owasp_entries_reach_sub_techniques() {
        let atlas = Atlas::builtin();
        let ids: Vec<_> = atlas.owasp_of("T0110.001").iter().map(|o| o.id).collect();
        assert_eq!(ids, ["ASI04", "MCP03:2025"]);
        assert!(atlas.owasp_of("AML.T0051.000").iter().any(|o| o.id == "LLM01:2026"));
        assert!(atlas.owasp_of("nope").is_empty());
    }

    #[test]
    fn notes_are_found_by_whole_text_name_and_id() {
        let atlas = Atlas::builtin();
        for text in ["Evasion (TA0002)", "evasion", "ta0002"] {
            assert_eq!(atlas.thread_note(text).map(|n| n.means[0].as_str()), Some("AML.TA0007"), "{text}");
        }
        assert!(atlas.thread_note("TA0040").is_none());
    }
}
