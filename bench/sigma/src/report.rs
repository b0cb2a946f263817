//! What was counted, as the page RESULTS.md.

use std::fmt::Write as _;

use crate::causes::CAUSES;
use crate::compare::Counts;
use crate::files::Read;
use crate::regression;

/// Rules that are named of a long list.
const NAMED: usize = 40;

/// The page. `commit` says what the checkout is.
pub fn page(
    commit: &str,
    read: &Read,
    lowered: usize,
    counts: &Counts,
    recorded: &regression::Counts,
) -> String {
    let mut page = String::new();
    head(&mut page, commit);
    table(&mut page, read, lowered, counts, recorded);
    refused(&mut page, read);
    listed(&mut page, "Not taken by rsigma-eval", &shown(&counts.unloaded));
    let unmatched: Vec<String> = counts
        .unmatched
        .iter()
        .map(|(path, condition)| format!("`{path}`: `{}`", condition.replace('\n', " ")))
        .collect();
    listed(&mut page, "Without a match", &unmatched);
    differences(&mut page, counts);
    page
}

fn head(page: &mut String, commit: &str) {
    let _ = write!(
        page,
        "# Public Sigma rules, beside rsigma-eval 0.23.0\n\n\
         SigmaHQ/sigma at {commit}, folders `rules`, `rules-emerging-threats`, `rules-threat-hunting`. Made by\n\n\
         ```sh\n\
         cd bench/sigma && cargo build --ignore-rust-version   # rsigma asks for a newer compiler than it needs\n\
         target/debug/atalanta-sigma-bench CHECKOUT ATALANTA COMMIT > RESULTS.md\n\
         ```\n\n\
         and not to be edited.\n\n\
         The events are made from the rules' conditions: for each rule up to three that fulfil it, with values in odd \
         letter case and samples of its regular expressions, the same with one field less and with one character \
         changed, for up to six fields, and one aimed at what it does not match. The rules of a query, forty at most, \
         are tried on the events of all of them. Rules whose fields differ in letter case only stand in different \
         queries: names of columns have none in XQL.\n\n"
    );
}

fn table(page: &mut String, read: &Read, lowered: usize, counts: &Counts, recorded: &regression::Counts) {
    let of = |cause: bool| -> (usize, usize) {
        let groups = counts.differences.iter().filter(|(known, _)| known.is_some() == cause);
        groups.fold((0, 0), |(count, rules), (_, own)| {
            (count + own.values().map(|one| one.count).sum::<usize>(), rules + own.len())
        })
    };
    let ((explained, of_rules), (open, of_open)) = (of(true), of(false));
    let rows = [
        ("files read", format!("{} of {}", read.files - read.broken.len(), read.files)),
        ("rules lowered", format!("{lowered}, {} refused", read.refused.len())),
        ("files with several documents, not compared", read.several.len().to_string()),
        ("rules not taken by rsigma-eval", counts.unloaded.len().to_string()),
        ("rules compared", counts.rules.to_string()),
        (
            "of them with a match and with events that are none",
            (counts.rules - counts.unmatched.len()).to_string(),
        ),
        ("events", counts.events.to_string()),
        ("verdicts", format!("{}, {} of them matches", counts.verdicts, counts.matched)),
        ("verdicts that differ, explained", format!("{explained}, in {of_rules} rules")),
        ("verdicts that differ, not explained", format!("{open}, in {of_open} rules")),
        (
            "rules with a recorded event (`regression_data`)",
            format!("{}, {} match it", recorded.rules, recorded.rules - recorded.silent.len()),
        ),
    ];
    page.push_str("| | |\n|---|---|\n");
    for (name, value) in rows {
        let _ = writeln!(page, "| {name} | {value} |");
    }
    for (path, theirs) in &recorded.silent {
        let said = if *theirs { "rsigma-eval does" } else { "nor does rsigma-eval" };
        let _ = writeln!(page, "\n`{path}` does not match its recorded event, {said}.");
    }
}

fn refused(page: &mut String, read: &Read) {
    listed(page, "Not read", &shown(&read.broken));
    listed(page, "Refused", &shown(&read.refused));
}

fn shown(reasons: &[(String, String)]) -> Vec<String> {
    reasons.iter().map(|(path, reason)| format!("`{path}`: {}", reason.replace('\n', " "))).collect()
}

fn listed(page: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = write!(page, "\n## {title}\n\n");
    for line in lines.iter().take(NAMED) {
        let _ = writeln!(page, "* {line}");
    }
    if lines.len() > NAMED {
        let _ = writeln!(page, "* and {} more", lines.len() - NAMED);
    }
}

fn differences(page: &mut String, counts: &Counts) {
    if counts.differences.is_empty() {
        return;
    }
    page.push_str("\n## The differences\n");
    for (cause, rules) in &counts.differences {
        let count: usize = rules.values().map(|one| one.count).sum();
        let (name, text) = match cause {
            Some(number) => (CAUSES[*number].name, CAUSES[*number].text),
            None => ("not explained", ""),
        };
        let _ = write!(page, "\n### {name}: {count} verdicts of {} rules\n\n", rules.len());
        if !text.is_empty() {
            let _ = write!(page, "{text}\n\n");
        }
        for (path, own) in rules {
            let here = if own.ours { "a match here alone" } else { "a match there alone" };
            let _ = writeln!(page, "* `{path}`: {}, {here}", own.count);
        }
    }
}
