//! Which values follow each other in the sessions of an entity: n-grams, as Forrest, Hofmeyr, Somayaji and Longstaff
//! used them for system calls (*A Sense of Self for Unix Processes*, IEEE S&P 1996).

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::table::Table;
use crate::kept::Digest;

/// Sessions of one entity that are followed at the same time.
const SESSIONS: usize = 4;

/// Longest name that is kept of a value, bytes.
const NAME: usize = 24;

/// What is known of an entity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Order {
    /// N-grams with their counts.
    pub table: Table,
    /// Where its sessions are.
    pub sessions: Sessions,
}

/// The sessions of an entity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Sessions(Vec<Session>);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Session {
    id: u64,
    last: i64,
    digests: Vec<u64>,
    names: Vec<String>,
}

/// The n-gram that a value ends in its session, and its digest; shorter at the beginning of a session.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Gram<'a> {
    /// The values in order.
    pub names: &'a [String],
    /// Their digest.
    pub digest: u64,
}

impl Sessions {
    /// Follows a session by one value and its digest.
    pub(super) fn follow(
        &mut self,
        session: u64,
        (value, digest): (&str, u64),
        length: usize,
        time: i64,
    ) -> Gram<'_> {
        let at = self.place(session, time);
        let own = &mut self.0[at];
        own.last = own.last.max(time);
        // The oldest name makes room for the newest, and keeps its own.
        let mut name = if own.names.len() >= length { own.names.remove(0) } else { String::new() };
        name.clear();
        name.push_str(value.get(..value.floor_char_boundary(NAME)).unwrap_or(value));
        own.names.push(name);
        if own.digests.len() >= length {
            own.digests.remove(0);
        }
        own.digests.push(digest);
        Gram { digest: together(&own.digests), names: &own.names }
    }

    /// Where a session stands; a new one takes the place of the one that is idle for longest.
    fn place(&mut self, session: u64, time: i64) -> usize {
        if let Some(at) = self.0.iter().position(|known| known.id == session) {
            return at;
        }
        if self.0.len() >= SESSIONS {
            let oldest = self.0.iter().enumerate().min_by_key(|(_, one)| (one.last, one.id));
            let oldest = oldest.map_or(0, |(at, _)| at);
            self.0.swap_remove(oldest);
        }
        // Room for what there is: an entity may have only one.
        self.0.reserve_exact(1);
        self.0.push(Session { id: session, last: time, digests: Vec::new(), names: Vec::new() });
        self.0.len() - 1
    }
}

/// The digest of digests in their order.
fn together(digests: &[u64]) -> u64 {
    let mut whole = Digest::default();
    let mut text = String::with_capacity(16);
    for digest in digests {
        text.clear();
        // Writing to a string cannot fail.
        let _ = write!(text, "{digest:x}");
        whole.add(&text);
    }
    whole.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kept;

    #[test]
    fn sessions_are_followed_apart() {
        let mut sessions = Sessions::default();
        let mut follow = |session, value: &str, time| {
            let gram = sessions.follow(session, (value, kept::digest([value])), 2, time);
            (gram.names.join(" "), gram.digest)
        };
        follow(1, "read", 0);
        follow(2, "send", 0);
        let listed = follow(1, "list", 1);
        assert_eq!(listed.0, "read list");
        assert_eq!(follow(2, "read", 1).0, "send read");
        assert_eq!(follow(1, "read", 2).0, "list read");
        assert_eq!(follow(1, "list", 2), listed);
        for session in 10..30 {
            follow(session, "x", 3);
        }
        // Its first values are forgotten.
        assert_eq!(follow(1, "send", 4).0, "send");
        assert_eq!(sessions.0.len(), SESSIONS);
    }
}
