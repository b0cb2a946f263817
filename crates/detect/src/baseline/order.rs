//! Which values follow each other in the sessions of an entity: n-grams, as Forrest, Hofmeyr, Somayaji and Longstaff
//! used them for system calls (*A Sense of Self for Unix Processes*, IEEE S&P 1996).

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::table::Table;
use crate::kept::Digest;

/// Sessions of one entity that are followed at the same time.
const SESSIONS: usize = 4;

/// Longest name that is kept of a value, bytes: as many as stand in a [`CompactString`] itself.
const NAME: usize = 24;

/// Values of an n-gram that stand in its session itself; most rules ask for three.
const NEAR: usize = 3;

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

/// The last values of a session, the oldest first; in one piece, as they are read and copied for every event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Kept", into = "Kept")]
struct Session {
    id: u64,
    last: i64,
    digests: SmallVec<[u64; NEAR]>,
    names: SmallVec<[CompactString; NEAR]>,
}

/// A session as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    id: u64,
    last: i64,
    digests: Vec<u64>,
    names: Vec<String>,
}

impl From<Kept> for Session {
    fn from(Kept { id, last, digests, names }: Kept) -> Self {
        Self {
            id,
            last,
            digests: digests.into(),
            names: names.into_iter().map(CompactString::from).collect(),
        }
    }
}

impl From<Session> for Kept {
    fn from(Session { id, last, digests, names }: Session) -> Self {
        let names = names.into_iter().map(CompactString::into_string).collect();
        Self { id, last, digests: digests.into_vec(), names }
    }
}

/// The n-gram that a value ends in its session, and its digest; shorter at the beginning of a session.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Gram<'a> {
    /// The values in order.
    pub names: &'a [CompactString],
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
        if own.digests.len() >= length {
            own.names.remove(0);
            own.digests.remove(0);
        }
        own.names.push(value.get(..value.floor_char_boundary(NAME)).unwrap_or(value).into());
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
        self.0.push(Session { id: session, last: time, digests: SmallVec::new(), names: SmallVec::new() });
        self.0.len() - 1
    }
}

/// The digest of digests in their order, each as a hexadecimal number.
fn together(digests: &[u64]) -> u64 {
    let mut whole = Digest::default();
    digests.iter().for_each(|digest| whole.add(hexadecimal(*digest, &mut [0; 16])));
    whole.finish()
}

/// A number as lower-case hexadecimal digits, without zeros in front.
fn hexadecimal(mut number: u64, digits: &mut [u8; 16]) -> &str {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b"0123456789abcdef"[(number & 0xf) as usize];
        number >>= 4;
        if number == 0 {
            // Digits are ASCII.
            return std::str::from_utf8(&digits[at..]).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kept;

    #[test]
    fn digests_are_added_as_numbers_are_written() {
        for number in [0, 1, 0xf, 0x10, 0x0123_4567_89ab_cdef, u64::MAX] {
            assert_eq!(hexadecimal(number, &mut [0; 16]), format!("{number:x}"));
        }
    }

    #[test]
    fn a_session_is_kept_as_before() {
        let mut sessions = Sessions::default();
        for value in ["read", "a name that is much longer than the ones that are kept", "send", "list"] {
            sessions.follow(7, (value, kept::digest([value])), 3, 5);
        }
        let text = serde_json::to_value(&sessions).unwrap();
        assert_eq!(text[0]["names"], serde_json::json!(["a name that is much long", "send", "list"]));
        assert_eq!(text[0]["digests"][2], kept::digest(["list"]));
        assert_eq!(serde_json::from_value::<Sessions>(text).unwrap(), sessions);
    }

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
