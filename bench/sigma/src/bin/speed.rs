//! How many events a second one core holds against public Sigma rules:
//! `atalanta-detect-bench CHECKOUT [SECONDS [RULES]]`, where a number of rules leaves rsigma-eval out.
//!
//! For each number of rules both sides get the same rules, as they are loaded for detection, and the same events in
//! their own form, made before the clock starts: Arrow batches of 4,096 rows of `xdr_data` here, JSON values with
//! Sigma's names there. Both know that the events are starts of programs on Windows. All run on this thread alone, once
//! to warm up (Atalanta compiles the plan of a rule when its first candidate comes), and then in turns, one engine and
//! number of rules after the other, each for the given seconds in all. The fastest turn of each counts: a shared machine
//! is slow for minutes at a time, and what is slow in all turns is not the machine. The verdicts of the first run are
//! compared.
//!
//! A rule that fires on more than one in fifty of the first events is left out on both sides, and named: a server would
//! cut it off.
//!
//! Fewer rules are always among the more, and the events are the same for all numbers: what is compared is what rules
//! cost that are added, not what one choice of them costs against another.
//!
//! Events have the fields of Sysmon: command lines of daily work on a machine of developers, and among each hundred one
//! that is made from the condition of a rule, whichever of the largest number.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use arrow::array::{ArrayRef, RecordBatch, StringViewArray};
use atalanta_detect::detector::Detector;
use atalanta_detect::rule::Rule;
use atalanta_detect::rule::sigma::{SigmaFile, read};
use atalanta_sigma_bench::events::{Event, Random, fulfilling};
use atalanta_sigma_bench::files::{self, RuleFile};
use rsigma_eval::event::JsonEvent;
use rsigma_parser::LogSource;
use serde_json::Value;

/// The allocator of the binary, so that what is measured is what users get; both sides have it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Numbers of rules that are measured, and whether rsigma-eval is measured with them too.
const COUNTS: [(usize, bool); 6] =
    [(500, true), (1_000, false), (1_500, false), (2_000, false), (2_500, false), (3_000, true)];

/// Rules after which it is said what they cost.
const THOUSAND: usize = 1_000;

/// Events of one run.
const EVENTS: usize = 40_960;

/// Rows of a batch.
const BATCH: usize = 4_096;

/// One of so many events is made from a rule.
const MADE: usize = 100;

/// Turns that each engine and number of rules gets: short ones, as a shared machine is seldom quiet for long.
const TURNS: u32 = 50;

/// A rule that fires on more than one of so many events is cut off.
const CUT_OFF: usize = 50;

/// The fields of the events, and the columns of those that have one; the others are members of `attributes`.
const FIELDS: [(&str, Option<&str>); 10] = [
    ("CommandLine", Some("action_process_command_line")),
    ("Company", Some("action_process_signature_vendor")),
    ("CurrentDirectory", Some("action_process_cwd")),
    ("Image", Some("action_process_image_path")),
    ("IntegrityLevel", Some("action_process_integrity_level")),
    ("OriginalFileName", None),
    ("ParentCommandLine", Some("actor_process_command_line")),
    ("ParentImage", Some("actor_process_image_path")),
    ("Product", None),
    ("User", Some("action_process_username")),
];

/// What all rows are.
const KIND: [(&str, &str); 5] = [
    ("event_type", "PROCESS"),
    ("event_sub_type", "PROCESS_START"),
    ("agent_os_type", "AGENT_OS_WINDOWS"),
    ("source_vendor", "Microsoft"),
    ("source_product", "sysmon"),
];

/// The name of Atalanta in the table.
const OURS: &str = "Atalanta";
const THEIRS: &str = "rsigma-eval";

/// Matches as (place of the rule, number of the event).
type Matches = BTreeSet<(usize, usize)>;

/// An engine with some rules, and what it did with them.
struct Side {
    rules: usize,
    engine: &'static str,
    /// Events a second.
    speed: f64,
    warm_up: Duration,
    matches: Matches,
    /// Evaluates all events once.
    round: Box<dyn FnMut()>,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seconds = |text: &String| text.parse().context("SECONDS: expected a whole number");
    let (folder, seconds, counts) = match arguments.as_slice() {
        [folder] => (folder, 10, COUNTS.to_vec()),
        [folder, own] => (folder, seconds(own)?, COUNTS.to_vec()),
        [folder, own, rules] => {
            (folder, seconds(own)?, vec![(rules.parse().context("RULES: expected a number")?, false)])
        }
        _ => anyhow::bail!("usage: atalanta-detect-bench CHECKOUT [SECONDS [RULES]]"),
    };
    let mut all = usable(files::read(Path::new(folder))?.rules);
    let left_out = cut_off(&mut all)?;
    eprintln!(
        "{} rules that both sides read, {} of them cut off",
        all.len() + left_out.len(),
        left_out.len()
    );
    let mut sides: Vec<Side> = Vec::new();
    let mut compared = String::new();
    let order = spread(&all);
    let first = |count: usize| &order[..count.min(order.len())];
    let [.., (most, _)] = COUNTS;
    let events = events(first(most));
    for (count, both) in counts {
        let rules = first(count);
        let ours = atalanta(rules, &events)?;
        eprintln!("{count} rules, {OURS}: {:.1} s to warm up", ours.warm_up.as_secs_f64());
        if let Some((times, path)) = most_often(rules, &ours.matches) {
            eprintln!("  {times} of the matches are of {path}");
        }
        if both {
            let theirs = rsigma(rules, &events)?;
            eprintln!("{count} rules, {THEIRS}: {:.1} s to warm up", theirs.warm_up.as_secs_f64());
            compared.push_str(&compare(rules, &ours.matches, &theirs.matches));
            sides.push(theirs);
        }
        sides.push(ours);
    }
    take_turns(&mut sides, Duration::from_secs(seconds) / TURNS);
    print!("{}", page(all.len(), &left_out, seconds, &sides, &compared));
    Ok(())
}

/// The sides in turns of so long each.
fn take_turns(sides: &mut [Side], turn: Duration) {
    for number in 1..=TURNS {
        for side in &mut *sides {
            side.speed = side.speed.max(repeat(turn, &mut side.round));
        }
        eprintln!("turn {number} of {TURNS}");
    }
}

/// The rule that fires most often.
fn most_often<'a>(rules: &[&'a RuleFile], matches: &Matches) -> Option<(usize, &'a str)> {
    let mut times = vec![0; rules.len()];
    matches.iter().for_each(|(rule, _)| times[*rule] += 1);
    let most = (0..rules.len()).max_by_key(|rule| times[*rule])?;
    Some((times[most], &rules[most].path))
}

/// The page SPEED.md.
fn page(all: usize, left_out: &[String], seconds: u64, measured: &[Side], compared: &str) -> String {
    let mut page = format!(
        "# Events a second of one core against public Sigma rules\n\nMade by\n\n```sh\ncd bench/sigma && cargo run \
         --release --ignore-rust-version --features speed --bin atalanta-detect-bench CHECKOUT > SPEED.md\n```\n\n\
         and not to be edited. The first lines of [speed.rs](src/bin/speed.rs) say what is measured; {EVENTS} events, over \
         and over for {seconds} s in {TURNS} turns, of which the fastest counts. The rules are taken evenly out of the {all} that both sides load, \
         fewer of them always from among the more.\n\n\
         | rules | engine | events/s | warm-up s | matches |\n|---:|---|---:|---:|---:|\n"
    );
    for one in measured {
        let _ = writeln!(page, "{}", one.row());
    }
    page.push('\n');
    let ours = |rules: usize| measured.iter().find(|one| one.rules == rules && one.engine == OURS);
    let mut steps = String::new();
    for (fewer, _) in COUNTS {
        if let (Some(fewer), Some(more)) = (ours(fewer), ours(fewer + THOUSAND)) {
            let costs = 100.0 * (1.0 - more.speed / fewer.speed);
            let _ = writeln!(steps, "| {} | {} | {costs:.0} % |", fewer.rules, more.rules);
        }
    }
    let [(first, _), .., (last, _)] = COUNTS;
    if let (Some(first), Some(last)) = (ours(first), ours(last)) {
        let thousands = (last.rules - first.rules) as f64 / THOUSAND as f64;
        let costs = 100.0 * (1.0 - (last.speed / first.speed).powf(1.0 / thousands));
        let _ = writeln!(
            page,
            "From {} to {} rules each thousand costs {costs:.1} % of the speed; one by one:\n\n\
             | from | to | costs |\n|---:|---:|---:|\n{steps}",
            first.rules, last.rules
        );
    }
    page.push_str(compared);
    page.push_str("## Rules that were cut off\n\n");
    for path in left_out {
        let _ = writeln!(page, "* `{path}`");
    }
    page
}

impl Side {
    fn row(&self) -> String {
        let Self { rules, engine, speed, warm_up, matches, .. } = self;
        format!("| {rules} | {engine} | {speed:.0} | {:.1} | {} |", warm_up.as_secs_f64(), matches.len())
    }
}

/// Rules with an id of their own that both sides load.
fn usable(rules: Vec<RuleFile>) -> Vec<RuleFile> {
    let mut ids = BTreeSet::new();
    let loads = |rule: &RuleFile| {
        let collection =
            rsigma_parser::parse_sigma_yaml(&rule.text).ok().filter(|read| read.errors.is_empty());
        collection.is_some_and(|read| rsigma_eval::Engine::new().add_collection(&read).is_ok())
    };
    let mut both: Vec<RuleFile> = rules
        .into_iter()
        .filter(|rule| !rule.id.is_empty() && ids.insert(rule.id.clone()) && loads(rule))
        .collect();
    let files: Vec<SigmaFile> = both.iter().map(file).collect();
    let ours: BTreeSet<String> = read(&files).0.into_iter().map(|rule| rule.id).collect();
    both.retain(|rule| ours.contains(&rule.id));
    both
}

/// Takes the rules out that fire on too many of the first events, and names them.
fn cut_off(all: &mut Vec<RuleFile>) -> anyhow::Result<Vec<String>> {
    let rules: Vec<&RuleFile> = all.iter().collect();
    let mut events = events(&rules);
    events.truncate(BATCH);
    let (matches, _) = warm_up(&rules, &batches(&events)?)?;
    let mut fired = vec![0; rules.len()];
    matches.iter().for_each(|(rule, _)| fired[*rule] += 1);
    let mut left_out = Vec::new();
    let mut number = 0;
    all.retain(|rule| {
        let stays = fired[number] <= BATCH / CUT_OFF;
        number += 1;
        if !stays {
            left_out.push(rule.path.clone());
        }
        stays
    });
    Ok(left_out)
}

/// All rules in an order whose beginnings, however long, are spread evenly over the list: by the fractional part of
/// multiples of the golden ratio (Weyl).
fn spread(all: &[RuleFile]) -> Vec<&RuleFile> {
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by_key(|at| (*at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    order.into_iter().map(|at| &all[at]).collect()
}

/// A program of daily work: image, original name, arguments, and the image and arguments of what starts it. `%` is a
/// number. Parents are those that these programs have on a machine of a developer: pairs at random would fire rules
/// about odd parents on every other event.
type Program = (&'static str, &'static str, &'static str, &'static str, &'static str);

const CODE: &str = "C:\\Program Files\\Microsoft VS Code\\Code.exe";
const SERVICES: &str = "C:\\Windows\\System32\\services.exe";
const TERMINAL: &str = "C:\\Program Files\\WindowsApps\\Microsoft.WindowsTerminal\\WindowsTerminal.exe";

const PROGRAMS: [Program; 12] = [
    (
        "C:\\Program Files\\Git\\cmd\\git.exe",
        "git.exe",
        "fetch --prune origin feature/%",
        CODE,
        "--folder-uri work%",
    ),
    ("C:\\Python311\\python.exe", "python.exe", "-m pytest tests/test_%.py -q", CODE, "--folder-uri work%"),
    (
        "C:\\Program Files\\nodejs\\node.exe",
        "node.exe",
        "node_modules/.bin/tsc --project packages/%/tsconfig.json",
        TERMINAL,
        "-p Developer%",
    ),
    ("C:\\Windows\\System32\\svchost.exe", "svchost.exe", "-k netsvcs -p -s Schedule%", SERVICES, ""),
    (
        "C:\\Windows\\System32\\cmd.exe",
        "Cmd.Exe",
        "/c build.bat --target release --out C:\\work\\out\\%",
        TERMINAL,
        "-p Developer%",
    ),
    (
        "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
        "PowerShell.EXE",
        "-NoProfile -File C:\\work\\scripts\\deploy.ps1 -Name svc%",
        TERMINAL,
        "-p Developer%",
    ),
    (
        "C:\\Program Files\\Docker\\Docker\\resources\\bin\\docker.exe",
        "docker.exe",
        "run --rm -v C:\\work\\data:/data registry.corp.example/train:% python train.py",
        TERMINAL,
        "-p Developer%",
    ),
    (
        "C:\\Windows\\explorer.exe",
        "EXPLORER.EXE",
        "C:\\work\\reports\\%",
        "C:\\Windows\\System32\\userinit.exe",
        "",
    ),
    (
        CODE,
        "electron.exe",
        "--type=renderer --user-data-dir=C:\\Users\\ana\\AppData\\Roaming\\Code --lang=en-US %",
        CODE,
        "--folder-uri work%",
    ),
    (
        "C:\\Windows\\System32\\conhost.exe",
        "CONHOST.EXE",
        "0x%04 -ForceV1",
        "C:\\Program Files\\Git\\cmd\\git.exe",
        "status --porcelain %",
    ),
    (
        "C:\\Users\\ana\\.cargo\\bin\\cargo.exe",
        "cargo.exe",
        "test --workspace --locked -- module_%",
        CODE,
        "--folder-uri work%",
    ),
    (
        "C:\\Windows\\System32\\taskhostw.exe",
        "taskhostw.exe",
        "{222A245B-E637-4AE9-A93F-A59CA119A75E} %",
        "C:\\Windows\\System32\\svchost.exe",
        "-k netsvcs -p -s Schedule%",
    ),
];

fn daily(random: &mut Random) -> Event {
    let (image, original, line, parent, parent_line) = PROGRAMS[random.below(PROGRAMS.len())];
    let mut written = |image: &str, line: &str| {
        format!("\"{image}\" {}", line.replace('%', &random.below(100_000).to_string()))
    };
    let (line, parent_line) = (written(image, line), written(parent, parent_line));
    let of_the_system = parent == SERVICES || parent_line.contains("netsvcs");
    let people = [("CORP\\ana", "Medium"), ("CORP\\ben", "High")];
    let (user, level) =
        if of_the_system { ("NT AUTHORITY\\SYSTEM", "System") } else { people[random.below(people.len())] };
    let folder = if of_the_system {
        "C:\\Windows\\System32\\"
    } else {
        ["C:\\work\\", "C:\\Users\\ana\\"][random.below(2)]
    };
    let fields = [
        ("CommandLine", line.as_str()),
        ("Company", "Microsoft Corporation"),
        ("CurrentDirectory", folder),
        ("Image", image),
        ("IntegrityLevel", level),
        ("OriginalFileName", original),
        ("ParentCommandLine", parent_line.as_str()),
        ("ParentImage", parent),
        ("Product", "Microsoft Windows Operating System"),
        ("User", user),
    ];
    fields.into_iter().map(|(name, text)| (name.to_owned(), Value::from(text))).collect()
}

fn is_known(field: &str) -> bool {
    FIELDS.iter().any(|(name, _)| *name == field)
}

fn events(rules: &[&RuleFile]) -> Vec<Event> {
    let mut random = Random::new(0x5eed_0f5e_ed0f_5eed);
    let only_known = |rule: &&&RuleFile| {
        rule.matcher.tests().iter().all(|test| test.field.as_deref().is_some_and(is_known))
    };
    let about: Vec<&&RuleFile> = rules.iter().filter(only_known).collect();
    let event = |number: usize| {
        let mut event = daily(&mut random);
        if number % MADE == 0 && !about.is_empty() {
            let rule = about[random.below(about.len())];
            let mut made = fulfilling(&rule.matcher, &mut random);
            event.append(&mut made);
        }
        event
    };
    (0..EVENTS).map(event).collect()
}

/// Atalanta's detector over Arrow batches.
fn atalanta(rules: &[&RuleFile], events: &[Event]) -> anyhow::Result<Side> {
    let batches = batches(events)?;
    let started = Instant::now();
    let (matches, mut detector) = warm_up(rules, &batches)?;
    let warm_up = started.elapsed();
    let round = move || {
        for batch in &batches {
            std::hint::black_box(detector.feed("xdr_data", batch));
        }
    };
    Ok(Side { rules: rules.len(), engine: OURS, speed: 0.0, warm_up, matches, round: Box::new(round) })
}

/// A detector after its first look at all batches, and what it found.
fn warm_up(rules: &[&RuleFile], batches: &[RecordBatch]) -> anyhow::Result<(Matches, Detector)> {
    let files: Vec<SigmaFile> = rules.iter().map(|rule| file(rule)).collect();
    let numbers: BTreeMap<&str, usize> =
        rules.iter().enumerate().map(|(number, rule)| (rule.id.as_str(), number)).collect();
    let (mut own, problems) = read(&files);
    anyhow::ensure!(
        own.len() == rules.len(),
        "{} of {} rules: {:?}",
        own.len(),
        rules.len(),
        problems.first()
    );
    own.iter_mut().for_each(by_event);
    let (mut detector, problems) = Detector::new(&own);
    anyhow::ensure!(problems.is_empty(), "{}", problems[0].sentence());
    let mut matches = Matches::new();
    for batch in batches {
        for hit in detector.feed("xdr_data", batch).hits {
            let number = hit.entities[0].1.as_deref().and_then(|number| number.parse().ok());
            let rule = numbers.get(detector.rules()[hit.rule].rule.id.as_str());
            let rule = *rule.context("a hit of a rule that was not loaded")?;
            matches.insert((rule, number.context("a hit without its event")?));
        }
    }
    anyhow::ensure!(detector.take_failures().is_empty(), "rules failed");
    Ok((matches, detector))
}

fn file(rule: &RuleFile) -> SigmaFile {
    SigmaFile { place: rule.path.clone(), text: rule.text.clone(), ..SigmaFile::default() }
}

/// A hit then says which event it is.
fn by_event(rule: &mut Rule) {
    rule.entities = vec!["event_id".to_owned()];
}

fn batches(events: &[Event]) -> anyhow::Result<Vec<RecordBatch>> {
    let mut all = Vec::new();
    for (at, chunk) in events.chunks(BATCH).enumerate() {
        let texts = |text: &dyn Fn(usize, &Event) -> Option<String>| -> ArrayRef {
            let texts = chunk.iter().enumerate().map(|(row, event)| text(row, event));
            Arc::new(texts.collect::<StringViewArray>())
        };
        let mut columns = vec![("event_id", texts(&|row, _| Some((at * BATCH + row).to_string())))];
        columns.extend(KIND.map(|(name, value)| (name, texts(&|_, _| Some(value.to_owned())))));
        for (field, column) in FIELDS {
            let value = |_: usize, event: &Event| {
                let text = event.get(field).and_then(Value::as_str)?;
                // A value of a list of values, in upper case as the mapping of Sysmon has it.
                Some(if field == "IntegrityLevel" { text.to_uppercase() } else { text.to_owned() })
            };
            columns.extend(column.map(|column| (column, texts(&value))));
        }
        let left = |_: usize, event: &Event| {
            let is_left = |name: &str| FIELDS.iter().any(|(own, column)| *own == name && column.is_none());
            let left: Event = event
                .iter()
                .filter(|(name, _)| is_left(name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            Some(Value::Object(left).to_string())
        };
        columns.push(("attributes", texts(&left)));
        columns.push(("raw", texts(&|_, event| Some(Value::Object(event.clone()).to_string()))));
        let columns = columns.into_iter().map(|(name, array)| (name, array, true));
        all.push(RecordBatch::try_from_iter_with_nullable(columns)?);
    }
    Ok(all)
}

/// rsigma-eval over JSON values.
fn rsigma(rules: &[&RuleFile], events: &[Event]) -> anyhow::Result<Side> {
    let numbers: BTreeMap<&str, usize> =
        rules.iter().enumerate().map(|(number, rule)| (rule.id.as_str(), number)).collect();
    let kind = LogSource {
        category: Some("process_creation".to_owned()),
        product: Some("windows".to_owned()),
        ..LogSource::default()
    };
    let values: Vec<Value> = events.iter().cloned().map(Value::Object).collect();
    let started = Instant::now();
    let mut engine = rsigma_eval::Engine::new();
    for rule in rules {
        let collection = rsigma_parser::parse_sigma_yaml(&rule.text)?;
        engine.add_collection(&collection)?;
    }
    let mut matches = Matches::new();
    for (number, value) in values.iter().enumerate() {
        for result in engine.evaluate_with_logsource(&JsonEvent::borrow(value), &kind) {
            let rule = result.header.rule_id.as_deref().and_then(|id| numbers.get(id));
            matches.insert((*rule.context("a match of a rule that was not loaded")?, number));
        }
    }
    let warm_up = started.elapsed();
    let round = move || {
        for value in &values {
            std::hint::black_box(engine.evaluate_with_logsource(&JsonEvent::borrow(value), &kind));
        }
    };
    Ok(Side { rules: rules.len(), engine: THEIRS, speed: 0.0, warm_up, matches, round: Box::new(round) })
}

/// Events a second of rounds over all of them, for at least so long.
fn repeat(least: Duration, round: &mut dyn FnMut()) -> f64 {
    let started = Instant::now();
    let mut rounds = 0;
    while rounds == 0 || started.elapsed() < least {
        round();
        rounds += 1;
    }
    (rounds * EVENTS) as f64 / started.elapsed().as_secs_f64()
}

fn compare(rules: &[&RuleFile], ours: &Matches, theirs: &Matches) -> String {
    let mut by_rule: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (rule, _) in ours.difference(theirs) {
        by_rule.entry(&rules[*rule].path).or_default().0 += 1;
    }
    for (rule, _) in theirs.difference(ours) {
        by_rule.entry(&rules[*rule].path).or_default().1 += 1;
    }
    let count = ours.symmetric_difference(theirs).count();
    let mut text =
        format!("## Verdicts with {} rules\n\n{count} differ, in {} rules", rules.len(), by_rule.len());
    text.push_str(if by_rule.is_empty() {
        ".\n\n"
    } else {
        "; [RESULTS.md](RESULTS.md) explains the classes, and rules of log sources that the pipeline does not know \
         read all events here and are passed over there.\n\n"
    });
    for (path, (ours, theirs)) in &by_rule {
        let _ = writeln!(text, "* `{path}`: {ours} here alone, {theirs} there alone");
    }
    if !by_rule.is_empty() {
        text.push('\n');
    }
    text
}
