//! Bursts of one user within one hour: what the hunts with a threshold look for.

use super::random::Random;
use super::world::{Os, Role};

/// What happens in a burst; the texts are beside the row maker that writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Burst {
    /// python.exe with one of these command lines.
    Python(&'static str),
    /// kubectl.exe with one of these command lines.
    Kubectl(&'static str),
    /// Large requests to an LLM provider.
    LargePrompts,
    /// Calls of a managed ML service, 100 kB each and more.
    MlService,
    /// Messages to one MCP server.
    McpServer,
    /// Rewrites of one dataset file.
    DatasetWrites,
}

/// A burst, its hour and size.
#[derive(Debug)]
pub struct Kind {
    /// What happens.
    pub burst: Burst,
    /// How many such bursts the period has.
    pub count: u64,
    /// Fewest and most events of one burst.
    pub size: (u64, u64),
    /// Who does it.
    pub user: (Role, Os),
}

use Os::{Linux, Windows};
use Role::{Operator, Scientist, Service};

/// All kinds of bursts.
pub const KINDS: &[Kind] = &[
    Kind {
        burst: Burst::Python(
            r"C:\Users\{user}\AppData\Local\Temp\p{digit}.py --b64 {b64} --target gpt-4o --openai-key-file k{digit}.txt",
        ),
        count: 40,
        size: (5, 40),
        user: (Scientist, Windows),
    },
    Kind {
        burst: Burst::Python(
            r#"C:\agents\worker\run_agent.py --session {uuid} --tool-call {"name":"{tool}","input":{"id":{big}}}"#,
        ),
        count: 30,
        size: (70, 400),
        user: (Service, Windows),
    },
    Kind {
        burst: Burst::Python(r"-m mcp_server_{word} --register-tool @tool:{tool}_{n}"),
        count: 25,
        size: (7, 30),
        user: (Scientist, Windows),
    },
    Kind {
        burst: Burst::Python(
            r"-c import pandas as pd; d = pd.read_csv(r'D:\training\{data}.csv'); d = pd.concat([d, d.sample({n})]); d.to_csv(r'D:\training\{data}.csv')",
        ),
        count: 30,
        size: (25, 90),
        user: (Scientist, Windows),
    },
    Kind {
        burst: Burst::Python(
            r"C:\src\ml-{word}\train.py --framework pytorch --epoch {n} --model {model} --data D:\training\{data}.parquet",
        ),
        count: 40,
        size: (8, 60),
        user: (Scientist, Windows),
    },
    Kind {
        burst: Burst::Kubectl("-n ml-training exec pod/trainer-{digit} -- tar -cf - /models/{model}"),
        count: 30,
        size: (12, 50),
        user: (Operator, Windows),
    },
    Kind { burst: Burst::LargePrompts, count: 25, size: (130, 600), user: (Scientist, Windows) },
    Kind { burst: Burst::MlService, count: 12, size: (1_150, 2_000), user: (Scientist, Windows) },
    Kind { burst: Burst::McpServer, count: 40, size: (16, 80), user: (Service, Linux) },
    Kind { burst: Burst::DatasetWrites, count: 40, size: (12, 60), user: (Scientist, Linux) },
];

/// A planned burst.
#[derive(Debug)]
pub struct Incident {
    /// What happens.
    pub burst: Burst,
    /// Hours after the start of the period.
    pub hour: i64,
    /// Number of events wanted; fewer if the hour has too few rows.
    pub events: u64,
    /// Decides user and other recurring values of the burst.
    pub key: u64,
    /// Who does it.
    pub user: (Role, Os),
}

/// The bursts of the whole period, at busy hours of the day.
pub fn plan(seed: u64, days: i64) -> Vec<Incident> {
    let mut random = Random::keyed(&[seed, 0x494E_4349]);
    let mut incidents = Vec::new();
    for kind in KINDS {
        for _ in 0..kind.count {
            let day = random.below(days as u64) as i64;
            let hour = 8 + random.below(10) as i64;
            incidents.push(Incident {
                burst: kind.burst,
                hour: day * 24 + hour,
                events: kind.size.0 + random.below(kind.size.1 - kind.size.0),
                key: random.next(),
                user: kind.user,
            });
        }
    }
    incidents
}
