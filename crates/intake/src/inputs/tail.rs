//! A file of lines that grows: read to its end and on, also when it is rotated, cut or replaced.

use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use atalanta_engine::input::RawRecord;
use base64::Engine as _;
use sha2::{Digest, Sha256};

use super::places::Place;
use super::{BATCH, BATCH_BYTES, Reader};
use crate::pipeline::Target;

/// How often a file is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// How long a file that lost its name is read on: its writer learns of the rotation later.
const AFTERWARDS: Duration = Duration::from_secs(2);

/// Bytes of a line; of longer ones the beginning is kept.
const LINE: usize = 16 << 20;

/// First bytes of a file by which it is recognised.
const HEAD: usize = 256;

/// Reads an input until it is time to end.
pub(super) fn run(reader: &Reader) {
    let path = &reader.input.path;
    let name = path.display().to_string();
    let mut place = reader.places.of(path, &name).cloned().unwrap_or_default();
    place.path.clone_from(&name);
    let mut target = Target::parse(&place.source).unwrap_or_else(|_| reader.input.target.clone());
    let mut said = false;
    let mut tail = loop {
        match Tail::resume(path, &place) {
            Ok(tail) => break tail,
            Err(error) if !said => {
                tracing::warn!(path = name, %error, "the file cannot be read yet");
                said = true;
            }
            Err(_) => {}
        }
        if reader.stop.wait(LOOK) {
            return;
        }
    };
    loop {
        let records = tail.lines();
        let records =
            records.and_then(
                |records| {
                    if records.is_empty() { tail.renew().map(|()| records) } else { Ok(records) }
                },
            );
        match records {
            Ok(records) if records.is_empty() => {}
            Ok(records) => {
                tail.note(&mut place);
                if !reader.store(&records, &mut target, &mut place) || reader.stop.is_set() {
                    return;
                }
                continue;
            }
            Err(error) => tracing::warn!(path = name, %error, "the file cannot be read now"),
        }
        if reader.stop.wait(LOOK) {
            return;
        }
    }
}

/// Where reading stands in a file, to be kept by who reads it without a store.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cursor {
    /// Number of the file in its file system.
    pub inode: u64,
    /// Bytes that were read.
    pub position: u64,
    /// Lines that were read.
    pub line: u64,
    /// Digest of the file's first bytes, and how many they are: a new file may get the number of an old one.
    pub head: String,
    /// In bytes.
    pub head_length: u64,
}

/// A file that grows.
#[derive(Debug)]
pub struct Tail {
    path: PathBuf,
    reader: BufReader<File>,
    inode: u64,
    at: u64,
    line: u64,
    /// Digest of the first bytes, and how many they are.
    head: (usize, String),
    /// Since when the file has another name or none.
    left: Option<Instant>,
    /// The name is another file's, and this one has been read to its end.
    ended: bool,
}

impl Tail {
    /// A file from its start.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        Self::at(path, path, 0, 0)
    }

    /// A file behind a cursor; if it was rotated since, the rest of the old one comes first.
    pub fn open_behind(path: &Path, cursor: &Cursor) -> std::io::Result<Self> {
        let Cursor { inode, position, line, head, head_length } = cursor.clone();
        Self::resume(path, &Place { inode, position, line, head, size: head_length, ..Place::default() })
    }

    /// Where reading stands.
    pub fn cursor(&mut self) -> Cursor {
        let mut place = Place::default();
        self.note(&mut place);
        let Place { inode, position, line, head, size, .. } = place;
        Cursor { inode, position, line, head, head_length: size }
    }

    fn at(path: &Path, file: &Path, at: u64, line: u64) -> std::io::Result<Self> {
        let mut file = File::open(file)?;
        let inode = file.metadata()?.ino();
        file.seek(SeekFrom::Start(at))?;
        Ok(Self {
            path: path.to_path_buf(),
            reader: BufReader::with_capacity(64 << 10, file),
            inode,
            at,
            line,
            head: (0, String::new()),
            left: None,
            ended: false,
        })
    }

    /// A file from a place on; if it was rotated since, the rest of the old one comes first.
    fn resume(path: &Path, place: &Place) -> std::io::Result<Self> {
        if place.position == 0 {
            return Self::open(path);
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut candidates = vec![path.to_path_buf()];
        for entry in std::fs::read_dir(folder)?.flatten() {
            candidates.push(entry.path());
        }
        for candidate in candidates {
            let Ok(found) = std::fs::metadata(&candidate) else { continue };
            if found.ino() == place.inode
                && found.is_file()
                && found.len() >= place.position
                && digest(&File::open(&candidate)?, place.head_length())? == place.head
            {
                let mut tail = Self::at(path, &candidate, place.position, place.line)?;
                tail.head = (place.head_length(), place.head.clone());
                return Ok(tail);
            }
        }
        Self::open(path)
    }

    /// The whole lines that are there; an unfinished one waits for its end, or for the end of the file's name.
    pub fn lines(&mut self) -> std::io::Result<Vec<RawRecord>> {
        if !self.is_same()? {
            // Cut and written anew, and already longer than before.
            self.restart()?;
        }
        let mut records = Vec::new();
        let mut size = 0;
        while records.len() < BATCH && size < BATCH_BYTES {
            let (bytes, read, whole) = self.line()?;
            let is_record = whole || self.ended && read > 0;
            if !is_record {
                self.reader.seek(SeekFrom::Start(self.at))?;
                break;
            }
            self.at += read;
            self.line += 1;
            let text = bytes.trim_ascii_end();
            if !text.is_empty() {
                size += text.len();
                records.push(RawRecord { bytes: text.to_vec(), line: self.line, ordinal: self.line - 1 });
            }
        }
        Ok(records)
    }

    /// The next line, how many bytes it took, and whether its end is there.
    fn line(&mut self) -> std::io::Result<(Vec<u8>, u64, bool)> {
        let (mut bytes, mut read) = (Vec::new(), 0);
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok((bytes, read, false));
            }
            let end = memchr(buffer);
            let taken = end.map_or(buffer.len(), |end| end + 1);
            let room = LINE.saturating_sub(bytes.len()).min(taken);
            bytes.extend_from_slice(&buffer[..room]);
            self.reader.consume(taken);
            read += taken as u64;
            if end.is_some() {
                return Ok((bytes, read, true));
            }
        }
    }

    /// Goes to the file that has taken the name, or back to the start of one that was cut.
    pub fn renew(&mut self) -> std::io::Result<()> {
        if self.ended {
            // All of the old file is read.
            *self = Self::open(&self.path)?;
            return Ok(());
        }
        // Between the two steps of a rotation there may be no file of the name.
        let Ok(there) = std::fs::metadata(&self.path) else { return Ok(()) };
        if there.ino() != self.inode {
            let since = *self.left.get_or_insert_with(Instant::now);
            self.ended = since.elapsed() >= AFTERWARDS;
            return Ok(());
        }
        self.left = None;
        if there.len() < self.at { self.restart() } else { Ok(()) }
    }

    fn restart(&mut self) -> std::io::Result<()> {
        self.reader.seek(SeekFrom::Start(0))?;
        (self.at, self.line) = (0, 0);
        self.head = (0, String::new());
        Ok(())
    }

    /// Whether the file still begins as it did.
    fn is_same(&self) -> std::io::Result<bool> {
        Ok(self.head.0 == 0 || digest(self.reader.get_ref(), self.head.0)? == self.head.1)
    }

    /// Writes where reading stands into a place.
    fn note(&mut self, place: &mut Place) {
        let wanted = (self.at as usize).min(HEAD);
        if self.head.0 < wanted
            && let Ok(head) = digest(self.reader.get_ref(), wanted)
        {
            // If it cannot be read the file is recognised by less.
            self.head = (wanted, head);
        }
        place.inode = self.inode;
        place.position = self.at;
        place.line = self.line;
        place.head.clone_from(&self.head.1);
        place.size = self.head.0 as u64;
    }
}

impl Place {
    /// Bytes of which `head` is the digest.
    fn head_length(&self) -> usize {
        self.size as usize
    }
}

fn memchr(bytes: &[u8]) -> Option<usize> {
    bytes.iter().position(|byte| *byte == b'\n')
}

/// Digest of the first bytes of a file; its position stays.
fn digest(file: &File, length: usize) -> std::io::Result<String> {
    let mut bytes = vec![0; length];
    let mut read = 0;
    while read < length {
        match file.read_at(&mut bytes[read..], read as u64)? {
            0 => break,
            more => read += more,
        }
    }
    let digest = Sha256::digest(&bytes[..read]);
    Ok(base64::engine::general_purpose::STANDARD.encode(&digest[..16]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn append(path: &Path, text: &str) {
        File::options().create(true).append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn texts(tail: &mut Tail) -> Vec<String> {
        let records = tail.lines().unwrap();
        records.into_iter().map(|record| String::from_utf8(record.bytes).unwrap()).collect()
    }

    /// Looks until lines come or a rotation must have been noticed.
    fn next(tail: &mut Tail) -> Vec<String> {
        let end = Instant::now() + 3 * AFTERWARDS;
        while Instant::now() < end {
            let found = texts(tail);
            if !found.is_empty() {
                return found;
            }
            tail.renew().unwrap();
            std::thread::sleep(Duration::from_millis(20));
        }
        Vec::new()
    }

    #[test]
    fn an_unfinished_line_waits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        append(&path, "one\ntw");
        let mut tail = Tail::open(&path).unwrap();
        assert_eq!(texts(&mut tail), ["one"]);
        assert!(texts(&mut tail).is_empty());
        append(&path, "o\n\nthree\n");
        assert_eq!(texts(&mut tail), ["two", "three"]);
    }

    #[test]
    fn a_rotated_file_is_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        append(&path, "one\n");
        let mut tail = Tail::open(&path).unwrap();
        assert_eq!(texts(&mut tail), ["one"]);
        let old = folder.path().join("a.log.1");
        std::fs::rename(&path, &old).unwrap();
        append(&path, "three\n");
        tail.renew().unwrap();
        // The writer has not noticed yet, and ends without a line end.
        append(&old, "two\nlast");
        assert_eq!(next(&mut tail), ["two"]);
        assert_eq!(next(&mut tail), ["last"]);
        assert_eq!(next(&mut tail), ["three"]);
    }

    #[test]
    fn a_cut_or_replaced_file_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        append(&path, "one\ntwo\n");
        let mut tail = Tail::open(&path).unwrap();
        let mut place = Place::default();
        assert_eq!(texts(&mut tail).len(), 2);
        tail.note(&mut place);
        std::fs::write(&path, "new\n").unwrap();
        assert_eq!(next(&mut tail), ["new"]);
        // Cut and longer than before by the time it is looked at.
        tail.note(&mut place);
        std::fs::write(&path, "other and longer\n").unwrap();
        assert_eq!(next(&mut tail), ["other and longer"]);
    }

    #[test]
    fn a_place_is_found_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        append(&path, "one\ntwo\n");
        let mut tail = Tail::open(&path).unwrap();
        let mut place = Place::default();
        texts(&mut tail);
        tail.note(&mut place);
        append(&path, "three\n");
        assert_eq!(texts(&mut Tail::resume(&path, &place).unwrap()), ["three"]);
        // Rotated while nobody looked.
        std::fs::rename(&path, folder.path().join("a.log.1")).unwrap();
        append(&path, "four\n");
        let mut tail = Tail::resume(&path, &place).unwrap();
        assert_eq!(texts(&mut tail), ["three"]);
        assert_eq!(next(&mut tail), ["four"]);
        // Another file that happens to have the number of the old one.
        let other = Place { head: "00".to_owned(), ..place };
        assert_eq!(texts(&mut Tail::resume(&path, &other).unwrap()), ["four"]);
    }
}
