//! Time per event and bytes per entity of each kind of baseline.
//!
//! ```sh
//! cargo run --release --workspace --example baseline_speed -- 1000000 8
//! ```
//!
//! takes the number of entities and how many events each of them has (1,000,000 and 8 unless given). Events come in
//! batches of 4,096 rows of a hundred columns of `xdr_data`, half of which are empty; each round gives one event to every
//! entity, in another order each time, so that neighbours in a batch have nothing in common. Time counts the whole way through the
//! detector (candidates, conditions, state), on one thread, in CPU time as Linux counts it; writing what changed to the book is measured apart, as a
//! server does that once a second at most. Each kind runs in a process of its own, whose resident memory before and
//! after gives the bytes of an entity. `full` gives entities as many different values as a state can hold, which is the
//! largest that one can become.

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use atalanta_detect::detector::Detector;
use atalanta_detect::rule::{Rule, RuleProblem, pack};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Rows of a batch.
const BATCH: usize = 4_096;

/// 2026-11-20 00:00:00 UTC in µs.
const START: i64 = 1_795_132_800_000_000;

/// Time between two rounds, µs.
const ROUND: i64 = 3_600_000_000;

/// Kinds with what their rules say.
const KINDS: [(&str, &str); 6] = [
    ("first_seen", "value: [action_remote_hostname], learn: 4, learn_for: 1h"),
    ("rare", "value: [action_remote_hostname], learn: 4"),
    ("rate", "every: 1h, learn: 4, season: week, cusum: { k: 1, h: 6 }"),
    ("volume", "value: [action_network_bytes_out], every: 1h, learn: 4, season: week, cusum: { k: 1, h: 6 }"),
    ("order", "value: [tool_name], session: [session_id], length: 3, learn: 8"),
    ("drift", "value: [action_network_bytes_out], window: 100, learn: 5"),
];

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [kind, entities, rounds, values] = arguments.as_slice() {
        return measure(kind, entities.parse()?, rounds.parse()?, values.parse()?);
    }
    let number = |place: usize, default: usize| -> Result<usize, Failure> {
        arguments.get(place).map_or(Ok(default), |text| Ok(text.parse()?))
    };
    let (entities, rounds) = (number(0, 1_000_000)?, number(1, 8)?);
    out("| kind | entities | events of each | µs per event | bytes per entity | kept: bytes | kept: µs |\n")?;
    out("|---|---:|---:|---:|---:|---:|---:|\n")?;
    for (kind, _) in KINDS {
        // A state is full with 128 values; of a twentieth of the entities, as it takes 160 events of each.
        for (entities, rounds, values) in [(entities, rounds, 5), ((entities / 20).max(1), 160, 1_000_000)] {
            let numbers = [entities, rounds, values].map(|number| number.to_string());
            let own = Command::new(std::env::current_exe()?).arg(kind).args(numbers).output()?;
            if !own.status.success() {
                return Err(String::from_utf8_lossy(&own.stderr).into_owned().into());
            }
            out(&String::from_utf8_lossy(&own.stdout))?;
        }
    }
    Ok(())
}

fn out(text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    std::io::stdout().write_all(text.as_bytes())
}

fn rule(kind: &str) -> Result<Rule, Failure> {
    let (_, config) = KINDS.iter().find(|(own, _)| *own == kind).ok_or("no such kind")?;
    let folder = std::env::temp_dir().join(format!("atalanta-baseline-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("rule"))?;
    let text = format!(
        "id: speed\ntitle: Speed\nseverity: low\nschedule: {{ early: true }}\nlogic: baseline\n\
         config: {{ kind: {kind}, where: event_class = MESH_FLOW, by: [actor_primary_user_sid], {config} }}\n"
    );
    std::fs::write(folder.join("rule/rule.yaml"), text)?;
    let mut loaded = pack::load(std::slice::from_ref(&folder));
    std::fs::remove_dir_all(&folder)?;
    let rule = loaded.rules.pop();
    rule.ok_or_else(|| loaded.problems.iter().map(RuleProblem::sentence).collect::<String>().into())
}

fn measure(kind: &str, entities: usize, rounds: usize, values: usize) -> Result<(), Failure> {
    let rule = rule(kind)?;
    let (mut detector, problems) = Detector::new([&rule]);
    if let Some(problem) = problems.first() {
        return Err(problem.sentence().into());
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    // What the first batch compiles is no part of a state.
    detector.feed("xdr_data", &batch(0, &vec![0; BATCH], values, &mut random)?);
    let before = resident()?;
    let mut spent = Duration::ZERO;
    for round in 0..rounds {
        let order = Order::new(entities, &mut random);
        let mut at = 0;
        while at < entities {
            let own: Vec<usize> = (at..(at + BATCH).min(entities)).map(|place| order.at(place)).collect();
            let passed = (ROUND as f64 * at as f64 / entities as f64) as i64;
            let time = round as i64 * ROUND + passed;
            let batch = batch(time, &own, values, &mut random)?;
            let started = cpu()?;
            detector.feed("xdr_data", &batch);
            detector.advance(START + time - 600_000_000);
            spent += cpu()?.saturating_sub(started);
            at += own.len();
        }
    }
    let held = resident()?.saturating_sub(before);
    let started = cpu()?;
    let states = detector.machines().next().map(|(_, machine)| machine.changed()).unwrap_or_default();
    let kept = cpu()?.saturating_sub(started);
    if states.len() != entities {
        return Err(format!(
            "{} states of {entities} entities: the measure would say too little",
            states.len()
        )
        .into());
    }
    let bytes: usize = states.iter().map(|(_, state)| state.len()).sum();
    let micros = |time: Duration, of: usize| time.as_secs_f64() * 1e6 / of.max(1) as f64;
    let name = if values > entities { format!("{kind}, full") } else { kind.to_owned() };
    out(&format!(
        "| {name} | {entities} | {rounds} | {:.2} | {} | {} | {:.2} |\n",
        micros(spent, entities * rounds),
        held / entities.max(1) as u64,
        bytes / states.len().max(1),
        micros(kept, states.len()),
    ))?;
    Ok(())
}

/// CPU time of this thread so far.
fn cpu() -> Result<Duration, Failure> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(Duration::from_nanos(text.split_whitespace().next().ok_or("no CPU time")?.parse()?))
}

/// Resident memory, bytes.
fn resident() -> Result<u64, Failure> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).ok_or("no VmRSS")?;
    let kib: u64 = line.split_whitespace().nth(1).ok_or("no number")?.parse()?;
    Ok(kib * 1024)
}

/// All numbers below a bound, each once, in an order that looks like none: multiples of a number that has no divisor in
/// common with it.
struct Order {
    bound: usize,
    step: usize,
    first: usize,
}

impl Order {
    fn new(bound: usize, random: &mut Random) -> Self {
        let mut step = random.below(bound).max(1);
        while divisor(step, bound) != 1 {
            step += 1;
        }
        Self { bound, step, first: random.below(bound) }
    }

    fn at(&self, place: usize) -> usize {
        (self.first + place * self.step) % self.bound
    }
}

fn divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { divisor(b, a % b) }
}

/// Rows of `xdr_data`: the columns that the rules read, further ones with text, and empty ones.
fn batch(time: i64, entities: &[usize], values: usize, random: &mut Random) -> Result<RecordBatch, Failure> {
    let rows = entities.len();
    let mut texts = |make: &mut dyn FnMut(usize, &mut Random) -> String| -> ArrayRef {
        Arc::new(StringViewArray::from_iter_values((0..rows).map(|row| make(row, random))))
    };
    let times = TimestampMicrosecondArray::from_iter_values((0..rows).map(|row| START + time + row as i64));
    let mut columns: Vec<(String, ArrayRef)> = vec![
        (
            "event_id".to_owned(),
            texts(&mut |row, random| format!("{time:x}-{row}-{}", random.below(1 << 30))),
        ),
        ("event_class".to_owned(), texts(&mut |_, _| "MESH_FLOW".to_owned())),
        (
            "actor_primary_user_sid".to_owned(),
            texts(&mut |row, _| format!("spiffe://corp.example/sa/{}", entities[row])),
        ),
        (
            "action_remote_hostname".to_owned(),
            texts(&mut |_, random| format!("svc-{}.corp.example", random.below(values))),
        ),
        ("tool_name".to_owned(), texts(&mut |_, random| format!("tool_{}", random.below(values)))),
        ("session_id".to_owned(), texts(&mut |row, random| format!("{}-{}", entities[row], random.below(4)))),
    ];
    for extra in 0..44 {
        columns.push((format!("text_{extra}"), texts(&mut |row, _| format!("some text of row {row}"))));
    }
    let amounts = Int64Array::from_iter_values((0..rows).map(|_| 500 + random.below(1_000) as i64));
    columns.push(("action_network_bytes_out".to_owned(), Arc::new(amounts)));
    for extra in 0..50 {
        columns.push((format!("empty_{extra}"), Arc::new(StringViewArray::new_null(rows))));
    }
    let times = times.with_timezone("UTC");
    columns.insert(0, ("_time".to_owned(), Arc::new(times)));
    Ok(RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, column)| (name, column, true)),
    )?)
}

struct Random(u64);

impl Random {
    /// The next number below a bound; xorshift64*, by Vigna.
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let value = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(value).unwrap_or(0) % bound.max(1)
    }
}
