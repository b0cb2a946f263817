//! A running server as the place of data.

use std::io::Cursor;
use std::time::Duration;

use arrow::ipc::reader::StreamReader;
use atalanta_engine::session::Outcome;
use atalanta_schema::Type;
use atalanta_xql::env::{Env, Input, Mode};
use serde_json::{Value, json};

/// Most bytes of an answer: 4 GiB.
const MAX_ANSWER: u64 = 4 << 30;

/// How often a request is sent again while the server is busy.
const TRIES: u32 = 120;

/// Where the server is and who asks.
#[derive(Clone, Debug, clap::Args)]
pub struct Server {
    /// Address of a running server, as in http://127.0.0.1:7280
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// Token for the server
    #[arg(long, value_name = "TOKEN", env = "ATALANTA_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
}

/// A connection.
#[derive(Debug)]
pub struct Remote {
    address: String,
    token: Option<String>,
    agent: ureq::Agent,
}

impl Server {
    /// The connection, if a server was named.
    pub fn remote(&self) -> anyhow::Result<Option<Remote>> {
        let Some(address) = &self.server else { return Ok(None) };
        anyhow::ensure!(
            address.starts_with("http://"),
            "--server {address}: expected an address that begins with http://"
        );
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let config = config.timeout_connect(Some(Duration::from_secs(10))).build();
        Ok(Some(Remote {
            address: address.trim_end_matches('/').to_owned(),
            token: self.token.clone(),
            agent: config.into(),
        }))
    }
}

impl Remote {
    /// Its address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What queries over its datasets are checked against.
    pub fn env(&self, mode: Mode) -> anyhow::Result<Env> {
        let mut request = self.agent.get(format!("{}/api/v1/datasets", self.address));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = request.call().map_err(|error| self.unreachable(&error))?;
        let list: Value = serde_json::from_slice(&self.read(answer)?.2)?;
        let columns = |dataset: &Value| {
            let all = dataset["columns"].as_array().map(Vec::as_slice).unwrap_or_default();
            let column = |pair: &Value| Some((pair[0].as_str()?.to_owned(), Type::parse(pair[1].as_str()?)?));
            all.iter().filter_map(column).collect()
        };
        let empty = |dataset: &Value| {
            let names = dataset["empty"].as_array().map(Vec::as_slice).unwrap_or_default();
            names.iter().filter_map(|name| Some(name.as_str()?.to_owned())).collect()
        };
        let datasets = list["datasets"].as_array().map(Vec::as_slice).unwrap_or_default();
        let inputs = datasets.iter().map(|dataset| Input {
            name: dataset["name"].as_str().unwrap_or_default().to_owned(),
            columns: columns(dataset),
            empty: empty(dataset),
        });
        Ok(Env { inputs: inputs.collect(), with_data: true, ..Env::new(mode) })
    }

    /// Runs a query there.
    pub fn query(
        &self,
        text: &str,
        strict: bool,
        now: Option<jiff::Timestamp>,
        limit: usize,
    ) -> anyhow::Result<Outcome> {
        let body =
            json!({ "query": text, "strict": strict, "now": now.map(|now| now.to_string()), "limit": limit });
        let accept = [("accept", "application/vnd.apache.arrow.stream")];
        let body = self.post("/api/v1/query", &accept, body.to_string().as_bytes())?;
        let mut reader = StreamReader::try_new(Cursor::new(body), None)?;
        let batches = reader.by_ref().collect::<Result<Vec<_>, _>>()?;
        let schema = reader.schema();
        let number = |key: &str| schema.metadata().get(key).and_then(|text| text.parse::<u64>().ok());
        Ok(Outcome {
            rows: batches.iter().map(arrow::record_batch::RecordBatch::num_rows).sum(),
            cut_at: number("atalanta.cut_at").map(|rows| rows as usize),
            elapsed: Duration::from_micros(number("atalanta.elapsed_us").unwrap_or(0)),
            metrics: Vec::new(),
            schema,
            batches,
        })
    }

    /// Sends a body; while the server is busy it is sent again.
    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> anyhow::Result<Vec<u8>> {
        for _ in 0..TRIES {
            let mut request = self.agent.post(format!("{}{path}", self.address));
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            if let Some(token) = &self.token {
                request = request.header("authorization", format!("Bearer {token}"));
            }
            let answer = request.send(body).map_err(|error| self.unreachable(&error))?;
            match self.read(answer)? {
                (429 | 503, wait, _) => std::thread::sleep(wait),
                (_, _, body) => return Ok(body),
            }
        }
        anyhow::bail!("{}: the server stays busy", self.address)
    }

    /// The text of a page.
    pub fn text(&self, path: &str) -> anyhow::Result<String> {
        let mut request = self.agent.get(format!("{}{path}", self.address));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = request.call().map_err(|error| self.unreachable(&error))?;
        Ok(String::from_utf8_lossy(&self.read(answer)?.2).into_owned())
    }

    fn unreachable(&self, error: &ureq::Error) -> anyhow::Error {
        anyhow::anyhow!("{}: the server cannot be reached: {error}", self.address)
    }

    /// Status, time to wait and body of an answer; what is neither done nor busy is an error.
    fn read(&self, mut answer: ureq::http::Response<ureq::Body>) -> anyhow::Result<(u16, Duration, Vec<u8>)> {
        let status = answer.status().as_u16();
        let wait = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let body = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
        let body = body.map_err(|error| self.unreachable(&error))?;
        if status < 300 || status == 429 || status == 503 {
            return Ok((status, Duration::from_secs(wait.unwrap_or(1)), body));
        }
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        let said = said["error"].as_str().unwrap_or("no reason was given").to_owned();
        anyhow::bail!("{}: {} (status {status})", self.address, atalanta_diag::render::escape_control(&said))
    }
}
