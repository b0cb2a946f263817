//! Bodies of requests: decompressed within limits, cut into records.

use std::io::Read;

use atalanta_sources::{Framing, elements, records};

use crate::error::IntakeError;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// The body as text bytes. Compression is told from the first bytes: producers name it wrongly now and then.
pub fn decompress(bytes: Vec<u8>, limit: usize) -> Result<Vec<u8>, IntakeError> {
    if bytes.starts_with(GZIP) {
        return read(flate2::read::MultiGzDecoder::new(bytes.as_slice()), "gzip", limit);
    }
    if bytes.starts_with(ZSTD) {
        let decoder = zstd::stream::read::Decoder::new(bytes.as_slice());
        let decoder = decoder.map_err(|error| IntakeError::Request(format!("zstd body: {error}")))?;
        return read(decoder, "zstd", limit);
    }
    if bytes.len() > limit {
        return Err(too_large(limit));
    }
    Ok(bytes)
}

fn read(stream: impl Read, format: &str, limit: usize) -> Result<Vec<u8>, IntakeError> {
    let mut out = Vec::new();
    let read = stream.take(limit as u64 + 1).read_to_end(&mut out);
    read.map_err(|error| IntakeError::Request(format!("damaged {format} body: {error}")))?;
    if out.len() > limit { Err(too_large(limit)) } else { Ok(out) }
}

fn too_large(limit: usize) -> IntakeError {
    let limit = limit >> 20;
    IntakeError::TooLarge(format!(
        "the body has more than {limit} MiB when decompressed; send smaller batches"
    ))
}

/// The records of a body with the line on which each starts: objects one behind the other or a line each, the
/// elements of an array, or lines of text.
pub fn split(bytes: &[u8], framing: Framing) -> Vec<(u64, &[u8])> {
    match bytes.trim_ascii_start().first() {
        Some(b'[') => elements(bytes).unwrap_or_else(|| records(bytes, framing)),
        Some(b'{') => records(bytes, Framing::Json),
        _ => records(bytes, framing),
    }
}

/// The elements of a JSON array as they were written, numbered from 1; none if the bytes are something else.
pub fn array(bytes: &[u8]) -> Option<Vec<(u64, &[u8])>> {
    Some((1..).zip(elements(bytes)?.into_iter().map(|(_, element)| element)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn texts(bytes: &[u8]) -> Vec<(u64, String)> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        split(bytes, Framing::Lines).into_iter().map(|(line, record)| (line, text(record))).collect()
    }

    #[test]
    fn objects_arrays_and_lines() {
        let own = |found: &[(u64, &str)]| -> Vec<(u64, String)> {
            found.iter().map(|(line, text)| (*line, (*text).to_owned())).collect()
        };
        assert_eq!(texts(b"{\"a\":1}"), own(&[(1, "{\"a\":1}")]));
        assert_eq!(texts(b"{\"a\":1}\n{\"b\":2}\n"), own(&[(1, "{\"a\":1}"), (2, "{\"b\":2}")]));
        assert_eq!(
            texts(b"[\n {\"a\":1},\n {\"b\":[1,2]} ]\n"),
            own(&[(2, "{\"a\":1}"), (3, "{\"b\":[1,2]}")])
        );
        assert_eq!(
            texts(b"[2026-11-21T22:49:32Z] GET\nnext"),
            own(&[(1, "[2026-11-21T22:49:32Z] GET"), (2, "next")])
        );
        assert!(texts(b"[]").is_empty() && texts(b" \n").is_empty());
        assert_eq!(array(b"[1, {}]").unwrap(), [(1, b"1".as_slice()), (2, b"{}")]);
    }

    #[test]
    fn compressed_bodies_have_a_limit() {
        let text = vec![b'x'; 1 << 20];
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(&text).unwrap();
        let gzip = gzip.finish().unwrap();
        let zstd = zstd::encode_all(text.as_slice(), 1).unwrap();
        for body in [gzip, zstd] {
            assert_eq!(decompress(body.clone(), 1 << 20).unwrap(), text);
            assert!(matches!(decompress(body.clone(), 1 << 19), Err(IntakeError::TooLarge(_))));
            assert!(matches!(
                decompress(body[..body.len() / 2].to_vec(), 1 << 20),
                Err(IntakeError::Request(_))
            ));
        }
    }
}
