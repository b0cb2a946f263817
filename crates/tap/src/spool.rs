//! Records on disk until a server has them.
//!
//! A spool is a folder of segments, files of lines that are only appended to, with the file `sent`, which says how far
//! the server has acknowledged. A segment that is acknowledged to its end is removed. The process that writes holds a
//! lock on the file `lock`; a spool without a holder was left by a tap that was killed, and the next tap with the same
//! destination takes it over. Records are on disk when the write returns: they survive the death of the process, not a
//! power cut in the next seconds.
//!
//! ```text
//! <root>/<hash of the destination>/<label>-<pid>-<start>/{lock, sent, 00000001.ndjson, …, refused.ndjson}
//! ```

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of a segment, unless the limit is small.
const SEGMENT: u64 = 4 << 20;

/// The writing side.
#[derive(Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    limit: u64,
    /// Bytes in all segments.
    held: Arc<AtomicU64>,
    segment: File,
    number: u64,
    in_segment: u64,
    /// The segment ends in a part of a line.
    torn: bool,
    /// Held until the process ends.
    _lock: File,
}

/// The reading side.
#[derive(Debug)]
pub(crate) struct Backlog {
    folder: PathBuf,
    held: Arc<AtomicU64>,
    at: Position,
    /// Held while a spool that another process left is being sent.
    _lock: Option<File>,
}

/// A place in a spool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Position {
    segment: u64,
    offset: u64,
}

/// Whole lines to be sent, and the place behind them.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) bytes: Vec<u8>,
    next: Position,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Appended {
    Yes,
    /// The spool holds as much as it may.
    Full,
}

impl Spool {
    /// A new spool below `root`, and its reading side.
    pub(crate) fn create(root: &Path, name: &str, limit: u64) -> io::Result<(Self, Backlog)> {
        let folder = root.join(name);
        DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        let lock = private().create(true).truncate(false).write(true).open(folder.join("lock"))?;
        lock.try_lock()?;
        let segment = private().create_new(true).append(true).open(path(&folder, 1))?;
        let held = Arc::new(AtomicU64::new(0));
        let backlog = Backlog {
            folder: folder.clone(),
            held: Arc::clone(&held),
            at: Position { segment: 1, offset: 0 },
            _lock: None,
        };
        Ok((
            Self { folder, limit, held, segment, number: 1, in_segment: 0, torn: false, _lock: lock },
            backlog,
        ))
    }

    /// Appends a record with its line end.
    pub(crate) fn append(&mut self, line: &[u8]) -> io::Result<Appended> {
        let size = line.len() as u64;
        if self.held.load(Ordering::Relaxed) + size > self.limit {
            return Ok(Appended::Full);
        }
        let full = self.in_segment > 0 && self.in_segment + size > SEGMENT.min(self.limit / 4);
        if full || self.torn {
            self.next_segment()?;
        }
        if let Err(error) = self.segment.write_all(line) {
            // A part of the line may be there. The next record begins a segment of its own; readers drop the part.
            let there = self.segment.metadata().map_or(self.in_segment, |found| found.len());
            self.held.fetch_add(there.saturating_sub(self.in_segment), Ordering::Relaxed);
            self.torn = true;
            return Err(error);
        }
        self.in_segment += size;
        self.held.fetch_add(size, Ordering::Relaxed);
        Ok(Appended::Yes)
    }

    /// The folder, for messages.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn next_segment(&mut self) -> io::Result<()> {
        self.segment = private().create_new(true).append(true).open(path(&self.folder, self.number + 1))?;
        self.number += 1;
        self.in_segment = 0;
        self.torn = false;
        Ok(())
    }
}

impl Backlog {
    /// Spools below `root` that no process holds.
    pub(crate) fn left(root: &Path) -> Vec<Self> {
        let entries = std::fs::read_dir(root).into_iter().flatten().flatten();
        let mut found: Vec<Self> = entries.filter_map(|entry| Self::take_over(&entry.path())).collect();
        found.sort_by(|a, b| a.folder.cmp(&b.folder));
        found
    }

    pub(crate) fn take_over(folder: &Path) -> Option<Self> {
        let lock = OpenOptions::new().write(true).open(folder.join("lock")).ok()?;
        lock.try_lock().ok()?;
        // Its holder may have ended and removed it between the two steps.
        folder.join("lock").exists().then_some(())?;
        let at = std::fs::read_to_string(folder.join("sent")).ok();
        let at = at.and_then(|text| Position::parse(&text)).unwrap_or_default();
        Some(Self { folder: folder.to_owned(), held: Arc::default(), at, _lock: Some(lock) })
    }

    /// The folder, for messages.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whole lines behind the acknowledged ones, about `max` bytes; none if there are none.
    pub(crate) fn batch(&mut self, max: u64) -> io::Result<Option<Batch>> {
        loop {
            let segments = self.segments()?;
            let Some(&first) = segments.iter().find(|number| **number >= self.at.segment) else {
                return Ok(None);
            };
            if first > self.at.segment {
                self.at = Position { segment: first, offset: 0 };
            }
            let is_last = segments.iter().all(|number| *number <= first);
            let bytes = self.lines(max)?;
            if !bytes.is_empty() {
                let next = Position { segment: first, offset: self.at.offset + bytes.len() as u64 };
                return Ok(Some(Batch { bytes, next }));
            }
            if is_last {
                return Ok(None);
            }
            self.remove(first)?;
            self.at = Position { segment: first + 1, offset: 0 };
        }
    }

    /// Notes that the server has the lines of a batch.
    pub(crate) fn done(&mut self, batch: &Batch) -> io::Result<()> {
        self.at = batch.next;
        let place = self.folder.join("sent.new");
        let text = format!("{} {}\n", self.at.segment, self.at.offset);
        private().create(true).truncate(true).write(true).open(&place)?.write_all(text.as_bytes())?;
        std::fs::rename(place, self.folder.join("sent"))
    }

    /// Sets a record aside that the server refuses.
    pub(crate) fn refuse(&self, line: &[u8]) -> io::Result<()> {
        private().create(true).append(true).open(self.folder.join("refused.ndjson"))?.write_all(line)
    }

    /// Removes the folder if nothing in it is left to send or to look at.
    pub(crate) fn remove_if_done(mut self) -> io::Result<bool> {
        if self.batch(1)?.is_some() || self.folder.join("refused.ndjson").exists() {
            return Ok(false);
        }
        std::fs::remove_dir_all(&self.folder)?;
        Ok(true)
    }

    fn segments(&self) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".ndjson"));
            numbers.extend(number.and_then(|number| number.parse::<u64>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// At least one line if there is a whole one, however long.
    fn lines(&self, max: u64) -> io::Result<Vec<u8>> {
        let mut file = File::open(path(&self.folder, self.at.segment))?;
        file.seek(SeekFrom::Start(self.at.offset))?;
        let mut bytes = Vec::new();
        let mut max = max.max(1);
        loop {
            let read = (&mut file).take(max).read_to_end(&mut bytes)?;
            if let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') {
                bytes.truncate(end + 1);
                return Ok(bytes);
            }
            if read == 0 {
                return Ok(Vec::new());
            }
            max = max.saturating_mul(2);
        }
    }

    fn remove(&mut self, number: u64) -> io::Result<()> {
        let path = path(&self.folder, number);
        let size = std::fs::metadata(&path)?.len();
        std::fs::remove_file(path)?;
        let _ = self
            .held
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| Some(held.saturating_sub(size)));
        Ok(())
    }
}

impl Position {
    fn parse(text: &str) -> Option<Self> {
        let (segment, offset) = text.trim().split_once(' ')?;
        Some(Self { segment: segment.parse().ok()?, offset: offset.parse().ok()? })
    }
}

/// Records hold prompts and data of tools: for their owner only.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:08}.ndjson"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(backlog: &mut Backlog) -> Vec<u8> {
        let mut out = Vec::new();
        while let Some(batch) = backlog.batch(100).unwrap() {
            out.extend_from_slice(&batch.bytes);
            backlog.done(&batch).unwrap();
        }
        out
    }

    #[test]
    fn lines_come_out_as_they_went_in() {
        let root = tempfile::tempdir().unwrap();
        let (mut spool, mut backlog) = Spool::create(root.path(), "a", 4000).unwrap();
        let (mut given, mut found) = (Vec::new(), Vec::new());
        for at in 0..200 {
            let line = format!("{{\"n\":{at},\"x\":\"{}\"}}\n", "y".repeat(at % 150));
            assert_eq!(spool.append(line.as_bytes()).unwrap(), Appended::Yes);
            given.extend_from_slice(line.as_bytes());
            if at % 7 == 0 {
                found.extend(all(&mut backlog));
            }
        }
        found.extend(all(&mut backlog));
        assert_eq!(found, given);
        assert!(
            std::fs::read_dir(root.path().join("a")).unwrap().count() <= 4,
            "segments that are sent are removed"
        );
    }

    #[test]
    fn a_spool_takes_no_more_than_its_limit_and_more_when_there_is_room() {
        let root = tempfile::tempdir().unwrap();
        let (mut spool, mut backlog) = Spool::create(root.path(), "a", 1000).unwrap();
        let line = [b"x".repeat(99), b"\n".to_vec()].concat();
        for _ in 0..10 {
            assert_eq!(spool.append(&line).unwrap(), Appended::Yes);
        }
        assert_eq!(spool.append(&line).unwrap(), Appended::Full);
        assert_eq!(all(&mut backlog).len(), 1000);
        assert_eq!(spool.append(&line).unwrap(), Appended::Yes);
    }

    #[test]
    fn a_long_record_after_a_write_that_failed_begins_a_segment() {
        let root = tempfile::tempdir().unwrap();
        let (mut spool, mut backlog) = Spool::create(root.path(), "a", 1 << 30).unwrap();
        spool.append(b"{\"n\":1}\n").unwrap();
        // Stands for a disk without room: what is open for reading only cannot be written.
        let writable = std::mem::replace(&mut spool.segment, File::open(path(&spool.folder, 1)).unwrap());
        assert!(spool.append(b"{\"n\":2}\n").is_err());
        spool.segment = writable;
        let long = [b"x".repeat(2 * SEGMENT as usize), b"\n".to_vec()].concat();
        assert_eq!(spool.append(&long).unwrap(), Appended::Yes);
        assert_eq!(spool.number, 2);
        assert_eq!(all(&mut backlog), [b"{\"n\":1}\n".as_slice(), &long].concat());
    }

    #[test]
    fn what_a_killed_process_left_is_taken_over_once_and_from_where_it_was() {
        let root = tempfile::tempdir().unwrap();
        let (mut spool, mut backlog) = Spool::create(root.path(), "a", 1 << 20).unwrap();
        spool.append(b"{\"n\":1}\n").unwrap();
        let batch = backlog.batch(100).unwrap().unwrap();
        backlog.done(&batch).unwrap();
        spool.append(b"{\"n\":2}\n").unwrap();
        spool.append(b"{\"torn").unwrap();
        assert!(Backlog::left(root.path()).is_empty(), "a spool in use is left alone");
        drop(spool);
        let mut left = Backlog::left(root.path());
        assert!(Backlog::left(root.path()).is_empty(), "two taps never send the same spool");
        assert_eq!(all(&mut left[0]), b"{\"n\":2}\n");
        assert!(left.remove(0).remove_if_done().unwrap());
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
    }
}
