//! A running server as the place of data.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::Duration;

use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::RecordBatch;
use atalanta_engine::evidence::{Evidence, EvidenceRow};
use atalanta_engine::scan::PageCounts;
use atalanta_engine::session::Outcome;
use atalanta_schema::Type;
use atalanta_xql::env::{Env, Input, Mode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// Most bytes of an answer: 4 GiB.
const MAX_ANSWER: u64 = 4 << 30;

/// How often a request is sent again while the server is busy.
const TRIES: u32 = 120;

/// Where the server is and who asks.
#[derive(Clone, Debug, clap::Args)]
#[expect(clippy::struct_field_names, reason = "fields are named like the arguments that they are")]
pub struct Server {
    /// Address of a running server, as in http://127.0.0.1:7280 or https://atalanta.example:7280
    #[arg(long, value_name = "URL")]
    pub server: Option<String>,
    /// Token for the server
    #[arg(long, value_name = "TOKEN", env = "ATALANTA_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Roots of the server's certificate (PEM), when they are not public ones
    #[arg(long, value_name = "FILE", env = "ATALANTA_SERVER_CA")]
    pub server_ca: Option<PathBuf>,
}

/// What a query is asked with, besides its text.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// The language of the reference only.
    pub strict: bool,
    /// What `now` is; the server's clock if unset.
    pub now: Option<jiff::Timestamp>,
    /// Most rows of the result.
    pub limit: usize,
    /// Range of time of a query that sets none, RFC 3339.
    pub since: Option<String>,
    /// Its end.
    pub until: Option<String>,
    /// Whether events come with their place.
    pub provenance: bool,
}

/// A connection.
#[derive(Debug)]
pub struct Remote {
    address: String,
    token: Option<String>,
    agent: ureq::Agent,
}

impl Ask {
    fn body(&self, text: &str) -> Value {
        json!({ "query": text, "strict": self.strict, "now": self.now.map(|now| now.to_string()),
            "limit": self.limit, "since": self.since, "until": self.until, "provenance": self.provenance })
    }
}

fn evidence_row(row: &Value) -> anyhow::Result<EvidenceRow> {
    let bytes = STANDARD.decode(row["row"].as_str().unwrap_or_default())?;
    let batch = StreamReader::try_new(Cursor::new(bytes), None)?.next();
    Ok(EvidenceRow {
        path: row["path"].as_str().unwrap_or_default().to_owned(),
        line: row["line"].as_u64().unwrap_or(0),
        time: row["time"].as_i64(),
        row: batch.ok_or_else(|| anyhow::anyhow!("evidence without its event"))??,
    })
}

/// Certificates that vouch for the server.
fn roots(path: &Path) -> anyhow::Result<RootCerts> {
    let bytes = std::fs::read(path)
        .map_err(|error| anyhow::anyhow!("--server-ca {}: cannot be read: {error}", path.display()))?;
    let mut found: Vec<Certificate<'static>> = Vec::new();
    for item in parse_pem(&bytes) {
        let item = item.map_err(|error| anyhow::anyhow!("--server-ca {}: {error}", path.display()))?;
        if let PemItem::Certificate(certificate) = item {
            found.push(certificate);
        }
    }
    anyhow::ensure!(!found.is_empty(), "--server-ca {}: holds no certificate in PEM form", path.display());
    Ok(RootCerts::new_with_certs(&found))
}

/// An address is shown in messages, so it holds no secret.
fn check(address: &str) -> anyhow::Result<()> {
    let host = address.split_once("://").map_or(address, |(_, rest)| rest).split('/').next();
    anyhow::ensure!(
        !host.is_some_and(|host| host.contains('@')),
        "--server: expected an address without a name or password before `@`; ATALANTA_TOKEN holds the token"
    );
    anyhow::ensure!(
        address.starts_with("http://") || address.starts_with("https://"),
        "--server {address}: expected an address that begins with http:// or https://"
    );
    Ok(())
}

impl Server {
    /// The connection, if a server was named.
    pub fn remote(&self) -> anyhow::Result<Option<Remote>> {
        let Some(address) = &self.server else { return Ok(None) };
        check(address)?;
        let mut config = ureq::Agent::config_builder().http_status_as_error(false);
        if let Some(path) = &self.server_ca {
            config = config.tls_config(TlsConfig::builder().root_certs(roots(path)?).build());
        }
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

    fn list(&self) -> anyhow::Result<Value> {
        Ok(serde_json::from_slice(&self.get("/api/v1/datasets")?)?)
    }

    /// What queries over its datasets are checked against.
    pub fn env(&self, mode: Mode) -> anyhow::Result<Env> {
        let list = self.list()?;
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

    /// Names and rows of its datasets.
    pub fn datasets(&self) -> anyhow::Result<Vec<(String, u64)>> {
        let list = self.list()?;
        let datasets = list["datasets"].as_array().map(Vec::as_slice).unwrap_or_default();
        let dataset = |one: &Value| Some((one["name"].as_str()?.to_owned(), one["rows"].as_u64()?));
        Ok(datasets.iter().filter_map(dataset).collect())
    }

    /// Runs a query there.
    pub fn query(&self, text: &str, ask: &Ask) -> anyhow::Result<Outcome> {
        let accept = [("accept", "application/vnd.apache.arrow.stream")];
        let body = self.post("/api/v1/query", &accept, ask.body(text).to_string().as_bytes())?;
        let mut reader = StreamReader::try_new(Cursor::new(body), None)?;
        let batches = reader.by_ref().collect::<Result<Vec<_>, _>>()?;
        let schema = reader.schema();
        let number = |key: &str| schema.metadata().get(key).and_then(|text| text.parse::<u64>().ok());
        Ok(Outcome {
            rows: batches.iter().map(RecordBatch::num_rows).sum(),
            cut_at: number("atalanta.cut_at").map(|rows| rows as usize),
            elapsed: Duration::from_micros(number("atalanta.elapsed_us").unwrap_or(0)),
            metrics: Vec::new(),
            pages: PageCounts::default(),
            schema,
            batches,
        })
    }

    /// The events behind a row of a query's result.
    pub fn evidence(
        &self,
        text: &str,
        ask: &Ask,
        batch: &RecordBatch,
        row: usize,
        events: usize,
    ) -> anyhow::Result<Evidence> {
        let mut bytes = Vec::new();
        let mut writer = StreamWriter::try_new(&mut bytes, batch.schema_ref())?;
        writer.write(&batch.slice(row, 1))?;
        writer.finish()?;
        drop(writer);
        let mut body = ask.body(text);
        body["row"] = STANDARD.encode(bytes).into();
        body["events"] = events.into();
        let answer = self.post("/api/v1/evidence", &[], body.to_string().as_bytes())?;
        let answer: Value = serde_json::from_slice(&answer)?;
        let found = answer["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(Evidence {
            total: answer["total"].as_u64().unwrap_or(0),
            first: answer["first"].as_i64(),
            last: answer["last"].as_i64(),
            rows: found.iter().map(evidence_row).collect::<anyhow::Result<_>>()?,
        })
    }

    /// Sends a body; while the server is busy it is sent again.
    pub fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> anyhow::Result<Vec<u8>> {
        self.when_free(|| {
            let mut request = self.allowed(self.agent.post(format!("{}{path}", self.address)));
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            request.send(body)
        })
    }

    /// The text of a page.
    pub fn text(&self, path: &str) -> anyhow::Result<String> {
        Ok(String::from_utf8_lossy(&self.get(path)?).into_owned())
    }

    /// What a path answers; while the server is busy it is asked again.
    fn get(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        self.when_free(|| self.allowed(self.agent.get(format!("{}{path}", self.address))).call())
    }

    fn allowed<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    /// Sends a request until the server is not busy any more.
    fn when_free(
        &self,
        send: impl Fn() -> Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> anyhow::Result<Vec<u8>> {
        let mut said = String::new();
        for _ in 0..TRIES {
            let answer = send().map_err(|error| self.unreachable(&error))?;
            match self.read(answer)? {
                (429 | 503, wait, body) => {
                    said = reason(&body);
                    std::thread::sleep(wait);
                }
                (_, _, body) => return Ok(body),
            }
        }
        anyhow::bail!("{}: the server stays busy: {said}", self.address)
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
        anyhow::bail!("{}: {} (status {status})", self.address, reason(&body))
    }
}

/// Why a server did not do what it was asked, by its answer.
fn reason(body: &[u8]) -> String {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    atalanta_diag::render::escape_control(said["error"].as_str().unwrap_or("no reason was given"))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_busy_server_is_asked_again() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap());
        let answers = [
            "HTTP/1.1 503 Busy\r\nretry-after: 0\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 429 Busy\r\nretry-after: 0\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 42\r\n\r\n{\"datasets\": [{\"name\": \"a\", \"rows\": 7}  ]}",
        ];
        let serving = std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut head = BufReader::new(stream.try_clone().unwrap()).lines();
                while head.next().is_some_and(|line| !line.unwrap().is_empty()) {}
                stream.write_all(answer.as_bytes()).unwrap();
            }
        });
        let server = Server { server: Some(server), token: Some("t".to_owned()), server_ca: None };
        let remote = server.remote().unwrap().unwrap();
        assert_eq!(remote.datasets().unwrap(), [("a".to_owned(), 7)]);
        serving.join().unwrap();
    }
}
