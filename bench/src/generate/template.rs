//! Text from templates: `{name}` stands for a fresh or a recurring value.

use std::fmt::Write as _;

use super::random::{Random, Weighted};
use super::world::{Host, User};

const MODELS: &[&str] = &[
    "bert-base-uncased",
    "llama-3.1-8b",
    "mistral-7b-instruct",
    "resnet50",
    "fraud-xgb",
    "churn-net",
    "demand-forecast",
    "whisper-small",
    "yolo-v8m",
    "intent-classifier",
    "reranker-v2",
    "vit-large",
];
const DATASETS: &[&str] = &[
    "transactions",
    "clickstream",
    "support_tickets",
    "invoices",
    "sensor_readings",
    "images_v4",
    "claims_2026",
    "web_crawl",
    "customer_profiles",
    "labels_round7",
    "eval_golden",
    "prompts_prod",
];
const TOOLS: &[&str] = &[
    "search_docs",
    "send_email",
    "read_file",
    "run_sql",
    "create_ticket",
    "get_weather",
    "list_issues",
    "query_metrics",
    "fetch_url",
    "summarize",
    "translate",
    "book_room",
    "update_crm",
    "plan_route",
];
const PACKAGES: &[&str] = &[
    "numpy",
    "pandas",
    "requests",
    "torch",
    "transformers",
    "sklearn",
    "pydantic",
    "fastapi",
    "httpx",
    "langchain_core",
    "lodash",
    "react-dom",
    "webpack",
    "eslint",
    "typescript",
    "express",
];
const NAMESPACES: &[&str] =
    &["ml-serving", "ml-training", "data-platform", "agents", "monitoring", "kube-system", "web"];
const WORDS: &[&str] = &[
    "the",
    "of",
    "and",
    "to",
    "in",
    "is",
    "for",
    "that",
    "with",
    "on",
    "as",
    "are",
    "this",
    "by",
    "be",
    "from",
    "at",
    "or",
    "an",
    "we",
    "can",
    "which",
    "it",
    "not",
    "have",
    "please",
    "report",
    "customer",
    "order",
    "value",
    "result",
    "number",
    "table",
    "column",
    "data",
    "team",
    "week",
    "month",
    "release",
    "service",
    "error",
    "request",
    "answer",
    "question",
    "summary",
    "details",
    "document",
    "section",
    "change",
    "update",
    "issue",
    "ticket",
    "price",
    "invoice",
    "delivery",
    "contract",
    "meeting",
    "project",
    "plan",
    "budget",
    "risk",
    "review",
    "quality",
    "policy",
    "account",
    "payment",
    "region",
    "market",
    "growth",
    "model",
    "training",
    "metric",
    "latency",
    "cluster",
    "node",
    "queue",
    "cache",
    "index",
    "schema",
    "query",
    "field",
    "record",
    "window",
    "threshold",
    "signal",
    "noise",
    "average",
    "median",
    "trend",
    "forecast",
    "season",
    "holiday",
    "stock",
    "supplier",
    "warehouse",
    "route",
    "driver",
    "vehicle",
    "sensor",
    "image",
    "label",
    "class",
    "feature",
    "weight",
    "layer",
    "batch",
    "epoch",
    "gradient",
    "loss",
    "accuracy",
    "precision",
    "recall",
    "sample",
    "language",
    "translate",
    "explain",
    "write",
    "test",
    "code",
    "python",
    "string",
    "list",
    "loop",
    "return",
    "command",
    "shell",
    "system",
    "user",
    "password",
    "token",
    "secret",
    "file",
    "folder",
    "branch",
    "commit",
    "merge",
    "deploy",
    "rollback",
    "container",
    "image",
    "registry",
    "version",
    "configuration",
    "parameter",
    "environment",
    "production",
    "staging",
    "experiment",
    "hypothesis",
    "baseline",
    "improvement",
    "regression",
    "analysis",
    "insight",
    "recommendation",
    "priority",
];

/// Skewed choices shared by all templates.
#[derive(Debug)]
pub struct Vocabulary {
    words: Weighted,
    things: Weighted,
}

/// Who the text belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Fills `{user}`.
    pub user: &'a User,
    /// Fills `{host}`.
    pub host: &'a Host,
}

impl Vocabulary {
    /// The fixed vocabulary.
    pub fn new() -> Self {
        Self { words: Weighted::zipf(WORDS.len(), 0.8), things: Weighted::zipf(12, 1.0) }
    }

    /// Appends the template with its placeholders replaced; unknown names stay as they are.
    pub fn expand(&self, template: &str, who: Subject<'_>, random: &mut Random, out: &mut String) {
        let mut rest = template;
        while let Some(start) = rest.find('{') {
            out.push_str(&rest[..start]);
            let after = &rest[start + 1..];
            let end = after.find('}').unwrap_or(0);
            if !self.placeholder(&after[..end], who, random, out) {
                out.push('{');
                rest = after;
                continue;
            }
            rest = &after[end + 1..];
        }
        out.push_str(rest);
    }

    /// Appends the value of one placeholder, or says that the name is unknown.
    fn placeholder(&self, name: &str, who: Subject<'_>, random: &mut Random, out: &mut String) -> bool {
        match name {
            "user" => out.push_str(&who.user.name),
            "host" => out.push_str(&who.host.name),
            "model" => out.push_str(MODELS[self.things.pick(random)]),
            "data" => out.push_str(DATASETS[self.things.pick(random)]),
            "tool" => out.push_str(TOOLS[self.things.pick(random)]),
            "pkg" => out.push_str(PACKAGES[self.things.pick(random)]),
            "ns" => out.push_str(random.pick::<&str>(NAMESPACES)),
            "word" => out.push_str(WORDS[self.words.pick(random)]),
            "sentence" => self.sentence(random, out),
            "text" => self.text(3, random, out),
            "longtext" => self.text(10, random, out),
            "digit" => decimal(random.below(10), out),
            "n" => decimal(random.below(100), out),
            "big" => decimal(random.below(100_000), out),
            "part" => padded(random.below(64), out),
            "run" => hexadecimal(random.below(400).wrapping_mul(0x9E37_79B9), 8, out),
            "hex8" => hexadecimal(random.next(), 8, out),
            "hex64" => (0..4).for_each(|_| hexadecimal(random.next(), 16, out)),
            "uuid" => uuid(random, out),
            "b64" => base64(40 + random.index(160), random, out),
            _ => return false,
        }
        true
    }

    fn sentence(&self, random: &mut Random, out: &mut String) {
        let words = 6 + random.index(12);
        for number in 0..words {
            if number > 0 {
                out.push(' ');
            }
            out.push_str(WORDS[self.words.pick(random)]);
        }
        out.push('.');
    }

    fn text(&self, mean: u64, random: &mut Random, out: &mut String) {
        for number in 0..=random.below(mean * 2) {
            if number > 0 {
                out.push(' ');
            }
            self.sentence(random, out);
        }
    }
}

/// Lower-case hexadecimal digits of the low bits.
pub fn hexadecimal(value: u64, digits: u32, out: &mut String) {
    for digit in (0..digits).rev() {
        let nibble = (value >> (digit * 4)) & 15;
        out.push(char::from(b"0123456789abcdef"[nibble as usize]));
    }
}

fn decimal(value: u64, out: &mut String) {
    // Writing to a String cannot fail.
    let _ = write!(out, "{value}");
}

fn padded(value: u64, out: &mut String) {
    let _ = write!(out, "{value:05}");
}

fn uuid(random: &mut Random, out: &mut String) {
    for (number, digits) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        if number > 0 {
            out.push('-');
        }
        hexadecimal(random.next(), digits, out);
    }
}

fn base64(length: usize, random: &mut Random, out: &mut String) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = 0;
    for number in 0..length {
        if number % 10 == 0 {
            bits = random.next();
        }
        out.push(char::from(DIGITS[(bits & 63) as usize]));
        bits >>= 6;
    }
    out.push_str("==");
}

/// A template and how often it is used relative to its neighbours.
#[derive(Debug)]
pub struct Line(pub f64, pub &'static str);

/// Picks a template by weight.
pub fn pick<'a>(lines: &'a [Line], random: &mut Random) -> &'a str {
    let total: f64 = lines.iter().map(|line| line.0).sum();
    let mut point = random.unit() * total;
    for line in lines {
        point -= line.0;
        if point < 0.0 {
            return line.1;
        }
    }
    lines.last().map_or("", |line| line.1)
}

#[cfg(test)]
mod tests {
    use super::super::world::{Os, Role, World};
    use super::*;

    #[test]
    fn placeholders_are_replaced_and_json_braces_stay() {
        let world = World::new(1);
        let mut random = Random::keyed(&[1]);
        let user = world.user(&mut random, Role::Office, Os::Windows);
        let who = Subject { user, host: world.host_of(user) };
        let mut out = String::new();
        Vocabulary::new().expand("{\"u\":\"{user}\",\"n\":{digit}}", who, &mut random, &mut out);
        let start = format!("{{\"u\":\"{}\",\"n\":", user.name);
        assert!(out.starts_with(&start) && out.ends_with('}'), "{out}");
        assert_eq!(out.len(), start.len() + 2);
    }
}
