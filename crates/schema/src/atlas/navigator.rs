//! ATT&CK Navigator layers of ATLAS techniques, layer format 4.3.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Atlas, Resolution, Tactic, Technique};

/// Score and comments of one technique.
#[derive(Default)]
struct Cell<'a> {
    score: Option<f64>,
    comments: Vec<&'a str>,
}

impl Atlas {
    /// A layer with the techniques coloured by score, one entry for every tactic of a technique.
    ///
    /// An id given twice keeps the higher score and both comments; a retired id counts for its
    /// replacement; an id that ATLAS lacks is listed in the metadata. The parent of a scored
    /// sub-technique is added without a score so that the Navigator unfolds it.
    pub fn navigator_layer(&self, name: &str, techniques: &[(&str, f64, &str)]) -> Value {
        let mut cells: BTreeMap<&str, Cell<'_>> = BTreeMap::new();
        let mut metadata = vec![json!({"name": "atlas_data_version", "value": self.version()})];
        for &(id, score, comment) in techniques {
            let Some(technique) = self.current_technique(id) else {
                metadata.push(json!({"name": "not in ATLAS", "value": id}));
                continue;
            };
            if let Some(parent) = &technique.parent {
                cells.entry(parent).or_default();
            }
            let cell = cells.entry(&technique.id).or_default();
            cell.score = Some(cell.score.map_or(score, |s| s.max(score)));
            if !comment.is_empty() && !cell.comments.contains(&comment) {
                cell.comments.push(comment);
            }
        }
        let top = cells.values().filter_map(|c| c.score).fold(1.0, f64::max);
        json!({
            "name": name,
            "versions": {"layer": "4.3", "navigator": "4.6.4"},
            "domain": "atlas-atlas",
            "sorting": 0,
            "metadata": metadata,
            "gradient": {"colors": ["#ffffff", "#d94801"], "minValue": 0, "maxValue": top},
            "techniques": self.entries(&cells),
        })
    }

    fn entries(&self, cells: &BTreeMap<&str, Cell<'_>>) -> Vec<Value> {
        let mut out = Vec::new();
        for tactic in self.tactics() {
            for (id, cell) in cells {
                let Some(technique) = self.technique(id) else {
                    continue;
                };
                if technique.tactics.contains(&tactic.id) {
                    out.push(entry(technique, tactic, cell));
                }
            }
        }
        out
    }

    fn current_technique(&self, id: &str) -> Option<&Technique> {
        match self.resolve(id) {
            Resolution::Technique(technique) => Some(technique),
            Resolution::Retired { replaced_by, .. } => replaced_by,
            _ => None,
        }
    }
}

fn entry(technique: &Technique, tactic: &Tactic, cell: &Cell<'_>) -> Value {
    let mut out = json!({
        "techniqueID": technique.id,
        // Layers name a tactic by its lower-case name with hyphens.
        "tactic": tactic.name.to_lowercase().replace(' ', "-"),
        "showSubtechniques": technique.parent.is_none(),
    });
    if let Some(score) = cell.score {
        out["score"] = json!(score);
    }
    if !cell.comments.is_empty() {
        out["comment"] = json!(cell.comments.join("; "));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layer_of_a_few_techniques() {
        let layer = Atlas::builtin().navigator_layer(
            "hunts",
            &[
                ("T0051.000", 2.0, "one"),
                ("AML.T0051.000", 5.0, "two"),
                ("AML.T0058", 1.0, ""),
                ("AML.T9999", 9.0, "lost"),
            ],
        );
        let expected = json!({
            "name": "hunts",
            "versions": {"layer": "4.3", "navigator": "4.6.4"},
            "domain": "atlas-atlas",
            "sorting": 0,
            "metadata": [
                {"name": "atlas_data_version", "value": "2026.09"},
                {"name": "not in ATLAS", "value": "AML.T9999"},
            ],
            "gradient": {"colors": ["#ffffff", "#d94801"], "minValue": 0, "maxValue": 5.0},
            "techniques": [
                {"techniqueID": "AML.T0115", "tactic": "resource-development", "showSubtechniques": true},
                {"techniqueID": "AML.T0115.001", "tactic": "resource-development",
                 "showSubtechniques": false, "score": 1.0},
                {"techniqueID": "AML.T0051", "tactic": "execution", "showSubtechniques": true},
                {"techniqueID": "AML.T0051.000", "tactic": "execution", "showSubtechniques": false,
                 "score": 5.0, "comment": "one; two"},
            ],
        });
        assert_eq!(layer, expected);
    }

    #[test]
    fn a_technique_appears_under_each_of_its_tactics() {
        let layer = Atlas::builtin().navigator_layer("x", &[("AML.T0015", 1.0, "")]);
        let entries = layer["techniques"].as_array().expect("techniques");
        assert_eq!(entries.len(), Atlas::builtin().tactics_of("AML.T0015").len());
    }
}
