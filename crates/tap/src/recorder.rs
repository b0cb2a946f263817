//! The thread that makes records of what the pumps saw.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::assemble::{Assembler, Framing, Piece};
use crate::envelope::{Connection, Content, Direction, direction, line};
use crate::http::exchanges::Exchanges;
use crate::message::{Message, read, read_text};
use crate::output::Output;
use crate::queue::{Item, Queue};

/// How often the recorder looks around when nothing happens.
const TICK: Duration = Duration::from_millis(500);

/// The running recorder.
#[derive(Debug)]
pub struct Recorder {
    queue: Arc<Queue>,
    thread: JoinHandle<Output>,
}

/// Numbers records and gives them to the output.
pub(crate) struct Writer {
    output: Output,
    seq: u64,
}

struct Stream {
    connection: Arc<Connection>,
    direction: Direction,
    assembler: Assembler,
}

impl Recorder {
    /// Starts the thread.
    pub fn start(output: Output) -> std::io::Result<Self> {
        let queue = Queue::new();
        let own = Arc::clone(&queue);
        let thread = std::thread::Builder::new().name("recorder".to_owned());
        let thread = thread.spawn(move || run(&own, Writer::new(output)))?;
        Ok(Self { queue, thread })
    }

    /// Where the pumps put what they see.
    pub(crate) fn queue(&self) -> &Arc<Queue> {
        &self.queue
    }

    /// Records what still waits, and gives the output `wait` to deliver it; what it does not deliver stays on disk.
    pub fn finish(self, wait: Duration) {
        self.queue.close();
        if let Ok(output) = self.thread.join() {
            output.finish(wait);
        }
    }
}

impl Writer {
    /// A writer whose first record has the number 1.
    pub(crate) fn new(output: Output) -> Self {
        Self { output, seq: 0 }
    }

    pub(crate) fn message(
        &mut self,
        connection: &Connection,
        id: &str,
        ts_ns: i64,
        to: Direction,
        message: Message,
        http: Option<Value>,
    ) {
        let Message { json, raw, mut more } = message;
        if let Some(http) = http {
            more.insert("http".to_owned(), http);
        }
        let content = Content { message: json.as_deref(), raw: raw.as_deref(), more };
        self.line(connection, id, ts_ns, direction(to), &content);
    }

    fn event(&mut self, connection: &Connection, ts_ns: i64, event: &str, mut members: Map<String, Value>) {
        members.insert("event".to_owned(), event.into());
        let content = Content { message: None, raw: None, more: members };
        self.line(connection, &connection.id, ts_ns, "tap", &content);
    }

    fn line(
        &mut self,
        connection: &Connection,
        id: &str,
        ts_ns: i64,
        direction: &str,
        content: &Content<'_>,
    ) {
        self.seq += 1;
        let text = line(connection, id, ts_ns, self.seq, direction, content);
        let missed = self.output.write(text.as_bytes());
        if missed > 0 {
            // There is room again: the record says what it lacks.
            let members = Map::from_iter([("records_lost".to_owned(), json!(missed))]);
            self.event(connection, ts_ns, "records_lost", members);
        }
    }
}

fn run(queue: &Queue, mut writer: Writer) -> Output {
    let mut streams: HashMap<u64, Stream> = HashMap::new();
    let mut exchanges = Exchanges::default();
    while let Some(items) = queue.take(TICK) {
        for item in items {
            match item {
                Item::Stream { id, connection, direction } => {
                    let assembler = Assembler::new(Framing::Lines);
                    streams.insert(id, Stream { connection, direction, assembler });
                }
                Item::Event { connection, ts_ns, event, members } => {
                    writer.event(&connection, ts_ns, event, members);
                }
                Item::Request { id, exchange } => exchanges.request(id, exchange),
                Item::Response { id, of, head } => exchanges.response(id, of, head, &mut writer),
                Item::Abandoned { of } => exchanges.abandoned(of, &mut writer),
                Item::Data { id, ts_ns, bytes } => match streams.get_mut(&id) {
                    Some(stream) => stream.push(ts_ns, &bytes, &mut writer),
                    None => exchanges.data(id, ts_ns, &bytes, &mut writer),
                },
                Item::Lost { id, bytes } => match streams.get_mut(&id) {
                    Some(stream) => stream.assembler.lost(bytes),
                    None => exchanges.lost(id, bytes),
                },
                Item::Close { id, ts_ns } => match streams.remove(&id) {
                    Some(mut stream) => stream.finish(ts_ns, &mut writer),
                    None => exchanges.close(id, ts_ns, &mut writer),
                },
            }
        }
        exchanges.release_overdue(&mut writer);
        writer.output.flush();
    }
    // A client that keeps a stream open to the end leaves streams without a close.
    for (_, mut stream) in streams {
        stream.finish(crate::now_ns(), &mut writer);
    }
    exchanges.finish(&mut writer);
    writer.output
}

impl Stream {
    fn push(&mut self, ts_ns: i64, bytes: &[u8], writer: &mut Writer) {
        let mut pieces = Vec::new();
        self.assembler.push(bytes, &mut pieces);
        self.write(ts_ns, pieces, writer);
    }

    fn finish(&mut self, ts_ns: i64, writer: &mut Writer) {
        let mut pieces = Vec::new();
        self.assembler.finish(&mut pieces);
        self.write(ts_ns, pieces, writer);
    }

    fn write(&self, ts_ns: i64, pieces: Vec<Piece>, writer: &mut Writer) {
        for piece in pieces {
            let text = self.direction == Direction::ServerStderr;
            let message = if text { read_text(&piece) } else { read(&piece) };
            writer.message(&self.connection, &self.connection.id, ts_ns, self.direction, message, None);
        }
    }
}
