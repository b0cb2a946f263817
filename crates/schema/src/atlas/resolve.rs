//! From whatever stands in a comment or on a command line to current ATLAS ids.

use std::fmt::Write;

use super::{Atlas, CaseStudy, Mitigation, Retired, SopTechnique, Tactic, Technique, ThreadNote};

/// A tactic or technique.
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// A tactic.
    Tactic(&'a Tactic),
    /// A technique or sub-technique.
    Technique(&'a Technique),
}

/// What an id or a name stands for.
#[derive(Clone, Debug)]
pub enum Resolution<'a> {
    /// Current id or name of a tactic.
    Tactic(&'a Tactic),
    /// Current id or name of a technique.
    Technique(&'a Technique),
    /// A mitigation.
    Mitigation(&'a Mitigation),
    /// A case study.
    CaseStudy(&'a CaseStudy),
    /// An id or name that ATLAS retired.
    Retired {
        /// The retired entry.
        retired: &'a Retired,
        /// What took its place.
        replaced_by: Option<&'a Technique>,
    },
    /// A former name of a current entry.
    Renamed {
        /// The former name.
        old: &'a str,
        /// The entry as it is called now.
        now: Entry<'a>,
        /// What was found about the use of the old name.
        note: Option<&'a ThreadNote>,
    },
    /// An invented id with its crosswalk.
    Sop(&'a SopTechnique),
    /// An ATT&CK tactic id, which has the digits of an unrelated ATLAS tactic.
    AttackTactic {
        /// The id, upper case.
        id: String,
        /// The ATLAS tactic that corresponds to the ATT&CK tactic.
        counterpart: Option<&'a Tactic>,
        /// The ATLAS tactic with the same digits.
        same_digits: Option<&'a Tactic>,
        /// What was found about the use of this id.
        note: Option<&'a ThreadNote>,
    },
    /// An ATT&CK technique id.
    AttackTechnique {
        /// The id, upper case.
        id: String,
        /// ATLAS techniques that name it as their counterpart.
        counterparts: Vec<&'a Technique>,
    },
    /// Nothing known.
    Unknown {
        /// The nearest current id or name.
        nearest: Option<&'a str>,
    },
}

impl<'a> Entry<'a> {
    /// Id of the entry.
    pub fn id(self) -> &'a str {
        match self {
            Self::Tactic(t) => &t.id,
            Self::Technique(t) => &t.id,
        }
    }

    /// Full name of the entry.
    pub fn name(self) -> &'a str {
        match self {
            Self::Tactic(t) => &t.name,
            Self::Technique(t) => &t.full_name,
        }
    }
}

impl Resolution<'_> {
    /// Whether the text is a current ATLAS id or name.
    pub fn is_current(&self) -> bool {
        matches!(self, Self::Tactic(_) | Self::Technique(_) | Self::Mitigation(_) | Self::CaseStudy(_))
    }

    /// The current ATLAS ids to write instead, best first; empty if none is certain.
    pub fn current_ids(&self) -> Vec<&str> {
        match self {
            Self::Tactic(t) => vec![&t.id],
            Self::Technique(t) => vec![&t.id],
            Self::Mitigation(m) => vec![&m.id],
            Self::CaseStudy(c) => vec![&c.id],
            Self::Retired { replaced_by, .. } => replaced_by.iter().map(|t| t.id.as_str()).collect(),
            Self::Renamed { now, .. } => vec![now.id()],
            Self::Sop(sop) => sop.primary.iter().map(String::as_str).collect(),
            Self::AttackTactic { counterpart, .. } => counterpart.iter().map(|t| t.id.as_str()).collect(),
            Self::AttackTechnique { counterparts, .. } => {
                counterparts.iter().map(|t| t.id.as_str()).collect()
            }
            Self::Unknown { .. } => Vec::new(),
        }
    }

    /// One sentence for a diagnostic: lower case where a name allows it, no full stop.
    pub fn explain(&self) -> String {
        match self {
            Self::Tactic(t) => format!("{} is the ATLAS tactic {}", t.id, t.name),
            Self::Technique(t) => format!("{} is the ATLAS technique {}", t.id, t.full_name),
            Self::Mitigation(m) => match &m.name {
                Some(name) => format!("{} is the ATLAS mitigation {name}", m.id),
                None => format!("{} is an ATLAS mitigation", m.id),
            },
            Self::CaseStudy(c) => format!("{} is the ATLAS case study {}", c.id, c.name),
            Self::Retired { retired, replaced_by } => explain_retired(retired, *replaced_by),
            Self::Renamed { old, now, .. } => {
                format!("\"{old}\" is a former name, {} is now called {}", now.id(), now.name())
            }
            Self::Sop(sop) => format!(
                "{} is not an ATLAS id; {} corresponds to {}",
                sop.id,
                sop.name,
                sop.primary.join(", ")
            ),
            Self::AttackTactic { id, counterpart, same_digits, note } => {
                explain_attack_tactic(id, *counterpart, *same_digits, *note)
            }
            Self::AttackTechnique { id, counterparts } => explain_attack_technique(id, counterparts),
            Self::Unknown { nearest: Some(nearest) } => format!("not in ATLAS, nearest is {nearest}"),
            Self::Unknown { nearest: None } => "not in ATLAS".to_owned(),
        }
    }
}

fn explain_retired(retired: &Retired, replaced_by: Option<&Technique>) -> String {
    let mut out = format!("{} is retired", retired.id);
    if let Some(name) = &retired.name {
        let _ = write!(out, " (last name {name})");
    }
    match replaced_by {
        Some(t) => {
            let _ = write!(out, ", replaced by {} {}", t.id, t.full_name);
        }
        None => out.push_str(" without replacement"),
    }
    out
}

fn explain_attack_tactic(
    id: &str,
    counterpart: Option<&Tactic>,
    same_digits: Option<&Tactic>,
    note: Option<&ThreadNote>,
) -> String {
    let mut out = format!("{id} is an ATT&CK id");
    match counterpart {
        Some(t) => {
            let _ = write!(out, ", {} in ATT&CK and {} in ATLAS", t.name, t.id);
        }
        None => out.push_str(" without counterpart in ATLAS"),
    }
    if let Some(t) = same_digits {
        let _ = write!(out, "; {} is {}", t.id, t.name);
    }
    if let Some(note) = note {
        let _ = write!(out, "; \"{}\" means {}", note.says, note.means.join(", "));
    }
    out
}

fn explain_attack_technique(id: &str, counterparts: &[&Technique]) -> String {
    if counterparts.is_empty() {
        return format!("{id} is an ATT&CK technique that no ATLAS technique refers to");
    }
    let ids: Vec<_> = counterparts.iter().map(|t| t.id.as_str()).collect();
    format!("{id} is an ATT&CK technique, its counterpart in ATLAS is {}", ids.join(", "))
}

impl Atlas {
    /// Finds out what an id or a name stands for. Any text is accepted; words around a single id
    /// (`Evasion (TA0002)`) don't matter.
    pub fn resolve(&self, text: &str) -> Resolution<'_> {
        let text = text.trim();
        if let Some(found) = self.by_id(text).or_else(|| self.by_name(text)) {
            return found;
        }
        if let [(_, id)] = super::extract_ids(text).as_slice()
            && *id != text
        {
            return self.resolve(id);
        }
        Resolution::Unknown { nearest: self.nearest(text) }
    }

    fn by_id(&self, text: &str) -> Option<Resolution<'_>> {
        if let Some(sop) = self.sop_technique(text) {
            return Some(Resolution::Sop(sop));
        }
        let full = super::full_id(text)?;
        let digits = full.strip_prefix("AML.")?;
        // Without `AML.` the tactic ids of both catalogues look the same and mean different things.
        let bare = !text.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("aml."));
        if bare && is_tactic(digits) {
            return Some(self.attack_tactic(digits));
        }
        if let Some(technique) = self.technique(&full) {
            return Some(Resolution::Technique(technique));
        }
        if let Some(&at) = self.tactic_by_id.get(&full) {
            return self.data.tactics.get(at).map(Resolution::Tactic);
        }
        if let Some(retired) = self.data.retired.iter().find(|r| r.id == full) {
            return Some(self.retired_entry(retired));
        }
        if let Some(mitigation) = self.data.mitigations.iter().find(|m| m.id == full) {
            return Some(Resolution::Mitigation(mitigation));
        }
        if let Some(case) = self.data.case_studies.iter().find(|c| c.id == full) {
            return Some(Resolution::CaseStudy(case));
        }
        (bare && is_technique(digits)).then(|| self.attack_technique(digits))
    }

    fn by_name(&self, text: &str) -> Option<Resolution<'_>> {
        let lower = text.to_lowercase();
        if let Some(tactic) = self.data.tactics.iter().find(|t| t.name.to_lowercase() == lower) {
            return Some(Resolution::Tactic(tactic));
        }
        if let Some(&at) = self.technique_by_name.get(&lower) {
            return self.data.techniques.get(at).map(Resolution::Technique);
        }
        let same_name = |r: &&Retired| r.name.as_ref().is_some_and(|n| n.to_lowercase() == lower);
        if let Some(retired) = self.data.retired.iter().find(same_name) {
            return Some(self.retired_entry(retired));
        }
        for renamed in &self.data.renamed {
            let Some(old) = renamed.old.iter().find(|old| old.to_lowercase() == lower) else {
                continue;
            };
            let now = self.entry(&renamed.id)?;
            return Some(Resolution::Renamed { old, now, note: self.thread_note(text) });
        }
        None
    }

    fn entry(&self, id: &str) -> Option<Entry<'_>> {
        match self.technique(id) {
            Some(technique) => Some(Entry::Technique(technique)),
            None => self.tactic(id).map(Entry::Tactic),
        }
    }

    fn retired_entry<'a>(&'a self, retired: &'a Retired) -> Resolution<'a> {
        let replaced_by = retired.replaced_by.as_deref().and_then(|id| self.technique(id));
        Resolution::Retired { retired, replaced_by }
    }

    fn attack_tactic(&self, id: &str) -> Resolution<'_> {
        Resolution::AttackTactic {
            counterpart: self.data.tactics.iter().find(|t| t.attack_ref.as_deref() == Some(id)),
            same_digits: self.tactic(id),
            note: self.thread_note(id),
            id: id.to_owned(),
        }
    }

    fn attack_technique(&self, id: &str) -> Resolution<'_> {
        let same = |t: &&Technique| t.attack_ref.as_deref() == Some(id);
        Resolution::AttackTechnique {
            counterparts: self.data.techniques.iter().filter(same).collect(),
            id: id.to_owned(),
        }
    }

    /// The nearest id, or else the nearest name.
    fn nearest(&self, text: &str) -> Option<&str> {
        let upper = text.to_ascii_uppercase();
        if upper.starts_with("ATLAS-") {
            return crate::nearest::nearest(text, self.crosswalk.sop.iter().map(|s| s.id.as_str()));
        }
        let tactics = &self.data.tactics;
        let techniques = &self.data.techniques;
        if upper.starts_with("AML.") {
            let tactic_ids = tactics.iter().map(|t| t.id.as_str());
            let ids = techniques.iter().map(|t| t.id.as_str()).chain(tactic_ids);
            return crate::nearest::nearest(text, ids);
        }
        let names = techniques.iter().flat_map(|t| [t.name.as_str(), t.full_name.as_str()]);
        crate::nearest::nearest(text, names.chain(tactics.iter().map(|t| t.name.as_str())))
    }
}

/// `TA` and four digits.
fn is_tactic(id: &str) -> bool {
    id.strip_prefix("TA").is_some_and(|d| d.len() == 4 && d.bytes().all(|b| b.is_ascii_digit()))
}

/// `T` and four digits, perhaps `.` and three more.
fn is_technique(id: &str) -> bool {
    let Some(number) = id.strip_prefix('T') else {
        return false;
    };
    let (main, sub) = number.split_once('.').unwrap_or((number, "000"));
    let digits = |d: &str, n: usize| d.len() == n && d.bytes().all(|b| b.is_ascii_digit());
    digits(main, 4) && digits(sub, 3)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn explain(text: &str) -> String {
        Atlas::builtin().resolve(text).explain()
    }

    #[test]
    fn every_current_id_and_full_name_resolves_to_itself() {
        let atlas = Atlas::builtin();
        for technique in atlas.techniques() {
            for text in [&technique.id, &technique.id.to_lowercase(), &technique.full_name] {
                let found = atlas.resolve(text);
                assert!(found.is_current(), "{text}");
                assert_eq!(found.current_ids(), [technique.id.as_str()], "{text}");
            }
        }
        for tactic in atlas.tactics() {
            assert_eq!(atlas.resolve(&tactic.id).current_ids(), [tactic.id.as_str()]);
            assert_eq!(atlas.resolve(&tactic.name).current_ids(), [tactic.id.as_str()]);
        }
        assert!(matches!(atlas.resolve("AML.M0001"), Resolution::Mitigation(_)));
        assert!(matches!(atlas.resolve("aml.cs0000"), Resolution::CaseStudy(_)));
    }

    #[test]
    fn retired_ids_and_names() {
        assert_eq!(
            explain("AML.T0058"),
            "AML.T0058 is retired (last name Publish Poisoned Models), replaced by AML.T0115.001 \
             Publish Poisoned AI Artifacts: Models"
        );
        assert_eq!(explain("T0009"), "AML.T0009 is retired without replacement");
        let found = Atlas::builtin().resolve("publish poisoned datasets");
        assert_eq!(found.current_ids(), ["AML.T0115.000"]);
        assert!(!found.is_current());
    }

    #[test]
    fn former_names() {
        assert_eq!(
            explain("ML Attack Staging"),
            "\"ML Attack Staging\" is a former name, AML.TA0001 is now called AI Attack Adaptation"
        );
        let found = Atlas::builtin().resolve("ML Attack Staging");
        assert!(matches!(found, Resolution::Renamed { note: Some(_), .. }));
        assert_eq!(Atlas::builtin().resolve("Poison Training Data").current_ids(), ["AML.T0020"]);
    }

    #[test]
    fn invented_ids() {
        let found = Atlas::builtin().resolve("atlas-llm-01");
        let Resolution::Sop(sop) = &found else { panic!("{found:?}") };
        assert_eq!(sop.primary[0], "AML.T0051");
        assert_eq!(sop.variants["Query 2 (encoded)"], ["AML.T0068"]);
        assert!(!sop.note.is_empty() && !sop.related.is_empty());
        assert!(found.explain().starts_with("ATLAS-LLM-01 is not an ATLAS id; Prompt Injection"));
        let unknown = Atlas::builtin().resolve("ATLAS-LLM-11");
        assert!(matches!(unknown, Resolution::Unknown { nearest: Some(n) } if n.starts_with("ATLAS-LLM-")));
    }

    #[test]
    fn attack_tactic_ids_have_two_readings() {
        let expected = "TA0002 is an ATT&CK id, Execution in ATT&CK and AML.TA0005 in ATLAS; AML.TA0002 is \
             Reconnaissance; \"Evasion (TA0002)\" means AML.TA0007";
        assert_eq!(explain("TA0002"), expected);
        assert_eq!(explain("Evasion (TA0002)"), expected);
        assert_eq!(explain("TA0040"), "TA0040 is an ATT&CK id, Impact in ATT&CK and AML.TA0011 in ATLAS");
        assert_eq!(explain("TA9999"), "TA9999 is an ATT&CK id without counterpart in ATLAS");
    }

    #[test]
    fn attack_technique_ids() {
        let found = Atlas::builtin().resolve("T1596");
        assert!(found.current_ids().contains(&"AML.T0000"));
        assert!(matches!(Atlas::builtin().resolve("T1999.123"), Resolution::AttackTechnique { .. }));
        assert!(matches!(Atlas::builtin().resolve("T0051"), Resolution::Technique(_)));
    }

    #[test]
    fn unknown_text() {
        assert_eq!(explain("LLM Promt Injection"), "not in ATLAS, nearest is LLM Prompt Injection");
        assert_eq!(explain("AML.T0051.009"), "not in ATLAS, nearest is AML.T0051.000");
        assert_eq!(explain(""), "not in ATLAS");
        // Names that several sub-techniques share stand for none of them.
        assert!(!Atlas::builtin().resolve("Datasets").is_current());
    }

    proptest! {
        #[test]
        fn never_panics(text in any::<String>()) {
            let found = Atlas::builtin().resolve(&text);
            prop_assert!(!found.explain().is_empty());
        }

        #[test]
        fn never_panics_near_ids(text in "(?i)(AML|ATLAS|[. (-])?[.-]?(TA?|M|CS|LLM|ML)[-.]?[0-9]{0,6}[.]?[0-9é)]{0,4}") {
            let found = Atlas::builtin().resolve(&text);
            for id in found.current_ids() {
                prop_assert!(Atlas::builtin().resolve(id).is_current(), "{}", id);
            }
        }

        #[test]
        fn extracted_ranges_hold_the_extracted_text(text in "([a-z ]|AML[.]T00|T1059|TA0002|[.]00|é|ATLAS-ML-0|[0-9]){0,12}") {
            let mut end = 0;
            for (range, id) in super::super::extract_ids(&text) {
                prop_assert!(range.start >= end);
                end = range.end;
                prop_assert_eq!(&text[range], id);
            }
        }
    }
}
