//! The configuration file of `atalanta serve`, in TOML. Every key has a default; a key that is not known is an error.

mod access;
mod inputs;
mod mistake;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use atalanta_detect::output::{Kind, Output};
use atalanta_engine::session::SessionOptions;
use atalanta_intake::http::{Access, HttpLimits};
use atalanta_intake::inputs::Input;
use atalanta_intake::joins::WAITING;
use atalanta_intake::tls::{Inside, TlsFiles};
use atalanta_schema::Level;
use atalanta_store::{Retention, StoreOptions};
use serde::Deserialize;

/// How long rows of what waits for a counterpart are kept.
const WAITING_KEPT: Duration = Duration::from_hours(7 * 24);

/// A configuration that can be run.
#[derive(Clone, Debug)]
pub struct Config {
    /// The data folder.
    pub data_dir: PathBuf,
    /// Address of the HTTP listener.
    pub http: SocketAddr,
    /// Limits of HTTP bodies.
    pub limits: HttpLimits,
    /// Addresses of syslog over UDP.
    pub syslog_udp: Option<SocketAddr>,
    /// Addresses of syslog over TCP.
    pub syslog_tcp: Option<SocketAddr>,
    /// Address of syslog over TLS.
    pub syslog_tls: Option<SocketAddr>,
    /// Address of OTLP over gRPC.
    pub grpc: Grpc,
    /// Certificate and key of all listeners that speak TLS.
    pub tls: Option<TlsFiles>,
    /// Files, folders and topics that are read.
    pub inputs: Vec<Input>,
    /// Sizes and times of the store.
    pub store: StoreOptions,
    /// How often files are merged, old rows end and unread files are removed.
    pub maintenance: Duration,
    /// How long a removed file stays on disk for queries that read it.
    pub grace: Duration,
    /// How long rows are kept.
    pub retention: Retention,
    /// Limits of queries.
    pub query: QueryLimits,
    /// Detection; none if it is off.
    pub detect: Option<DetectConfig>,
    /// Who may send and ask.
    pub access: Access,
    /// Log lines as JSON objects.
    pub json_log: bool,
    /// Which log lines: `info`, `debug`, or a filter by module.
    pub log_filter: String,
}

/// Where OTLP over gRPC listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grpc {
    /// Nowhere.
    Off,
    /// At its usual address, if that is free: nobody asked for it.
    Usual(SocketAddr),
    /// At an address of the configuration.
    At(SocketAddr),
}

/// Limits of queries.
#[derive(Clone, Debug)]
pub struct QueryLimits {
    /// Queries that run at a time.
    pub parallel: usize,
    /// Threads of one query.
    pub threads: usize,
    /// Bytes of memory of one query.
    pub memory: usize,
    /// Rows of a result.
    pub rows: usize,
    /// Run time.
    pub timeout: Duration,
}

/// What detection works with.
#[derive(Clone, Debug)]
pub struct DetectConfig {
    /// Whether the rules inside the program run.
    pub builtin: bool,
    /// Folders with further rules.
    pub rules: Vec<PathBuf>,
    /// File with suppressions.
    pub suppressions: Option<PathBuf>,
    /// Where alerts go.
    pub outputs: Vec<Output>,
    /// How much of the store's history rules learn from that are new or have changed.
    pub history: Duration,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    data_dir: PathBuf,
    http: Http,
    otlp: Otlp,
    syslog: Syslog,
    tls: Option<Tls>,
    store: Store,
    retention: BTreeMap<String, String>,
    query: Query,
    detect: Detect,
    outputs: Vec<OutputEntry>,
    tokens: Vec<access::TokenEntry>,
    webhooks: Vec<access::WebhookEntry>,
    collectors: Vec<access::CollectorEntry>,
    files: Vec<inputs::FileEntry>,
    folders: Vec<inputs::FolderEntry>,
    kafka: Vec<inputs::KafkaEntry>,
    log: Log,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Http {
    listen: SocketAddr,
    max_body_mib: usize,
    max_decompressed_mib: usize,
    max_inflight_mib: usize,
    body_timeout: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Otlp {
    grpc: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Syslog {
    udp: Option<SocketAddr>,
    tcp: Option<SocketAddr>,
    tls: Option<SocketAddr>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tls {
    certificate: PathBuf,
    key: PathBuf,
    client_ca: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Store {
    tables: Option<String>,
    catalog: Option<String>,
    segment_mib: usize,
    flush_mib: usize,
    flush_interval: String,
    memory_mib: usize,
    maintenance_interval: String,
    removal_grace: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Query {
    parallel: usize,
    threads: usize,
    memory_mib: usize,
    max_rows: usize,
    timeout: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Detect {
    enabled: bool,
    builtin_rules: bool,
    rules: Vec<PathBuf>,
    suppressions: Option<PathBuf>,
    warm_start: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutputEntry {
    name: String,
    kind: String,
    address: String,
    severity: Option<String>,
    header: Option<String>,
    header_value_env: Option<String>,
    ca: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Log {
    json: bool,
    filter: String,
}

impl Default for File {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("atalanta-data"),
            http: Http::default(),
            otlp: Otlp::default(),
            syslog: Syslog::default(),
            tls: None,
            store: Store::default(),
            retention: BTreeMap::new(),
            query: Query::default(),
            detect: Detect::default(),
            outputs: Vec::new(),
            tokens: Vec::new(),
            webhooks: Vec::new(),
            collectors: Vec::new(),
            files: Vec::new(),
            folders: Vec::new(),
            kafka: Vec::new(),
            log: Log::default(),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7280)),
            max_body_mib: 16,
            max_decompressed_mib: 64,
            max_inflight_mib: 128,
            body_timeout: "60s".to_owned(),
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self {
            tables: None,
            catalog: None,
            segment_mib: 64,
            flush_mib: 64,
            flush_interval: "30s".to_owned(),
            memory_mib: 256,
            maintenance_interval: "60s".to_owned(),
            removal_grace: "15m".to_owned(),
        }
    }
}

impl Default for Query {
    fn default() -> Self {
        let engine = SessionOptions::default();
        Self {
            parallel: 4,
            threads: engine.threads,
            memory_mib: 512,
            max_rows: 1_000_000,
            timeout: "5m".to_owned(),
        }
    }
}

impl Default for Detect {
    fn default() -> Self {
        Self {
            enabled: true,
            builtin_rules: true,
            rules: Vec::new(),
            suppressions: None,
            warm_start: "30d".to_owned(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { json: false, filter: "info".to_owned() }
    }
}

impl Config {
    /// Reads a file; without one everything has its default.
    pub fn load(path: Option<&Path>) -> Result<Self, String> {
        let Some(path) = path else { return Self::parse("") };
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("{}: cannot be read: {error}", path.display()))?;
        Self::parse(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Reads a text; the error says what is wrong and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| mistake::sentence(text, &error))?;
        // What waits for a counterpart is needed for seconds, and until the next start.
        let mut retention = Retention::from([(WAITING.to_owned(), WAITING_KEPT)]);
        for (dataset, age) in &file.retention {
            retention.insert(dataset.clone(), positive(&format!("retention.{dataset}"), age)?);
        }
        let outputs = file.outputs.into_iter().map(output).collect::<Result<Vec<_>, _>>()?;
        let config = Self {
            data_dir: file.data_dir,
            http: file.http.listen,
            limits: HttpLimits {
                body_bytes: bytes("http.max_body_mib", file.http.max_body_mib)?,
                decoded_bytes: bytes("http.max_decompressed_mib", file.http.max_decompressed_mib)?,
                inflight_bytes: bytes("http.max_inflight_mib", file.http.max_inflight_mib)?,
                body_timeout: positive("http.body_timeout", &file.http.body_timeout)?,
                ..HttpLimits::default()
            },
            syslog_udp: file.syslog.udp,
            syslog_tcp: file.syslog.tcp,
            syslog_tls: file.syslog.tls,
            grpc: grpc(file.otlp.grpc.as_deref())?,
            tls: file.tls.map(|tls| TlsFiles {
                certificate: tls.certificate,
                key: tls.key,
                client_ca: tls.client_ca,
            }),
            inputs: inputs::inputs(file.files, file.folders, file.kafka)?,
            store: StoreOptions {
                segment_bytes: bytes("store.segment_mib", file.store.segment_mib)? as u64,
                flush_bytes: bytes("store.flush_mib", file.store.flush_mib)?,
                flush_interval: positive("store.flush_interval", &file.store.flush_interval)?,
                memory_limit: bytes("store.memory_mib", file.store.memory_mib)?,
                tables: file.store.tables,
                catalog: file.store.catalog,
                keep_above: None,
            },
            detect: file.detect.enabled.then_some(DetectConfig {
                builtin: file.detect.builtin_rules,
                rules: file.detect.rules,
                suppressions: file.detect.suppressions,
                outputs,
                history: duration("detect.warm_start", &file.detect.warm_start)?,
            }),
            maintenance: positive("store.maintenance_interval", &file.store.maintenance_interval)?,
            grace: duration("store.removal_grace", &file.store.removal_grace)?,
            retention,
            query: QueryLimits {
                parallel: file.query.parallel.max(1),
                threads: file.query.threads.max(1),
                memory: bytes("query.memory_mib", file.query.memory_mib)?,
                rows: file.query.max_rows,
                timeout: positive("query.timeout", &file.query.timeout)?,
            },
            access: access::access(file.tokens, file.webhooks, file.collectors)?,
            json_log: file.log.json,
            log_filter: file.log.filter,
        };
        config.check()?;
        Ok(config)
    }

    /// Whether the values go together.
    pub fn check(&self) -> Result<(), String> {
        let sizes = [
            ("http.max_body_mib", self.limits.body_bytes),
            ("http.max_decompressed_mib", self.limits.decoded_bytes),
            ("store.flush_mib", self.store.flush_bytes),
            ("query.memory_mib", self.query.memory),
            ("query.max_rows", self.query.rows),
        ];
        if let Some((key, _)) = sizes.iter().find(|(_, size)| *size == 0) {
            return Err(format!("{key}: expected at least 1"));
        }
        if self.limits.inflight_bytes < self.limits.body_bytes {
            return Err("http.max_inflight_mib: expected at least http.max_body_mib".to_owned());
        }
        if self.store.memory_limit < self.store.flush_bytes {
            return Err("store.memory_mib: expected at least store.flush_mib".to_owned());
        }
        if let Some(address) = &self.store.tables {
            atalanta_store::expect_address(address).map_err(|error| format!("store.tables: {error}"))?;
        }
        if let Some(address) = &self.store.catalog {
            atalanta_store::expect_catalog(address).map_err(|error| format!("store.catalog: {error}"))?;
        }
        mistake::check_filter(&self.log_filter)?;
        self.check_tls()?;
        self.check_reach()
    }

    /// Whether the files of TLS can be used.
    fn check_tls(&self) -> Result<(), String> {
        match &self.tls {
            Some(files) => files.acceptor(Inside::Other).map(|_| ()).map_err(|error| format!("tls: {error}")),
            None if self.syslog_tls.is_some() => {
                Err("syslog.tls: expected a section [tls] with certificate and key".to_owned())
            }
            None => Ok(()),
        }
    }

    /// Whoever reaches an address must need a token.
    fn check_reach(&self) -> Result<(), String> {
        let grpc = match self.grpc {
            Grpc::At(address) => Some(address),
            _ => None,
        };
        for (key, address) in [("http.listen", Some(self.http)), ("otlp.grpc", grpc)] {
            let Some(address) = address.filter(|address| !address.ip().is_loopback()) else { continue };
            if self.access.tokens.0.is_empty() {
                return Err(format!(
                    "{key}: {address} can be reached from other machines and no [[tokens]] are configured; add one, \
                     or listen on 127.0.0.1"
                ));
            }
        }
        Ok(())
    }
}

fn output(entry: OutputEntry) -> Result<Output, String> {
    let name = entry.name.escape_debug().to_string();
    let kind = Kind::parse(&entry.kind).ok_or_else(|| {
        format!(
            "outputs `{name}`: `{}` is no kind of output, there are {}",
            entry.kind.escape_debug(),
            Kind::NAMES
        )
    })?;
    let least = match &entry.severity {
        None => Level::Informational,
        Some(text) => Level::parse(text)
            .ok_or_else(|| format!("outputs `{name}`: `{}` is no severity", text.escape_debug()))?,
    };
    let secret = match (entry.header, entry.header_value_env) {
        (None, None) => None,
        (Some(header), Some(variable)) => {
            let value = std::env::var(&variable)
                .map_err(|_| format!("outputs `{name}`: the variable {variable} is not set"))?;
            Some((header, value))
        }
        _ => return Err(format!("outputs `{name}`: header and header_value_env go together")),
    };
    Output::new(entry.name, kind, entry.address, least, secret, entry.ca.as_deref())
        .map_err(|why| format!("outputs `{name}`: {why}"))
}

fn grpc(text: Option<&str>) -> Result<Grpc, String> {
    match text {
        None => Ok(Grpc::Usual(SocketAddr::from(([127, 0, 0, 1], 4317)))),
        Some("off") => Ok(Grpc::Off),
        Some(text) => text.parse().map(Grpc::At).map_err(|_| {
            format!("otlp.grpc: {text:?} is no address, expected one as in `127.0.0.1:4317`, or `off`")
        }),
    }
}

/// Bytes of a size in MiB, at most 1 TiB.
fn bytes(key: &str, mib: usize) -> Result<usize, String> {
    const MOST: usize = 1 << 20;
    if mib > MOST {
        return Err(format!("{key}: {mib} is more than a machine has, expected at most {MOST} (1 TiB)"));
    }
    Ok(mib << 20)
}

/// A duration that is not zero: with zero nothing would be kept, or waited for.
fn positive(key: &str, text: &str) -> Result<Duration, String> {
    match duration(key, text)? {
        Duration::ZERO => Err(format!("{key}: expected more than {text}")),
        duration => Ok(duration),
    }
}

/// `250ms`, `30s`, `15m`, `12h`, `90d`.
pub fn duration(key: &str, text: &str) -> Result<Duration, String> {
    let wrong =
        || format!("{key}: {text:?} is no duration, expected a number with ms, s, m, h or d, as in `30s`");
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let number: u64 = text[..digits].parse().map_err(|_| wrong())?;
    let millis = match &text[digits..] {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return Err(wrong()),
    };
    Ok(Duration::from_millis(number.checked_mul(millis).ok_or_else(wrong)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_file_has_the_defaults() {
        let text = include_str!("../../../docs/server.toml");
        let documented = Config::parse(text).unwrap();
        assert_eq!(format!("{documented:?}"), format!("{:?}", Config::parse("").unwrap()));
    }

    #[test]
    fn every_key_is_documented() {
        let text = include_str!("../../../docs/server.toml");
        let source = include_str!("config.rs");
        let start = source.find("struct File").unwrap();
        let end = source.find("impl Default for File").unwrap();
        let parts = [&source[start..end], include_str!("config/access.rs"), include_str!("config/inputs.rs")];
        let entries = parts.iter().filter_map(|part| part.split("\nfn ").next()).flat_map(str::lines);
        let fields = entries.filter_map(|line| {
            let name = line.trim().trim_start_matches("pub(super) ").split_once(": ")?.0;
            name.chars().all(|c| c.is_ascii_lowercase() || c == '_').then_some(name)
        });
        let missing: Vec<&str> = fields
            .filter(|name| !text.contains(&format!("{name} = ")) && !text.contains(&format!("[{name}]")))
            .collect();
        assert_eq!(missing, Vec::<&str>::new());
    }

    #[test]
    fn mistakes_are_named() {
        let wrong = |text: &str| Config::parse(text).unwrap_err();
        assert!(wrong("[http]\nlistn = 1").contains("listn"));
        assert!(wrong("[http]\nlisten = \"0.0.0.0:80\"").contains("no [[tokens]]"));
        assert!(wrong("[store]\nflush_interval = \"soon\"").contains("store.flush_interval"));
        assert!(wrong("[[tokens]]\nname = \"a\"\nsecret = \"short\"").contains("fewer than 16"));
        assert!(wrong("[[tokens]]\nname = \"a\"").contains("expected one of secret"));
        assert!(wrong("[store]\nmemory_mib = 1").contains("store.memory_mib"));
        assert!(wrong("[store]\nmemory_mib = 9000000000000000000").contains("expected at most 1048576"));
        assert!(wrong("[http]\nmax_body_mib = 17592186044416").contains("http.max_body_mib"));
        assert!(
            wrong("[retention]\nxdr_data = \"0d\"").contains("retention.xdr_data: expected more than 0d")
        );
        for zero in ["http]\nbody_timeout", "store]\nmaintenance_interval", "query]\ntimeout"] {
            assert!(wrong(&format!("[{zero} = \"0s\"")).contains("expected more than 0s"), "{zero}");
        }
        let twice = "[[tokens]]\nname = \"a\"\nsecret = \"0123456789abcdef\"\n";
        let said = wrong(&format!("{twice}{twice}"));
        assert!(
            said.contains("tokens `a`: has the secret of tokens `a`") && !said.contains("012345"),
            "{said}"
        );
        assert!(wrong(&format!("{twice}sources = [\"otpl\"]")).contains("nearest is `otlp`"));
        assert!(wrong("[store]\ntables = \"/srv/lake\"").contains("store.tables"));
        let secret = wrong("[store]\ntables = \"s3://key:SECRET@lake\"");
        assert!(secret.contains("credentials come from the environment") && !secret.contains("SECRET"));
        assert!(wrong("[store]\ncatalog = \"catalog.sqlite\"").contains("store.catalog"));
        let secret = wrong("[store]\ncatalog = \"postgres://ann:SECRET@db/lake\"");
        assert!(secret.contains("PGPASSWORD") && !secret.contains("SECRET"));
    }

    #[test]
    fn rights_of_tokens() {
        let text = "[[tokens]]\nname = \"a\"\nsecret = \"0123456789abcdef\"\n[[tokens]]\nname = \"b\"\nsecret = \
                    \"fedcba9876543210\"\nrights = [\"query\"]\n[http]\nlisten = \"0.0.0.0:80\"";
        let config = Config::parse(text).unwrap();
        let rights: Vec<_> = config.access.tokens.0.iter().map(|token| (token.ingest, token.query)).collect();
        assert_eq!(rights, [(true, false), (false, true)]);
        assert!(!format!("{config:?}").contains("0123456789abcdef"));
    }
}
