//! Which values follow each other in the sessions of an entity: n-grams, as Forrest, Hofmeyr, Somayaji and Longstaff
//! used them for system calls (*A Sense of Self for Unix Processes*, IEEE S&P 1996).

use serde::{Deserialize, Serialize};

use super::table::Table;
use crate::kept;

/// Sessions of one entity that are followed at the same time.
const SESSIONS: usize = 4;

/// Longest name that is kept of a value, bytes.
const NAME: usize = 24;

/// What is known of an entity.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Order {
    /// N-grams with their counts.
    pub table: Table,
    sessions: Vec<Session>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Session {
    id: u64,
    last: i64,
    digests: Vec<u64>,
    names: Vec<String>,
}

/// The n-gram that a value ends in its session, and its digest; shorter at the beginning of a session.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Gram {
    /// The values in order.
    pub names: Vec<String>,
    /// Their digest.
    pub digest: u64,
}

impl Order {
    /// Follows a session by one value.
    pub(super) fn follow(&mut self, session: u64, value: &str, length: usize, time: i64) -> Gram {
        let at = match self.sessions.iter().position(|known| known.id == session) {
            Some(at) => at,
            None => {
                if self.sessions.len() >= SESSIONS {
                    let oldest = self.sessions.iter().enumerate().min_by_key(|(_, one)| (one.last, one.id));
                    let oldest = oldest.map_or(0, |(at, _)| at);
                    self.sessions.swap_remove(oldest);
                }
                self.sessions.push(Session {
                    id: session,
                    last: time,
                    digests: Vec::new(),
                    names: Vec::new(),
                });
                self.sessions.len() - 1
            }
        };
        let own = &mut self.sessions[at];
        own.last = own.last.max(time);
        let name = value.get(..value.floor_char_boundary(NAME)).unwrap_or(value);
        own.names.push(name.to_owned());
        own.digests.push(kept::digest([value]));
        if own.names.len() > length {
            own.names.remove(0);
            own.digests.remove(0);
        }
        let parts = own.digests.iter().map(|digest| format!("{digest:x}"));
        Gram { digest: kept::digest(parts), names: own.names.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_followed_apart() {
        let mut order = Order::default();
        order.follow(1, "read", 2, 0);
        order.follow(2, "send", 2, 0);
        assert_eq!(order.follow(1, "list", 2, 1).names, ["read", "list"]);
        assert_eq!(order.follow(2, "read", 2, 1).names, ["send", "read"]);
        assert_eq!(order.follow(1, "read", 2, 2).names, ["list", "read"]);
        for session in 10..30 {
            order.follow(session, "x", 2, 3);
        }
        // Its first values are forgotten.
        assert_eq!(order.follow(1, "send", 2, 4).names, ["send"]);
        assert_eq!(order.sessions.len(), SESSIONS);
    }
}
