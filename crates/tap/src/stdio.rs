//! A wrapped server that speaks over its standard streams.
//!
//! Each stream has a thread that reads what is there, hands a copy to the recorder's queue and writes the bytes on:
//! nothing is cut into lines or held back on this way. Signals go to the server, its exit code or signal becomes the
//! tap's own.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{ExitStatusExt, parent_id};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use shared_child::SharedChild;
use shared_child::unix::SharedChildExt;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::Signals;

use crate::credentials::redact_arguments;
use crate::envelope::{Connection, Direction};
use crate::process;
use crate::queue::{Item, Queue};
use crate::recorder::Recorder;

/// Bytes that are read at a time.
const CHUNK: usize = 64 << 10;

/// How long output is awaited that a descendant of the server may still hold open.
const DRAIN: Duration = Duration::from_millis(500);

/// What to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Program and arguments.
    pub command: Vec<OsString>,
    /// Name of the server in the records; made from the command if there is none.
    pub label: Option<String>,
    /// Variables that the server must not see.
    pub hidden: Vec<&'static str>,
}

/// How the server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With an exit code.
    Code(u8),
    /// By a signal.
    Signal(i32),
}

impl Options {
    /// The server's name in the records.
    pub fn label(&self) -> String {
        self.label.clone().unwrap_or_else(|| process::label(&self.words()))
    }

    fn words(&self) -> Vec<String> {
        self.command.iter().map(|word| word.to_string_lossy().into_owned()).collect()
    }
}

/// Runs the server to its end. An error means that it could not be started.
pub fn run(options: &Options, recorder: &Recorder) -> io::Result<Exit> {
    let (program, arguments) = options
        .command
        .split_first()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no command"))?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for name in &options.hidden {
        command.env_remove(name);
    }
    // Before the start: a signal that comes right after it must reach the server.
    let signals = Signals::new(signals_to_hand_on())?;
    let child = Arc::new(SharedChild::spawn(&mut command)?);
    let connection = Arc::new(connection(options, child.id()));
    let queue = recorder.queue();
    let mut members = Map::new();
    members.insert("client_cmdline".to_owned(), process::command_line(parent_id()));
    say(queue, &connection, "tap_start", members);
    hand_on(signals, Arc::clone(&child));
    let outputs = pumps(&child, &connection, queue)?;
    let status = child.wait()?;
    drain(outputs);
    let exit = match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(u8::try_from(code).unwrap_or(1)),
        (None, signal) => Exit::Signal(signal.unwrap_or(9)),
    };
    let member = match exit {
        Exit::Code(code) => ("exit_code".to_owned(), json!(code)),
        Exit::Signal(signal) => ("signal".to_owned(), json!(signal)),
    };
    say(queue, &connection, "server_exit", Map::from_iter([member]));
    Ok(exit)
}

/// Ends this process by a signal, as the server ended.
pub fn end_by(signal: i32) {
    // Some signals end with a core dump by default; the default action is what the server had, too.
    let _ = signal_hook::low_level::emulate_default_handler(signal);
}

fn connection(options: &Options, server_pid: u32) -> Connection {
    let label = options.label();
    let id = format!("{label}-{server_pid}-{}", crate::now_ns() / 1_000_000);
    let members = [
        ("client_pid", json!(parent_id())),
        ("server_pid", json!(server_pid)),
        ("server_label", json!(label)),
        ("server_cmdline", json!(redact_arguments(&options.words()))),
        ("host", json!(process::host())),
        ("user", json!(process::user())),
        ("user_name", json!(process::user_name())),
    ];
    Connection::new(id, "stdio", &members)
}

fn say(queue: &Queue, connection: &Arc<Connection>, event: &'static str, members: Map<String, Value>) {
    queue.push(Item::Event { connection: Arc::clone(connection), ts_ns: crate::now_ns(), event, members });
}

/// A terminal sends Ctrl-C to the server itself, as both are in its foreground.
fn signals_to_hand_on() -> Vec<i32> {
    let mut signals = vec![SIGTERM, SIGHUP, SIGUSR1, SIGUSR2];
    if !io::stdin().is_terminal() {
        signals.extend([SIGINT, SIGQUIT]);
    }
    signals
}

fn hand_on(mut signals: Signals, server: Arc<SharedChild>) {
    std::thread::spawn(move || {
        for signal in signals.forever() {
            // A server that has ended needs none.
            let _ = server.send_signal(signal);
        }
    });
}

/// Starts a thread for each stream; gives those of the two outputs.
fn pumps(
    child: &SharedChild,
    connection: &Arc<Connection>,
    queue: &Arc<Queue>,
) -> io::Result<Vec<JoinHandle<()>>> {
    let open = |direction| {
        let id = queue.stream();
        queue.push(Item::Stream { id, connection: Arc::clone(connection), direction });
        id
    };
    let mut outputs = Vec::new();
    if let Some(stdin) = child.take_stdin() {
        let (id, queue) = (open(Direction::ClientToServer), Arc::clone(queue));
        let mut from = own(&io::stdin())?;
        std::thread::spawn(move || {
            pump(&mut from, OwnedFd::from(stdin).into(), id, &queue);
            // A server that closed its input and lives on: the client must not block on a full pipe.
            let _ = io::copy(&mut from, &mut io::sink());
        });
    }
    if let Some(stdout) = child.take_stdout() {
        let (id, queue) = (open(Direction::ServerToClient), Arc::clone(queue));
        let to = own(&io::stdout())?;
        outputs.push(std::thread::spawn(move || pump(&mut OwnedFd::from(stdout).into(), to, id, &queue)));
    }
    if let Some(stderr) = child.take_stderr() {
        let (id, queue) = (open(Direction::ServerStderr), Arc::clone(queue));
        let to = own(&io::stderr())?;
        outputs.push(std::thread::spawn(move || pump(&mut OwnedFd::from(stderr).into(), to, id, &queue)));
    }
    Ok(outputs)
}

/// A standard stream without the buffers of the library, which would hold back parts of lines.
fn own(stream: &impl AsFd) -> io::Result<File> {
    Ok(stream.as_fd().try_clone_to_owned()?.into())
}

/// Moves bytes until one side has ended; the target is closed then.
fn pump(from: &mut File, mut to: File, id: u64, queue: &Queue) {
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if try_again(&error) => continue,
            Err(_) => break,
        };
        // Before it is written: an answer must not be recorded before its request.
        queue.data(id, crate::now_ns(), &buffer[..read]);
        if write_all(&mut to, &buffer[..read]).is_err() {
            break;
        }
    }
    queue.push(Item::Close { id, ts_ns: crate::now_ns() });
}

fn write_all(to: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match to.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if try_again(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// After an interruption, and after a moment where another process made the stream non-blocking.
fn try_again(error: &io::Error) -> bool {
    match error.kind() {
        io::ErrorKind::Interrupted => true,
        io::ErrorKind::WouldBlock => {
            std::thread::sleep(Duration::from_micros(200));
            true
        }
        _ => false,
    }
}

fn drain(outputs: Vec<JoinHandle<()>>) {
    let end = Instant::now() + DRAIN;
    for output in outputs {
        while !output.is_finished() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Sends chunks through a pump; gives what came out and what the recorder was handed.
    fn through(chunks: &[Vec<u8>]) -> (Vec<u8>, Vec<u8>) {
        let (source, mut feed) = io::pipe().unwrap();
        let (mut sink, target) = io::pipe().unwrap();
        let queue = Queue::new();
        let own = Arc::clone(&queue);
        let thread = std::thread::spawn(move || {
            pump(&mut OwnedFd::from(source).into(), OwnedFd::from(target).into(), 1, &own);
        });
        let chunks = chunks.to_vec();
        let feeder = std::thread::spawn(move || {
            for chunk in chunks {
                feed.write_all(&chunk).unwrap();
            }
        });
        let mut out = Vec::new();
        sink.read_to_end(&mut out).unwrap();
        feeder.join().unwrap();
        thread.join().unwrap();
        queue.close();
        let mut seen = Vec::new();
        while let Some(items) = queue.take(Duration::ZERO) {
            for item in items {
                if let Item::Data { bytes, .. } = item {
                    seen.extend(bytes);
                }
            }
        }
        (out, seen)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Any bytes, in any pieces: lines, parts of lines, invalid UTF-8, invalid JSON, nothing at all.
        #[test]
        fn bytes_pass_unchanged(chunks in prop::collection::vec(prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            Just(b"{\"jsonrpc\":\"2.0\",\"id\":1}\n".to_vec()),
            Just(b"{\"jsonrpc\":\r\n".to_vec()),
            Just(vec![b'x'; 200_000]),
        ], 0..12)) {
            let sent = chunks.concat();
            let (out, seen) = through(&chunks);
            prop_assert!(out == sent, "what came out differs");
            prop_assert!(seen == sent, "what was recorded differs");
        }
    }

    #[test]
    fn a_reader_that_goes_away_ends_the_pump() {
        let (source, mut feed) = io::pipe().unwrap();
        let (sink, target) = io::pipe().unwrap();
        drop(sink);
        let thread = std::thread::spawn(move || {
            pump(&mut OwnedFd::from(source).into(), OwnedFd::from(target).into(), 1, &Queue::new());
        });
        feed.write_all(b"x").unwrap();
        thread.join().unwrap();
        assert!(feed.write_all(b"y").is_err(), "the writer learns that nobody reads");
    }
}
