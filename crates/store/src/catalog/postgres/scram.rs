//! SCRAM-SHA-256 (RFC 5802, RFC 7677), by which a password is proved without being sent, and the server proves that it
//! knows it too. Not bound to the channel: what protects the channel is the server's certificate.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

/// The mechanism's name.
pub(super) const NAME: &str = "SCRAM-SHA-256";

/// Says that the client knows no binding to the channel.
const HEADER: &str = "n,,";

/// Most rounds that a server may ask for: what takes seconds.
const MOST_ROUNDS: u32 = 10_000_000;

type Key = [u8; 32];

/// An exchange that has begun.
pub(super) struct Scram {
    password: String,
    nonce: String,
    /// What the server must prove with.
    server: Option<Key>,
    /// It has.
    proved: bool,
}

impl Scram {
    /// Begins an exchange; the nonce is printable, without a comma, and never used again.
    pub fn new(password: &str, nonce: String) -> Self {
        Self { password: password.nfkc().collect(), nonce, server: None, proved: false }
    }

    fn bare(&self) -> String {
        // Postgres takes the user of the connection.
        format!("n=,r={}", self.nonce)
    }

    /// The first message.
    pub fn first(&self) -> String {
        format!("{HEADER}{}", self.bare())
    }

    /// The answer to the server's first message; the error says what is wrong with that.
    pub fn last(&mut self, server_first: &str) -> Result<String, String> {
        let bare = self.bare();
        self.prove(&bare, server_first)
    }

    fn prove(&mut self, bare: &str, server_first: &str) -> Result<String, String> {
        let part = |key: &str| {
            let found = server_first.split(',').find_map(|part| part.strip_prefix(key));
            found.ok_or_else(|| format!("no `{key}` in the server's message"))
        };
        let (nonce, salt, rounds) = (part("r=")?, part("s=")?, part("i=")?);
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err("the server's nonce does not go on from ours".to_owned());
        }
        let salt =
            STANDARD.decode(salt).map_err(|error| format!("the server's salt is no base64: {error}"))?;
        let rounds = rounds.parse().ok().filter(|rounds| (1..=MOST_ROUNDS).contains(rounds));
        let rounds = rounds.ok_or_else(|| format!("the server asks for more than {MOST_ROUNDS} rounds"))?;
        let salted = salted(self.password.as_bytes(), &salt, rounds);
        let client = mac(&salted, b"Client Key");
        let without_proof = format!("c={},r={nonce}", STANDARD.encode(HEADER));
        let all = format!("{bare},{server_first},{without_proof}");
        let signature = mac(&Sha256::digest(client), all.as_bytes());
        let proof: Vec<u8> = client.iter().zip(signature).map(|(one, other)| one ^ other).collect();
        self.server = Some(mac(&mac(&salted, b"Server Key"), all.as_bytes()));
        Ok(format!("{without_proof},p={}", STANDARD.encode(proof)))
    }

    /// Whether the server's last message proves that it knows the password.
    pub fn is_proved(&mut self, server_last: &str) -> bool {
        let given = server_last.strip_prefix("v=").and_then(|text| STANDARD.decode(text).ok());
        self.proved = given.is_some_and(|given| self.server.is_some_and(|expected| given == expected));
        self.proved
    }

    /// Whether it has proved that.
    pub fn has_proved(&self) -> bool {
        self.proved
    }
}

fn mac(key: &[u8], text: &[u8]) -> Key {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

/// PBKDF2 with one block.
fn salted(password: &[u8], salt: &[u8], rounds: u32) -> Key {
    let mut last = mac(password, &[salt, &[0, 0, 0, 1]].concat());
    let mut sum = last;
    for _ in 1..rounds {
        last = mac(password, &last);
        sum.iter_mut().zip(last).for_each(|(sum, byte)| *sum ^= byte);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_7677() {
        let mut scram = Scram::new("pencil", "rOprNGfwEbeRWgbNEkqO".to_owned());
        let first = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let last = scram.prove("n=user,r=rOprNGfwEbeRWgbNEkqO", first).unwrap();
        assert_eq!(
            last,
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
             p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        );
        assert!(scram.is_proved("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
        assert!(!scram.is_proved("v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
        assert!(!scram.is_proved("e=other-error"));
    }

    #[test]
    fn what_a_server_may_not_say_is_refused() {
        for (first, said) in [
            ("r=other,s=AAAA,i=4096", "nonce"),
            ("r=mine,s=AAAA,i=4096", "nonce"),
            ("r=mineandyours,s=?,i=4096", "no base64"),
            ("r=mineandyours,s=AAAA,i=4000000000", "rounds"),
            ("r=mineandyours,s=AAAA", "`i=`"),
        ] {
            let error = Scram::new("x", "mine".to_owned()).last(first).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
