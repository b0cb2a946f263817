//! Rules of the shape that public rule sets have: alternatives of conjunctions over a few columns, and an exception.
//!
//! 60 % look at processes, 20 % at files, 20 % at the network. Each is written as XQL and as Sigma.

use crate::events::{PROGRAMS, Random, rare};

/// A test of a column.
pub struct Test {
    column: &'static str,
    /// Sigma's modifier: empty for equality.
    how: &'static str,
    /// Any of them.
    texts: Vec<String>,
}

/// A rule: any of the conjunctions, and none of the exceptions.
pub struct Rule {
    kind: &'static str,
    category: &'static str,
    branches: Vec<Vec<Test>>,
    except: Option<Test>,
}

const PROCESS: [&str; 4] =
    ["action_process_command_line", "action_process_image_path", "actor_process_command_line", "actor_process_image_name"];
const FILE: [&str; 3] = ["action_file_path", "action_file_name", "actor_process_image_name"];
const NETWORK: [&str; 4] =
    ["action_remote_hostname", "action_http_request_uri", "action_http_user_agent", "actor_process_image_name"];

/// So many rules, always the same.
pub fn make(count: usize) -> Vec<Rule> {
    let mut random = Random(7);
    (0..count).map(|_| rule(&mut random)).collect()
}

fn rule(random: &mut Random) -> Rule {
    let (kind, category, columns): (_, _, &[&'static str]) = match random.below(10) {
        0..6 => ("PROCESS", "process_creation", &PROCESS),
        6..8 => ("FILE", "file_event", &FILE),
        _ => ("NETWORK", "network_connection", &NETWORK),
    };
    let branches = (0..1 + random.below(3)).map(|_| branch(random, columns)).collect();
    let except = (random.below(3) == 0).then(|| Test {
        column: "actor_primary_username",
        how: "",
        texts: vec![format!("user{}", random.below(400))],
    });
    Rule { kind, category, branches, except }
}

fn branch(random: &mut Random, columns: &[&'static str]) -> Vec<Test> {
    let main = columns[random.below(columns.len() - 1)];
    let (how, most) = match random.below(20) {
        0..2 => ("", 6),
        2..13 => ("contains", 6),
        13..15 => ("startswith", 3),
        15..18 => ("endswith", 4),
        _ => ("re", 1),
    };
    let texts = (0..1 + random.below(most))
        .map(|_| {
            let word = rare(random.below(20_000));
            if how == "re" { format!("{word}[0-9a-f]*( |$)") } else { word }
        })
        .collect();
    let mut tests = vec![Test { column: main, how, texts }];
    if random.below(2) == 0 {
        let texts = (0..1 + random.below(3)).map(|_| random.pick(PROGRAMS).to_owned()).collect();
        tests.push(Test { column: columns[columns.len() - 1], how: "contains", texts });
    }
    tests
}

impl Rule {
    pub fn xql(&self) -> String {
        let branches: Vec<String> = self
            .branches
            .iter()
            .map(|tests| format!("({})", tests.iter().map(Test::xql).collect::<Vec<_>>().join(" and ")))
            .collect();
        let mut text = format!(
            "dataset = xdr_data | filter event_type = \"{}\" | filter ({})",
            self.kind,
            branches.join(" or ")
        );
        if let Some(except) = &self.except {
            text.push_str(&format!(" | filter not ({})", except.xql()));
        }
        text
    }

    pub fn sigma(&self, number: usize) -> String {
        let mut text = format!(
            "title: rule {number}\nlogsource:\n  category: {}\ndetection:\n  kind:\n    event_type: {}\n",
            self.category, self.kind
        );
        for (at, tests) in self.branches.iter().enumerate() {
            text.push_str(&format!("  s{at}:\n"));
            for test in tests {
                text.push_str(&test.sigma());
            }
        }
        let branches: Vec<String> = (0..self.branches.len()).map(|at| format!("s{at}")).collect();
        let mut condition = format!("kind and ({})", branches.join(" or "));
        if let Some(except) = &self.except {
            text.push_str(&format!("  x:\n{}", except.sigma()));
            condition.push_str(" and not x");
        }
        text.push_str(&format!("  condition: {condition}\nlevel: low\n"));
        text
    }
}

impl Test {
    fn xql(&self) -> String {
        let one = |text: &String| match self.how {
            "contains" => format!("{} contains \"{text}\"", self.column),
            "startswith" => format!("{} = \"{text}*\"", self.column),
            "endswith" => format!("{} = \"*{text}\"", self.column),
            "re" => format!("{} ~= \"{text}\"", self.column),
            _ => format!("{} = \"{text}\"", self.column),
        };
        format!("({})", self.texts.iter().map(one).collect::<Vec<_>>().join(" or "))
    }

    fn sigma(&self) -> String {
        let modifier = if self.how.is_empty() { String::new() } else { format!("|{}", self.how) };
        let mut text = format!("    {}{modifier}:\n", self.column);
        for one in &self.texts {
            text.push_str(&format!("      - '{one}'\n"));
        }
        text
    }
}
