//! A body that passes, and whose bytes the recorder sees.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};

use crate::queue::{Item, Queue};

/// The body of a request or an answer on its way.
pub(super) struct Tee {
    inner: Incoming,
    id: u64,
    queue: Arc<Queue>,
}

impl Tee {
    /// The bytes of `inner` as the stream `id`.
    pub(super) fn new(inner: Incoming, id: u64, queue: Arc<Queue>) -> Self {
        Self { inner, id, queue }
    }
}

impl Body for Tee {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(bytes) = frame.data_ref()
        {
            self.queue.data(self.id, crate::now_ns(), bytes);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// A body ends when nobody wants more of it: read to its end, broken off, or dropped by a client that went away.
impl Drop for Tee {
    fn drop(&mut self) {
        self.queue.push(Item::Close { id: self.id, ts_ns: crate::now_ns() });
    }
}
