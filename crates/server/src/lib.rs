//! The server: one process that takes telemetry in, keeps it and answers queries.

mod api;
pub mod config;
mod datasets;
mod detection;
mod evidence;
mod maintenance;
mod metrics;
mod quarantine;
mod query;

use std::io::Read as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use atalanta_intake::http::{self, Intake};
use atalanta_intake::inputs::Inputs;
use atalanta_intake::tls::{Inside, TlsAcceptor};
use atalanta_intake::{Pipeline, connections, syslog};
use atalanta_store::{Store, StoreError, StoreOptions};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::Semaphore;

use config::{Config, Grpc};
pub use detection::problems as rule_problems;

/// How long requests may go on after the signal to end.
const LAST_REQUESTS: Duration = Duration::from_secs(15);

/// Time until a catalog that cannot be reached is tried again at the start; doubled each time, up to [`MOST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const MOST_PAUSE: Duration = Duration::from_secs(30);

/// Why the server did not start or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// An address cannot be listened on.
    #[error("{what} {address}: cannot listen: {error}")]
    Listen {
        /// The listener.
        what: &'static str,
        /// Its address.
        address: SocketAddr,
        /// The system's reason.
        error: std::io::Error,
    },
    /// The data folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The machine.
    #[error("{0}")]
    Environment(String),
}

impl ServerError {
    fn listen(what: &'static str, address: SocketAddr, error: std::io::Error) -> Self {
        Self::Listen { what, address, error }
    }
}

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub store: Arc<Store>,
    pub intake: Arc<Intake>,
    pub queries: Semaphore,
    pub config: Config,
    pub counts: metrics::QueryCounts,
    pub detection: Option<detection::Detection>,
}

/// Begins to write log lines to standard error.
pub fn start_log(config: &Config) {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log_filter)
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second server in one process, as in tests, keeps the first one's lines.
    let _ = if config.json_log { lines.json().try_init() } else { lines.with_ansi(false).try_init() };
}

/// Runs until SIGTERM or SIGINT. `started` is called with the HTTP address once requests are taken.
pub fn run(config: Config, started: impl FnOnce(SocketAddr)) -> Result<(), ServerError> {
    let book = detection::open_book(&config)?;
    let keep_above = book.as_ref().and_then(|book| book.position().ok().flatten());
    let store = Arc::new(open(&config, keep_above)?);
    for problem in store.problems() {
        tracing::warn!(loss = problem.loss, "{}", problem.message);
    }
    let key = install_key(&config.data_dir)?;
    let detection = detection::start(&config, &store, book)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| ServerError::Environment(format!("cannot start threads: {error}")))?;
    let pipeline = Arc::new(Pipeline::new(Arc::clone(&store), key));
    pipeline.joins.load(&store).map_err(|error| ServerError::Environment(error.to_string()))?;
    let mut inputs = Inputs::start(&pipeline, config.inputs.clone())
        .map_err(|error| ServerError::Environment(error.to_string()))?;
    let served = runtime.block_on(serve(config, Arc::clone(&pipeline), detection, started));
    inputs.stop();
    // Connections that are still open end here; what they sent and was acknowledged is in the log.
    runtime.shutdown_timeout(Duration::from_secs(5));
    if let Err(error) = pipeline.settle(true) {
        tracing::warn!(%error, "records that wait for others go on waiting at the next start");
    }
    let closed = store.close();
    served?;
    if let Err(error) = closed {
        tracing::warn!(%error, "rows stay in the log until the next start");
    }
    tracing::info!("stopped");
    Ok(())
}

/// Opens the store. A catalog whose server does not answer yet is waited for: both may have been started together.
fn open(config: &Config, keep_above: Option<u64>) -> Result<Store, StoreError> {
    let mut pause = FIRST_PAUSE;
    loop {
        let options = StoreOptions { keep_above, ..config.store.clone() };
        match Store::open(&config.data_dir, options) {
            Err(StoreError::Unreachable(error)) => {
                let again_in_ms = pause.as_millis() as u64;
                tracing::error!(error, again_in_ms, "the catalog cannot be opened yet");
                std::thread::sleep(pause);
                pause = (pause * 2).min(MOST_PAUSE);
            }
            opened => return opened,
        }
    }
}

async fn serve(
    config: Config,
    pipeline: Arc<Pipeline>,
    detection: Option<detection::Detection>,
    started: impl FnOnce(SocketAddr),
) -> Result<(), ServerError> {
    let store = Arc::clone(pipeline.store());
    let intake = Intake::new(Arc::clone(&pipeline), config.access.clone(), config.limits.clone());
    let tls = acceptor(&config, Inside::Http)?;
    let (ending, ended) = tokio::sync::watch::channel(false);
    let listener = bind("http", config.http).await?;
    let address = listener.local_addr().map_err(|error| ServerError::listen("http", config.http, error))?;
    let grpc = grpc_listener(config.grpc).await?;
    syslog_listeners(&config, &pipeline).await?;
    let shared = Arc::new(Shared {
        queries: Semaphore::new(config.query.parallel),
        store: Arc::clone(&store),
        intake: Arc::clone(&intake),
        counts: metrics::QueryCounts::default(),
        detection,
        config,
    });
    tokio::spawn(maintenance::run(Arc::clone(&shared)));
    tokio::spawn(maintenance::settle(Arc::clone(&pipeline)));
    let signal =
        signals().map_err(|error| ServerError::Environment(format!("cannot wait for signals: {error}")))?;
    let grpc = grpc.map(|listener| {
        let app = http::grpc_router(&intake);
        tokio::spawn(connections::serve(listener, tls.clone(), app, until(ended.clone())))
    });
    let app = http::router(&intake).merge(api::router(shared));
    let serving = connections::serve(listener, tls, app, until(ended.clone()));
    tracing::info!(%address, folder = %store.folder().display(), "listening");
    started(address);
    tokio::spawn(async move {
        signal.await;
        tracing::info!("stopping");
        let _ = ending.send(true);
    });
    let all = async move {
        serving.await;
        if let Some(grpc) = grpc {
            // A listener that panicked has ended too.
            let _ = grpc.await;
        }
    };
    tokio::select! {
        () = all => {}
        () = async { until(ended).await; tokio::time::sleep(LAST_REQUESTS).await } => {}
    }
    Ok(())
}

async fn until(mut ended: tokio::sync::watch::Receiver<bool>) {
    let _ = ended.wait_for(|ended| *ended).await;
}

fn acceptor(config: &Config, inside: Inside) -> Result<Option<TlsAcceptor>, ServerError> {
    let made = config.tls.as_ref().map(|files| files.acceptor(inside)).transpose();
    made.map_err(|error| ServerError::Environment(format!("tls: {error}")))
}

async fn bind(what: &'static str, address: SocketAddr) -> Result<TcpListener, ServerError> {
    TcpListener::bind(address).await.map_err(|error| ServerError::listen(what, address, error))
}

/// The listener of OTLP over gRPC. At its usual address, which nobody asked for, another process may sit.
async fn grpc_listener(grpc: Grpc) -> Result<Option<TcpListener>, ServerError> {
    let listener = match grpc {
        Grpc::Off => return Ok(None),
        Grpc::At(address) => bind("otlp grpc", address).await?,
        Grpc::Usual(address) => match TcpListener::bind(address).await {
            Ok(listener) => listener,
            Err(error) => {
                tracing::warn!(%address, %error, "no OTLP over gRPC: `otlp.grpc` names another address or `off`");
                return Ok(None);
            }
        },
    };
    if let Ok(address) = listener.local_addr() {
        tracing::info!(%address, "listening for OTLP over gRPC");
    }
    Ok(Some(listener))
}

async fn syslog_listeners(config: &Config, pipeline: &Arc<Pipeline>) -> Result<(), ServerError> {
    if let Some(address) = config.syslog_udp {
        let fail = |error| ServerError::listen("syslog udp", address, error);
        let socket = UdpSocket::bind(address).await.map_err(fail)?;
        tokio::spawn(syslog::serve_udp(Arc::clone(pipeline), socket));
    }
    if let Some(address) = config.syslog_tcp {
        let socket = bind("syslog tcp", address).await?;
        tokio::spawn(syslog::serve_tcp(Arc::clone(pipeline), socket, None));
    }
    if let Some(address) = config.syslog_tls {
        let socket = bind("syslog tls", address).await?;
        let tls = acceptor(config, Inside::Other)?;
        tokio::spawn(syslog::serve_tcp(Arc::clone(pipeline), socket, tls));
    }
    Ok(())
}

/// Ends with the first SIGTERM or SIGINT.
fn signals() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// The secret for hashes of API keys, made at the first start.
pub fn install_key(folder: &Path) -> Result<[u8; 32], ServerError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let path = folder.join("install.key");
    let fail = |error: std::io::Error| ServerError::Environment(format!("{}: {error}", path.display()));
    let mut key = [0; 32];
    if let Ok(mut file) = std::fs::File::open(&path) {
        file.read_exact(&mut key).map_err(fail)?;
        return Ok(key);
    }
    let random = std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut key));
    random.map_err(|error| ServerError::Environment(format!("/dev/urandom: {error}")))?;
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(fail)?;
    std::io::Write::write_all(&mut file, &key).map_err(fail)?;
    file.sync_all().map_err(fail)?;
    Ok(key)
}
