//! The timeline of a hunt as inline SVG: one lane for each tactic that was hit, in matrix order, so that an attack
//! that moves on through the matrix reads from top left to bottom right.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::figures;
use crate::hunting::finding::Finding;
use crate::hunting::report::Report;
use crate::time;
use atalanta_schema::Level;

const WIDTH: i64 = 1000;
const LEFT: i64 = 190;
const RIGHT: i64 = 14;
const LANE: i64 = 26;
const TOP: i64 = 10;
const TICKS: i64 = 4;

/// Marks of one lane by place and severity; neighbours on the same pixel are counted, not overdrawn.
type Marks<'a> = BTreeMap<(i64, i64, Level), Vec<&'a Finding>>;

/// The drawing; empty when no finding has a time.
pub fn svg(report: &Report) -> String {
    let Some((first, last)) = report.span() else { return String::new() };
    let lanes: Vec<(&str, &str)> = report
        .tactics()
        .into_iter()
        .filter(|(.., count)| *count > 0)
        .map(|(id, name, _)| (id, name))
        .collect();
    let scale = Scale { first, length: i128::from(last.saturating_sub(first).max(1)) };
    let bottom = TOP + LANE * lanes.len() as i64;
    let mut out = String::new();
    let _ = write!(
        out,
        "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"timeline of the findings by tactic\">",
        bottom + 24
    );
    axis(&mut out, &scale, bottom, first, last);
    for (at, (id, name)) in lanes.iter().enumerate() {
        let y = TOP + LANE * at as i64;
        let _ = write!(
            out,
            "<line class=\"lane\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{m}\" y2=\"{m}\"/>\
             <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 12,
            y + LANE / 2 + 4,
            escape(name),
            m = y + LANE / 2,
        );
        lane(&mut out, &marks(report, &scale, id), y);
    }
    out.push_str("</svg>");
    out
}

struct Scale {
    first: i64,
    length: i128,
}

impl Scale {
    fn x(&self, micros: i64) -> i64 {
        let span = i128::from(WIDTH - LEFT - RIGHT);
        let offset = i128::from(micros) - i128::from(self.first);
        LEFT + i64::try_from(offset.clamp(0, self.length) * span / self.length).unwrap_or(0)
    }
}

fn marks<'a>(report: &'a Report, scale: &Scale, tactic: &str) -> Marks<'a> {
    let mut marks = Marks::new();
    for finding in &report.findings {
        let (Some(first), Some(last)) = (finding.first, finding.last) else { continue };
        if finding.tactics.iter().any(|t| t.id == tactic) {
            // Marks of ten pixels: closer ones cannot be told apart anyway.
            let from = (scale.x(first) - LEFT) / 10 * 10 + LEFT;
            let to = scale.x(last).max(from);
            marks.entry((from, (to - from) / 10 * 10, finding.severity)).or_default().push(finding);
        }
    }
    marks
}

fn lane(out: &mut String, marks: &Marks<'_>, y: i64) {
    for ((x, length, level), findings) in marks {
        let Some(one) = findings.first() else { continue };
        let mut title = format!("{} {}", one.hunt, one.title);
        if let (Some(first), Some(last)) = (one.first, one.last) {
            let _ = write!(title, ", {}", time::range(first, last));
        }
        if findings.len() > 1 {
            let _ = write!(title, " and {} more", figures::count(findings.len() as u64 - 1));
        }
        let _ = write!(
            out,
            "<a href=\"#f-{}\"><rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"12\" rx=\"6\">\
             <title>{}</title></rect></a>",
            one.id,
            level.name(),
            x - 6,
            y + LANE / 2 - 6,
            length + 12,
            escape(&atalanta_diag::render::escape_control(&title)),
        );
    }
}

fn axis(out: &mut String, scale: &Scale, bottom: i64, first: i64, last: i64) {
    let ticks = if first == last { 0 } else { TICKS };
    for tick in 0..=ticks {
        let moment = first + (last - first) / TICKS.max(1) * tick;
        let moment = if tick == ticks { last } else { moment };
        let x = scale.x(moment);
        let anchor = match tick {
            0 => "start",
            _ if tick == ticks => "end",
            _ => "middle",
        };
        let _ = write!(
            out,
            "<line class=\"tick\" x1=\"{x}\" x2=\"{x}\" y1=\"{TOP}\" y2=\"{bottom}\"/>\
             <text class=\"tick\" x=\"{x}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
            bottom + 16,
            time::short(moment),
        );
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::findings::tests::sample;

    #[test]
    fn lanes_follow_the_matrix_and_marks_stay_inside() {
        let svg = svg(&sample());
        let lanes: Vec<usize> =
            ["Resource Development", "Execution"].map(|name| svg.find(name).unwrap()).into();
        assert!(lanes.is_sorted(), "{svg}");
        assert!(svg.contains("t1 Odd &lt;b&gt;Prompts&lt;/b&gt;"), "{svg}");
        let scale = Scale { first: i64::MIN, length: i128::from(i64::MAX) };
        assert!((LEFT..=WIDTH).contains(&scale.x(i64::MAX)));
        assert_eq!(super::svg(&Report::default()), "");
    }
}
