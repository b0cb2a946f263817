//! The HTTP tap between a client and an upstream that are plain sockets, so that every byte is under control.

#![expect(clippy::unwrap_used, reason = "a test that meets an error fails by panicking")]

mod http;
