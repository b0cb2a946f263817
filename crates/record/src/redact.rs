//! Credentials never reach a column.
//!
//! Members whose name marks a credential are replaced; the raw text loses the same values, so that the
//! stored record is the one that arrived except for its secrets. The key used is kept as a keyed hash.

use sha2::{Digest, Sha256};

use crate::canonical_json::hex;
use crate::tree::{Text, Value, json_text};

/// What stands for a credential.
pub const REDACTED: &str = "[redacted]";

/// Names, compared without case, `-` and `_`, whose string value is a credential.
const CREDENTIALS: &[&str] = &[
    "authorization",
    "proxyauthorization",
    "cookie",
    "setcookie",
    "xapikey",
    "apikey",
    "xgoogapikey",
    "openaiapikey",
    "anthropicapikey",
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "sessiontoken",
    "xamzsecuritytoken",
    "clientsecret",
    "secretaccesskey",
    "password",
    "passwd",
    "privatekey",
    "secretkey",
    "xwebhooksecret",
];

/// Parameters of addresses, compared without case, that let whoever has the address in.
const SIGNED: &[&str] = &[
    "sig",
    "signature",
    "x-amz-signature",
    "x-amz-security-token",
    "x-goog-signature",
    "access_token",
    "apikey",
    "api_key",
    "api-key",
];

/// Length of the longest of the parameters.
const LONGEST_SIGNED: usize = 20;

/// Length of the shortest text with one: `?sig=` and a value.
const SHORTEST_SIGNED: usize = 5 + SHORTEST;

/// How the values of `key=` begin that are keys of Google's APIs.
const GOOGLE_KEY: &str = "AIza";

/// Those of the names above that identify the caller of an API.
const API_KEYS: &[&str] = &["authorization", "xapikey", "apikey", "xgoogapikey"];

/// How the names end.
const LAST: &[u8] = b"denty";

/// Bytes of the shortest name, and of the shortest value that is cut out of a text: shorter ones would cut ordinary
/// words.
const SHORTEST: usize = 6;

/// Length of the longest of the names.
const LONGEST: usize = 18;

/// The credential that a name marks, without `-` and `_` in lower case.
fn credential(name: &[u8]) -> Option<&'static str> {
    // Every member of every record comes here, and few end as one of these.
    let last = name.last()?.to_ascii_lowercase();
    if name.len() < SHORTEST || !(LAST.contains(&last) || matches!(last, b'-' | b'_')) {
        return None;
    }
    let mut buffer = [0; LONGEST];
    let folded = fold(name, &mut buffer)?;
    CREDENTIALS.iter().find(|known| known.as_bytes() == folded).copied()
}

/// A name without `-` and `_` in lower case; none if it is longer than every name that matters.
fn fold<'b>(name: &[u8], buffer: &'b mut [u8; LONGEST]) -> Option<&'b [u8]> {
    let mut length = 0;
    for byte in name.iter().filter(|byte| !matches!(byte, b'-' | b'_')) {
        *buffer.get_mut(length)? = byte.to_ascii_lowercase();
        length += 1;
    }
    Some(&buffer[..length])
}

/// Replaces credentials below `value`; their texts go to `secrets`, the first API key to `api_key`.
pub fn redact(value: &mut Value, secrets: &mut Vec<String>, api_key: &mut Option<String>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| redact(item, secrets, api_key)),
        Value::Object(map) => {
            for (name, member) in map.iter_mut() {
                redact_member(name, member, secrets, api_key);
            }
        }
        Value::String(text) => redact_address(text, secrets),
        _ => {}
    }
}

/// Replaces credentials in the JSON that a text holds, such as the body of a request; other texts stay as they are.
/// Addresses in it are the business of [`redact`].
pub fn redact_embedded(text: &mut Text, secrets: &mut Vec<String>, api_key: &mut Option<String>) {
    // Reading JSON takes longer than all else that is done with a body, and few have a credential.
    if !text.starts_with(['{', '[']) || !names_credential(text.as_bytes()) {
        return;
    }
    let Ok(mut inner) = serde_json::from_str::<Value>(text) else { return };
    let before = secrets.len();
    redact(&mut inner, secrets, api_key);
    if secrets.len() > before {
        *text = redact_text(text, &secrets[before..]).into();
    }
}

/// Whether a name in JSON text marks a credential, or has characters written as escapes.
fn names_credential(text: &[u8]) -> bool {
    memchr::memchr_iter(b':', text).any(|colon| {
        let Some(before) = text[..colon].trim_ascii_end().strip_suffix(b"\"") else { return false };
        // No name of a credential has a backslash but in an escape. A name that ends in one is quoted in another text.
        let of_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let start = before.iter().rposition(|byte| !of_name(byte)).map_or(0, |at| at + 1);
        match before[..start].last() {
            Some(b'"') => credential(&before[start..]).is_some(),
            Some(b'\\') => before[start..].starts_with(b"u00"),
            _ => false,
        }
    })
}

/// Takes the credentials out of the addresses in a text.
fn redact_address(text: &mut Text, secrets: &mut Vec<String>) {
    // Most texts are too short for a parameter.
    if text.len() < SHORTEST_SIGNED {
        return;
    }
    let found: Vec<String> = memchr::memchr2_iter(b'?', b'&', text.as_bytes())
        .filter_map(|at| signature(&text[at + 1..]).map(str::to_owned))
        .collect();
    if !found.is_empty() {
        *text = redact_text(text, &found).into();
        secrets.extend(found);
    }
}

/// The value of the parameter with which a text begins, if it lets in whoever has it.
fn signature(text: &str) -> Option<&str> {
    let end = text.bytes().take(LONGEST_SIGNED + 1).position(|byte| byte == b'=')?;
    let (name, value) = (&text[..end], &text[end + 1..]);
    let value = if SIGNED.iter().any(|signed| name.eq_ignore_ascii_case(signed)) {
        value
    } else {
        let begin = value.get(..GOOGLE_KEY.len()).filter(|_| name.eq_ignore_ascii_case("key"))?;
        begin.eq_ignore_ascii_case(GOOGLE_KEY).then(|| &value[GOOGLE_KEY.len()..])?
    };
    let ends = |c: char| c.is_whitespace() || matches!(c, '&' | '"' | '\'' | '\\' | '#');
    let value = &value[..value.find(ends).unwrap_or(value.len())];
    (value.len() >= SHORTEST).then_some(value)
}

/// Replaces the member if its name marks a credential, else what is below it.
pub fn redact_member(
    name: &str,
    member: &mut Value,
    secrets: &mut Vec<String>,
    api_key: &mut Option<String>,
) {
    let Some(credential) = credential(name.as_bytes()) else { return redact(member, secrets, api_key) };
    // Schemas describe members of these names; only a text is a secret.
    let Value::String(text) = member else {
        return redact(member, secrets, api_key);
    };
    // What the producer has masked already identifies nobody.
    let masked = text.chars().all(|c| c == '*') || text.eq_ignore_ascii_case("redacted") || text == REDACTED;
    if masked {
        return;
    }
    if api_key.is_none() && API_KEYS.contains(&credential) {
        let key = text.split_once(' ').map_or(text.as_str(), |(_, key)| key);
        *api_key = Some(key.to_owned());
    }
    secrets.push(std::mem::replace(text, REDACTED.into()).into());
}

/// The raw text without the secrets, unless they are too short.
pub fn redact_text(text: &str, secrets: &[String]) -> String {
    let mut out = text.to_owned();
    for secret in secrets.iter().filter(|secret| secret.len() >= SHORTEST) {
        out = out.replace(secret.as_str(), REDACTED);
        let quoted = json_text(secret.as_str());
        let escaped = &quoted[1..quoted.len() - 1];
        if escaped != secret {
            out = out.replace(escaped, REDACTED);
        }
    }
    out
}

/// First 12 hexadecimal digits of HMAC-SHA256 over the API key (RFC 2104), with the key of the installation.
pub fn api_key_id(install_key: &[u8; 32], api_key: &str) -> String {
    const BLOCK: usize = 64;
    let mut padded = [0u8; BLOCK];
    padded[..install_key.len()].copy_from_slice(install_key);
    let inner = Sha256::new().chain_update(padded.map(|byte| byte ^ 0x36)).chain_update(api_key).finalize();
    let outer = Sha256::new().chain_update(padded.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize();
    hex(&outer[..6])
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! json {
        ($($json:tt)+) => { Value::from(serde_json::json!($($json)+)) };
    }

    #[test]
    fn replaces_credentials_at_any_depth() {
        let mut value = json!({ "headers": { "Authorization": "Bearer sk-abcdef", "X-Api-Key": "k-123456", "accept": "*/*" },
            "tools": [{ "properties": { "api_key": { "type": "string" } } }] });
        let (mut secrets, mut key) = (Vec::new(), None);
        redact(&mut value, &mut secrets, &mut key);
        assert_eq!(value["headers"]["Authorization"], REDACTED);
        assert_eq!(value["headers"]["X-Api-Key"], REDACTED);
        assert_eq!(value["headers"]["accept"], "*/*");
        assert_eq!(value["tools"][0]["properties"]["api_key"]["type"], "string");
        assert_eq!(key.as_deref(), Some("sk-abcdef"));
        let mut masked = json!({ "authorization": "REDACTED", "cookie": "***", "api_key": "" });
        let (mut none, mut nobody) = (Vec::new(), None);
        redact(&mut masked, &mut none, &mut nobody);
        assert_eq!((none, nobody), (Vec::new(), None));
        let mut address =
            json!("GET https://h/p?a=1&sig=abc%2Bdef%3D&key=AIzaSyA-1234&key=plainword HTTP/1.1");
        redact(&mut address, &mut Vec::new(), &mut None);
        assert_eq!(SIGNED.iter().map(|name| name.len()).max(), Some(LONGEST_SIGNED));
        assert_eq!(SIGNED.iter().map(|name| 2 + name.len() + SHORTEST).min(), Some(SHORTEST_SIGNED));
        let mut shortest = json!("?sig=abcdef");
        redact(&mut shortest, &mut Vec::new(), &mut None);
        assert_eq!(shortest, "?sig=[redacted]");
        assert_eq!(address, "GET https://h/p?a=1&sig=[redacted]&key=AIza[redacted]&key=plainword HTTP/1.1");
        assert_eq!(
            redact_text(r#"{"Authorization":"Bearer sk-abcdef"}"#, &secrets),
            r#"{"Authorization":"[redacted]"}"#
        );
    }

    #[test]
    fn json_in_a_text_is_searched_however_its_names_are_written() {
        let found = |text: &str| {
            let (mut text, mut secrets, mut key) = (Text::from(text), Vec::new(), None);
            redact_embedded(&mut text, &mut secrets, &mut key);
            (text, secrets.len())
        };
        for name in ["api_key", "API-Key", "a-pi__KEY", "pass\\u0077ord", "\\u0070assword", "x\\u002dapi-key"]
        {
            let (text, count) = found(&format!(r#"{{"model":"m","a":[{{"{name}":"sk-abcdef"}}]}}"#));
            assert_eq!((count, text.contains("sk-abcdef")), (1, false), "{name}");
        }
        let other = r#"{"messages":[{"role":"user","content":"caf\u00e9"}]}"#;
        assert_eq!(found(other), (other.into(), 0));
        assert_eq!(found("password: sk-abcdef").1, 0);
    }

    #[test]
    fn names_are_folded_up_to_the_longest() {
        assert_eq!(CREDENTIALS.iter().map(|name| name.len()).max(), Some(LONGEST));
        assert!(CREDENTIALS.iter().all(|name| name.len() >= SHORTEST));
        for last in CREDENTIALS.iter().filter_map(|name| name.as_bytes().last()) {
            assert!(LAST.contains(last));
        }
        let credential = |name: &str| credential(name.as_bytes());
        assert_eq!(credential("Proxy-Authorization"), Some("proxyauthorization"));
        assert_eq!(credential("password_"), Some("password"));
        assert_eq!((credential("proxyauthorizationx"), credential("passw\u{f6}rd")), (None, None));
    }

    #[test]
    fn hmac_agrees_with_rfc_4231() {
        // Test case 2 of RFC 4231 has the key "Jefe", which zero padding extends to any length up to a block.
        let mut key = [0u8; 32];
        key[..4].copy_from_slice(b"Jefe");
        assert_eq!(api_key_id(&key, "what do ya want for nothing?"), "5bdcc146bf60");
    }
}
