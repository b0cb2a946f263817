//! Messages in a stream of bytes: lines, or counted octets (`<length> <message>`, RFC 6587 and 5425).

use std::ops::Range;

/// Longest message.
pub const MAX_MESSAGE: usize = 256 << 10;

/// Digits of a length at most.
const DIGITS: usize = 7;

/// The first message of the bytes and how many bytes it takes with its frame; none if its end is not there yet.
/// `ended` says that no more bytes will come. An error ends the stream: what follows cannot be told apart.
pub fn first(bytes: &[u8], ended: bool) -> Result<Option<(Range<usize>, usize)>, &'static str> {
    let blank = bytes.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let rest = &bytes[blank..];
    match rest.first() {
        None => Ok(None),
        Some(byte) if byte.is_ascii_digit() => {
            let found = counted(rest, ended)?;
            Ok(found.map(|message| (blank + message.start..blank + message.end, blank + message.end)))
        }
        Some(_) => line(rest, ended).map(|found| found.map(|(end, used)| (blank..blank + end, blank + used))),
    }
}

fn counted(bytes: &[u8], ended: bool) -> Result<Option<Range<usize>>, &'static str> {
    let digits = bytes.iter().take(DIGITS + 1).take_while(|byte| byte.is_ascii_digit()).count();
    let Some(behind) = bytes.get(digits) else {
        return if ended { Err("the stream ended in the length of a message") } else { Ok(None) };
    };
    let length: Option<usize> = std::str::from_utf8(&bytes[..digits]).ok().and_then(|text| text.parse().ok());
    let Some(length) = length.filter(|length| *length <= MAX_MESSAGE && *behind == b' ') else {
        return Err("expected the length of a message of at most 256 KiB");
    };
    let message = digits + 1..digits + 1 + length;
    match (bytes.len() >= message.end, ended) {
        (true, _) => Ok(Some(message)),
        (false, false) => Ok(None),
        (false, true) => Err("the stream ended in the middle of a message"),
    }
}

/// (end of the line without its end, bytes with it)
fn line(bytes: &[u8], ended: bool) -> Result<Option<(usize, usize)>, &'static str> {
    let end = bytes.iter().take(MAX_MESSAGE + 1).position(|byte| *byte == b'\n');
    match end {
        Some(end) => Ok(Some((bytes[..end].trim_ascii_end().len(), end + 1))),
        None if bytes.len() > MAX_MESSAGE => Err("a line of more than 256 KiB"),
        None if ended => Ok(Some((bytes.trim_ascii_end().len(), bytes.len()))),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut bytes: &[u8]) -> Result<Vec<&str>, &'static str> {
        let mut out = Vec::new();
        while let Some((message, used)) = first(bytes, true)? {
            out.push(std::str::from_utf8(&bytes[message]).unwrap());
            bytes = &bytes[used..];
        }
        Ok(out)
    }

    #[test]
    fn lines_and_counted_octets() {
        assert_eq!(all(b"<1>a\r\n\n<2>b").unwrap(), ["<1>a", "<2>b"]);
        assert_eq!(all(b"4 <1>a5 <2>\nb<3>c\n").unwrap(), ["<1>a", "<2>\nb", "<3>c"]);
        assert_eq!(all(b"0 \n0 ").unwrap(), ["", ""]);
        assert!(all(b" \n").unwrap().is_empty());
        for bad in [&b"5 <1>a"[..], b"12", b"12x", b"99999999 x", b"300000 x"] {
            assert!(all(bad).is_err());
        }
        assert!(first(&vec![b'<'; MAX_MESSAGE + 1], false).is_err());
    }

    #[test]
    fn a_message_whose_end_is_missing_waits() {
        let whole = b"10 <13>a\nbcd<14>last\n";
        let (message, used) = first(whole, false).unwrap().unwrap();
        for cut in 0..used {
            assert_eq!(first(&whole[..cut], false), Ok(None), "{cut}");
        }
        assert_eq!((&whole[message], used), (&b"<13>a\nbcd<"[..], 13));
        assert_eq!(first(b"<14>la", false), Ok(None));
    }
}
