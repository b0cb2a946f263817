//! The server: one process that takes telemetry in, keeps it and answers queries.

mod api;
pub mod config;
mod datasets;
mod detection;
mod maintenance;
mod metrics;
mod query;

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use atalanta_intake::http::{self, Intake};
use atalanta_intake::{Pipeline, syslog};
use atalanta_store::{Store, StoreError, StoreOptions};
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::Semaphore;

use config::Config;

/// How long requests may go on after the signal to end.
const LAST_REQUESTS: Duration = Duration::from_secs(15);

/// Why the server did not start or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// An address cannot be listened on.
    #[error("{what} {address}: cannot listen: {error}")]
    Listen {
        /// The listener.
        what: &'static str,
        /// Its address.
        address: std::net::SocketAddr,
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
pub fn run(config: Config, started: impl FnOnce(std::net::SocketAddr)) -> Result<(), ServerError> {
    let book = detection::open_book(&config)?;
    let keep_above = book.as_ref().and_then(|book| book.position().ok().flatten());
    let store = Arc::new(Store::open(&config.data_dir, StoreOptions { keep_above, ..config.store.clone() })?);
    for problem in store.problems() {
        tracing::warn!(loss = problem.loss, "{}", problem.message);
    }
    let key = install_key(&config.data_dir)?;
    let detection = detection::start(&config, &store, book)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| ServerError::Environment(format!("cannot start threads: {error}")))?;
    let served = runtime.block_on(serve(config, Arc::clone(&store), key, detection, started));
    // Connections that are still open end here; what they sent and was acknowledged is in the log.
    runtime.shutdown_timeout(Duration::from_secs(5));
    let closed = store.close();
    served?;
    if let Err(error) = closed {
        tracing::warn!(%error, "rows stay in the log until the next start");
    }
    tracing::info!("stopped");
    Ok(())
}

async fn serve(
    config: Config,
    store: Arc<Store>,
    key: [u8; 32],
    detection: Option<detection::Detection>,
    started: impl FnOnce(std::net::SocketAddr),
) -> Result<(), ServerError> {
    let pipeline = Arc::new(Pipeline::new(Arc::clone(&store), key));
    let intake = Intake::new(Arc::clone(&pipeline), config.tokens.clone(), config.limits.clone());
    let fail = |what, address| move |error| ServerError::Listen { what, address, error };
    let listener = TcpListener::bind(config.http).await.map_err(fail("http", config.http))?;
    let address = listener.local_addr().map_err(fail("http", config.http))?;
    if let Some(address) = config.syslog_udp {
        let socket = UdpSocket::bind(address).await.map_err(fail("syslog udp", address))?;
        tokio::spawn(log_end("syslog udp", syslog::serve_udp(Arc::clone(&pipeline), socket)));
    }
    if let Some(address) = config.syslog_tcp {
        let socket = TcpListener::bind(address).await.map_err(fail("syslog tcp", address))?;
        tokio::spawn(log_end("syslog tcp", syslog::serve_tcp(Arc::clone(&pipeline), socket)));
    }
    let shared = Arc::new(Shared {
        queries: Semaphore::new(config.query.parallel),
        store: Arc::clone(&store),
        intake: Arc::clone(&intake),
        counts: metrics::QueryCounts::default(),
        detection,
        config,
    });
    tokio::spawn(maintenance::run(Arc::clone(&shared)));
    let app = http::router(&intake).merge(api::router(shared));
    let end =
        signals().map_err(|error| ServerError::Environment(format!("cannot wait for signals: {error}")))?;
    tracing::info!(%address, folder = %store.folder().display(), "listening");
    started(address);
    let (ending, mut ended) = tokio::sync::watch::channel(false);
    let graceful = async move {
        end.await;
        tracing::info!("stopping");
        let _ = ending.send(true);
    };
    let serving = axum::serve(listener, app).with_graceful_shutdown(graceful);
    let too_long = async move {
        let _ = ended.wait_for(|ended| *ended).await;
        tokio::time::sleep(LAST_REQUESTS).await;
    };
    tokio::select! {
        served = serving => served.map_err(|error| ServerError::Environment(format!("http: {error}"))),
        () = too_long => Ok(()),
    }
}

async fn log_end(what: &str, listener: impl Future<Output = std::io::Result<()>>) {
    if let Err(error) = listener.await {
        tracing::error!(%error, what, "a listener ended");
    }
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
