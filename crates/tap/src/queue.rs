//! What the pumps hand to the recorder: bounded in memory, and never a reason to wait.
//!
//! The recorder moves everything to disk at once, so the queue only bridges the moments in which the disk is slow. If
//! it is full all the same, bytes are left out of the record, counted, and the record says so; the traffic goes on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::envelope::{Connection, Direction};
use crate::http::{Exchange, ResponseHead};

/// Bytes that wait for the recorder.
const LIMIT: usize = 64 << 20;

/// What an item takes besides its bytes.
const ITEM: usize = 64;

/// One thing that happened, in order.
#[derive(Debug)]
pub(crate) enum Item {
    /// A standard stream of a wrapped server begins.
    Stream { id: u64, connection: Arc<Connection>, direction: Direction },
    /// An HTTP request begins; its body is the stream `id`.
    Request { id: u64, exchange: Arc<Exchange> },
    /// The head of the answer to request `of` came; its body is the stream `id`.
    Response { id: u64, of: u64, head: ResponseHead },
    /// The client of request `of` went away before there was an answer.
    Abandoned { of: u64 },
    /// Bytes of a stream.
    Data { id: u64, ts_ns: i64, bytes: Vec<u8> },
    /// Bytes of a stream that found no room.
    Lost { id: u64, bytes: u64 },
    /// The stream has ended.
    Close { id: u64, ts_ns: i64 },
    /// Something the tap itself says.
    Event {
        connection: Arc<Connection>,
        ts_ns: i64,
        event: &'static str,
        members: serde_json::Map<String, serde_json::Value>,
    },
}

/// The queue.
#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    ready: Condvar,
    next: AtomicU64,
    limit: usize,
}

#[derive(Debug, Default)]
struct State {
    items: Vec<Item>,
    bytes: usize,
    closed: bool,
}

impl Queue {
    /// An empty queue.
    pub(crate) fn new() -> Arc<Self> {
        Self::with_limit(LIMIT)
    }

    /// An empty queue for at most so many bytes.
    pub(crate) fn with_limit(limit: usize) -> Arc<Self> {
        let (state, ready) = (Mutex::default(), Condvar::new());
        Arc::new(Self { state, ready, next: AtomicU64::new(1), limit })
    }

    /// A number for a stream that no other has.
    pub(crate) fn stream(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Adds an item.
    pub(crate) fn push(&self, item: Item) {
        let mut state = self.state();
        state.bytes += ITEM;
        state.items.push(item);
        drop(state);
        self.ready.notify_one();
    }

    /// Adds a copy of bytes of a stream, or counts them if there is no room.
    pub(crate) fn data(&self, id: u64, ts_ns: i64, bytes: &[u8]) {
        let mut state = self.state();
        if state.bytes + bytes.len() + ITEM <= self.limit {
            state.bytes += bytes.len() + ITEM;
            state.items.push(Item::Data { id, ts_ns, bytes: bytes.to_vec() });
        } else if let Some(Item::Lost { id: of, bytes: lost, .. }) = state.items.last_mut()
            && *of == id
        {
            *lost += bytes.len() as u64;
        } else {
            state.items.push(Item::Lost { id, bytes: bytes.len() as u64 });
        }
        drop(state);
        self.ready.notify_one();
    }

    /// Says that nothing more will come.
    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.ready.notify_one();
    }

    /// All items that wait, at the latest after `wait`; none when the queue is closed and empty.
    pub(crate) fn take(&self, wait: Duration) -> Option<Vec<Item>> {
        let mut state = self.state();
        if state.items.is_empty() && !state.closed {
            state = self.ready.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.items.is_empty() && state.closed {
            return None;
        }
        state.bytes = 0;
        Some(std::mem::take(&mut state.items))
    }

    /// A panic elsewhere leaves the list as it was after some push, which is a valid state.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_counted_and_nobody_waits() {
        let queue = Queue::with_limit(1000);
        let id = queue.stream();
        for _ in 0..50 {
            queue.data(id, 1, &[b'x'; 100]);
        }
        queue.close();
        let items = queue.take(Duration::ZERO).unwrap();
        let (mut kept, mut lost) = (0, 0);
        for item in items {
            match item {
                Item::Data { bytes, .. } => kept += bytes.len(),
                Item::Lost { bytes, .. } => lost += bytes,
                other => panic!("{other:?}"),
            }
        }
        assert!(kept > 0 && kept <= 1000);
        assert_eq!(kept as u64 + lost, 5000);
        assert!(queue.take(Duration::ZERO).is_none());
    }
}
