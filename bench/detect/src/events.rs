//! Flat events of three kinds, from a seed.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray};
use serde_json::{Value, json};

/// A small generator (SplitMix64): the same events on every machine.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

pub const TEXTS: [&str; 12] = [
    "event_type",
    "actor_process_image_name",
    "actor_process_command_line",
    "actor_primary_username",
    "action_process_image_path",
    "action_process_command_line",
    "action_file_path",
    "action_file_name",
    "action_remote_hostname",
    "action_http_request_uri",
    "action_http_user_agent",
    "action_http_request_body",
];

pub const PROGRAMS: &[&str] = &[
    "python3", "bash", "kubectl", "docker", "node", "java", "sshd", "systemd", "powershell.exe", "cmd.exe", "curl",
    "git", "nginx", "postgres", "svchost.exe", "uvicorn", "containerd", "vim",
];

const WORDS: &[&str] = &[
    "--config", "/etc/app/settings.yaml", "run", "serve", "--port", "8080", "train.py", "--epochs", "batch", "exec",
    "-c", "import", "model", "weights", "dataset", "/data/raw/part-0001.parquet", "--verbose", "install", "apply",
    "-f", "deployment.yaml", "get", "pods", "-n", "ml-serving", "checkout", "main", "token", "upload", "s3://bucket",
    "--output", "json", "/usr/lib/python3/dist-packages", "worker", "scheduler", "metrics", "healthcheck",
];

const HOSTS: &[&str] = &[
    "api.openai.com", "api.anthropic.com", "registry.corp.example", "pypi.org", "github.com", "mlflow.corp.example",
    "s3.eu-central-1.amazonaws.com", "telemetry.vendor.example", "cdn.example.net", "login.corp.example",
];

fn sentence(random: &mut Random, words: usize) -> String {
    let mut text = String::new();
    for _ in 0..words {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(random.pick(WORDS));
        if random.below(4) == 0 {
            text.push_str(&format!("-{}", random.below(100_000)));
        }
    }
    text
}

/// A rare word that rules look for: the n-th of an endless list.
pub fn rare(number: usize) -> String {
    const PARTS: [&str; 16] = [
        "mimi", "katz", "cobalt", "nc64", "beacon", "dump", "stage", "inject", "hollow", "relay", "spray", "forge",
        "pivot", "exfil", "shell", "crack",
    ];
    let mut random = Random(number as u64 * 7919 + 13);
    format!("{}{}{}", random.pick(&PARTS), random.pick(&PARTS), random.below(1000))
}

/// Events.
pub fn rows(count: usize) -> Vec<Value> {
    let mut random = Random(42);
    (0..count).map(|_| row(&mut random)).collect()
}

fn row(random: &mut Random) -> Value {
    let program = random.pick(PROGRAMS);
    let user = format!("user{}", random.below(400));
    let actor = format!("/usr/bin/{program} {}", sentence(random, 8));
    // One in thirty events has something that some rule looks for.
    let odd = if random.below(30) == 0 { format!(" {}", rare(random.below(20_000))) } else { String::new() };
    let body = sentence(random, 36);
    match random.below(10) {
        0..6 => json!({
            "event_type": "PROCESS", "actor_process_image_name": program, "actor_process_command_line": actor,
            "actor_primary_username": user,
            "action_process_image_path": format!("/opt/{}/bin/{}{}", random.pick(WORDS).trim_matches('/'), random.pick(PROGRAMS), random.below(50)),
            "action_process_command_line": format!("{} {}{odd}", random.pick(PROGRAMS), sentence(random, 14)),
            "action_http_request_body": body, "n": random.below(65_536),
        }),
        6..8 => json!({
            "event_type": "FILE", "actor_process_image_name": program, "actor_process_command_line": actor,
            "actor_primary_username": user,
            "action_file_path": format!("/srv/{}/{}/file{}{}.bin", random.below(100), random.pick(PROGRAMS), random.below(9999), odd.trim()),
            "action_file_name": format!("file{}{}.bin", random.below(9999), odd.trim()),
            "action_http_request_body": body, "n": random.below(65_536),
        }),
        _ => json!({
            "event_type": "NETWORK", "actor_process_image_name": program, "actor_process_command_line": actor,
            "actor_primary_username": user,
            "action_remote_hostname": format!("{}{}", odd.trim(), random.pick(HOSTS)),
            "action_http_request_uri": format!("/v1/{}/{}{}", random.pick(WORDS).trim_matches('/'), random.below(10_000), odd.trim()),
            "action_http_user_agent": format!("{}/{}.{}", random.pick(PROGRAMS), random.below(9), random.below(99)),
            "action_http_request_body": body, "n": random.below(65_536),
        }),
    }
}

/// The same events as a typed batch.
pub fn batch(rows: &[Value]) -> RecordBatch {
    let mut columns: Vec<(&str, ArrayRef)> = Vec::new();
    for name in TEXTS {
        let values = rows.iter().map(|row| row.get(name).and_then(Value::as_str));
        columns.push((name, Arc::new(StringViewArray::from_iter(values))));
    }
    columns.push(("n", Arc::new(Int64Array::from_iter(rows.iter().map(|row| row["n"].as_i64())))));
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .expect("columns have one length")
}
