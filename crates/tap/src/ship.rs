//! The thread that sends what a spool holds.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::output::Say;
use crate::spool::{Backlog, Batch};

/// Bytes that are sent together; a longer record goes alone.
const BATCH: u64 = 1 << 20;

/// How often the spool is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Waits after a failure, from the first to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How often spools are looked for that other taps left.
const LOOK_AROUND: Duration = Duration::from_secs(30);

/// Where records go.
pub(crate) trait Destination: Send {
    /// Sends whole lines.
    fn send(&mut self, lines: &[u8]) -> Result<(), Refusal>;

    /// For messages.
    fn name(&self) -> String;
}

/// Why lines were not taken.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Nobody takes them now: the same lines can be sent again after a while.
    Later(String, Option<Duration>),
    /// These lines will never be taken.
    Never(String),
}

/// The running thread.
#[derive(Debug)]
pub(crate) struct Shipper {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

struct Ship {
    destination: Box<dyn Destination>,
    root: PathBuf,
    own: Backlog,
    stop: Arc<AtomicBool>,
    say: Say,
    failing: bool,
    wait: Duration,
}

impl Shipper {
    /// Starts to send `own`, and spools below `root` that were left by others.
    pub(crate) fn start(
        destination: Box<dyn Destination>,
        root: PathBuf,
        own: Backlog,
        say: Say,
    ) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let mut ship =
            Ship { destination, root, own, stop: Arc::clone(&stop), say, failing: false, wait: FIRST_WAIT };
        let thread = std::thread::Builder::new().name("shipper".to_owned()).spawn(move || ship.run())?;
        Ok(Self { stop, thread })
    }

    /// Waits until all is sent, a delivery fails, or the time is over.
    pub(crate) fn finish(self, wait: Duration) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
        let end = Instant::now() + wait;
        while !self.thread.is_finished() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(5));
        }
        // A thread in the middle of a request ends with the process; the spool still has the records.
    }
}

impl Ship {
    fn run(&mut self) {
        let mut looked: Option<Instant> = None;
        loop {
            // The order matters: what was appended before the stop is seen by the last round.
            let stopping = self.stop.load(Ordering::Relaxed);
            let sent = send_all(&mut self.own, self.destination.as_mut(), &self.say);
            match self.note(sent) {
                Some(_) if stopping => return,
                Some(wait) => std::thread::park_timeout(wait),
                None if stopping => return,
                None => {
                    if looked.is_none_or(|at| at.elapsed() > LOOK_AROUND) {
                        looked = Some(Instant::now());
                        self.others();
                    }
                    std::thread::park_timeout(LOOK);
                }
            }
        }
    }

    /// Sends what taps that were killed left.
    fn others(&mut self) {
        for mut backlog in Backlog::left(&self.root) {
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            let sent = send_all(&mut backlog, self.destination.as_mut(), &self.say);
            if self.note(sent).is_some() {
                return;
            }
            // A folder that cannot be removed is looked at again by the next tap.
            let _ = backlog.remove_if_done();
        }
    }

    /// Says what changed; gives the time to wait after a failure.
    fn note(&mut self, sent: Result<(), (String, Option<Duration>)>) -> Option<Duration> {
        let name = self.destination.name();
        match sent {
            Ok(()) => {
                if std::mem::take(&mut self.failing) {
                    (self.say)(&format!("{name}: records are taken again"));
                }
                self.wait = FIRST_WAIT;
                None
            }
            Err((reason, asked)) => {
                if !std::mem::replace(&mut self.failing, true) {
                    let folder = self.own.folder().display();
                    (self.say)(&format!("{name}: {reason}; records wait in {folder}"));
                }
                let wait = asked.unwrap_or(self.wait).min(LONGEST_WAIT);
                self.wait = (self.wait * 2).min(LONGEST_WAIT);
                Some(wait)
            }
        }
    }
}

fn send_all(
    backlog: &mut Backlog,
    destination: &mut dyn Destination,
    say: &Say,
) -> Result<(), (String, Option<Duration>)> {
    let disk = |error: std::io::Error| (format!("the spool cannot be read or written: {error}"), None);
    while let Some(batch) = backlog.batch(BATCH).map_err(disk)? {
        send(backlog, &batch, destination, say)?;
        backlog.done(&batch).map_err(disk)?;
    }
    Ok(())
}

/// Sends a batch; what is refused for good is cut down to the lines at fault, which are set aside.
fn send(
    backlog: &Backlog,
    batch: &Batch,
    destination: &mut dyn Destination,
    say: &Say,
) -> Result<(), (String, Option<Duration>)> {
    let mut parts = vec![batch.bytes.as_slice()];
    while let Some(part) = parts.pop() {
        let reason = match destination.send(part) {
            Ok(()) => continue,
            Err(Refusal::Later(reason, wait)) => return Err((reason, wait)),
            Err(Refusal::Never(reason)) => reason,
        };
        let lines: Vec<&[u8]> = part.split_inclusive(|byte| *byte == b'\n').collect();
        if lines.len() < 2 {
            backlog.refuse(part).map_err(|error| (format!("the spool cannot be written: {error}"), None))?;
            let folder = backlog.folder().display();
            say(&format!(
                "{}: a record was refused ({reason}); it is in {folder}/refused.ndjson",
                destination.name()
            ));
            continue;
        }
        let half: usize = lines[..lines.len() / 2].iter().map(|line| line.len()).sum();
        let (first, second) = part.split_at(half);
        parts.extend([second, first]);
    }
    Ok(())
}

/// A server's listener for records of the tap.
pub(crate) struct Server {
    agent: ureq::Agent,
    url: String,
    address: String,
    token: Option<String>,
}

impl Server {
    /// The listener of the server at `address`.
    pub(crate) fn new(address: &str, token: Option<String>) -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let config = config.timeout_connect(Some(Duration::from_secs(5)));
        let config = config.timeout_global(Some(Duration::from_secs(30))).build();
        let address = address.trim_end_matches('/').to_owned();
        Self { agent: config.into(), url: format!("{address}/api/v1/ingest/mcp_tap"), address, token }
    }
}

impl Destination for Server {
    fn send(&mut self, lines: &[u8]) -> Result<(), Refusal> {
        let mut request = self.agent.post(&self.url).header("content-type", "application/x-ndjson");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer = request.send(lines);
        let mut answer =
            answer.map_err(|error| Refusal::Later(format!("cannot be reached: {error}"), None))?;
        let status = answer.status().as_u16();
        if status < 300 {
            return Ok(());
        }
        let seconds = answer.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
        let said = answer.body_mut().with_config().limit(64 << 10).read_to_string().unwrap_or_default();
        let said: serde_json::Value = serde_json::from_str(&said).unwrap_or_default();
        let said: String = said["error"].as_str().unwrap_or_default().escape_debug().take(300).collect();
        let reason = format!("answers with status {status} {said}").trim_end().to_owned();
        match status {
            400 | 413 | 422 => Err(Refusal::Never(reason)),
            _ => Err(Refusal::Later(reason, seconds.map(Duration::from_secs))),
        }
    }

    fn name(&self) -> String {
        self.address.clone()
    }
}

/// A pipe or a terminal, whose reader may be slow.
pub(crate) struct Stream<W> {
    out: W,
    name: String,
}

impl<W: Write + Send> Stream<W> {
    /// Writes to `out`.
    pub(crate) fn new(out: W, name: String) -> Self {
        Self { out, name }
    }
}

impl<W: Write + Send> Destination for Stream<W> {
    fn send(&mut self, lines: &[u8]) -> Result<(), Refusal> {
        let written = self.out.write_all(lines).and_then(|()| self.out.flush());
        written.map_err(|error| Refusal::Later(format!("cannot be written: {error}"), None))
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}
