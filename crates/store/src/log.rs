//! The write-ahead log: an acknowledged record is on disk.
//!
//! Records are numbered from 1 without gaps and kept in segment files `<generation>-<first number>.log`. A group of
//! records is written and synced at once. When writing fails the file is cut back to its last synced byte; where even
//! that fails the log goes on in a new segment that begins with the same number: a record of an older segment whose
//! number a newer segment's header claims was never acknowledged and does not count.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::error::StoreError;
use crate::segment::{HEADER, Segment, header, push_record};

/// Something found while reading the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogProblem {
    /// What was found, where, and what was done.
    pub message: String,
    /// Whether records that may have been acknowledged are lost.
    pub loss: bool,
}

/// A log that is open for writing.
pub(crate) struct Log {
    folder: PathBuf,
    segment_bytes: u64,
    generation: u64,
    file: File,
    path: PathBuf,
    /// Bytes that are written and synced.
    length: u64,
    /// Number of the next record.
    next: u64,
    buffer: Vec<u8>,
    /// The file may hold bytes behind `length`.
    dirty: bool,
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Log").field("path", &self.path).field("next", &self.next).finish_non_exhaustive()
    }
}

/// The segment files in the order in which they were begun.
pub(crate) fn segments(folder: &Path) -> Result<Vec<(u64, PathBuf)>, StoreError> {
    let fail = |error| StoreError::io(folder, "list the log", error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(fail)? {
        let path = entry.map_err(fail)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let generation = name.strip_suffix(".log").and_then(|stem| stem.split_once('-'));
        if let Some(generation) = generation.and_then(|(generation, _)| generation.parse().ok()) {
            found.push((generation, path));
        }
    }
    found.sort();
    Ok(found)
}

/// What is in a folder's log.
pub(crate) struct Contents {
    /// Good records with numbers above the asked one, ascending.
    pub records: Vec<(u64, Vec<u8>)>,
    /// Number of the oldest record that the log could hold, whether it is damaged or not.
    pub oldest: Option<u64>,
    /// What is wrong.
    pub problems: Vec<LogProblem>,
    /// Segments with damage that is not a torn end.
    pub damaged: Vec<PathBuf>,
    /// The last segment's torn end: (file, length of the good part).
    pub torn: Option<(PathBuf, u64)>,
    newest: u64,
    generation: u64,
}

/// Reads a log without changing it. A writer may be at work: its unfinished record looks like a torn end.
pub(crate) fn read(folder: &Path, above: u64) -> Result<Contents, StoreError> {
    let mut contents = Contents {
        records: Vec::new(),
        oldest: None,
        problems: Vec::new(),
        damaged: Vec::new(),
        torn: None,
        newest: above,
        generation: 0,
    };
    let files = segments(folder)?;
    let mut opened = Vec::with_capacity(files.len());
    for (generation, path) in &files {
        contents.generation = *generation;
        match Segment::read(path) {
            Ok(segment) => opened.push((path, segment)),
            // The writer removes segments whose rows are in tables.
            Err(_) if !path.exists() => {}
            Err(error) => return Err(error),
        }
    }
    let mut claimed = u64::MAX;
    for (place, (path, segment)) in opened.iter().enumerate().rev() {
        contents.take(path, segment, claimed, place + 1 == opened.len(), above);
        claimed = segment.first.map_or(claimed, |first| first.min(claimed));
    }
    contents.oldest = opened.iter().find_map(|(_, segment)| segment.first);
    contents.records.sort_by_key(|(number, _)| *number);
    contents.find_gaps(above);
    Ok(contents)
}

impl Contents {
    fn take(&mut self, path: &Path, segment: &Segment, claimed: u64, last: bool, above: u64) {
        let name = path.display();
        let mut damage = segment.damaged.iter().map(|range| (range.start, range.len())).collect::<Vec<_>>();
        if segment.first.is_none() && !(last && segment.records.is_empty()) {
            damage.push((0, HEADER));
        }
        if segment.tail() > 0 {
            if last {
                self.torn = Some((path.to_path_buf(), segment.end as u64));
            } else if segment.records.last().is_none_or(|(number, _)| number + 1 < claimed) {
                damage.push((segment.end, segment.tail()));
            }
        }
        for (at, length) in &damage {
            let message = format!("{name}: {length} damaged bytes at {at}; the records around them are kept");
            self.problems.push(LogProblem { message, loss: false });
        }
        if !damage.is_empty() {
            self.damaged.push(path.to_path_buf());
        }
        for (number, range) in &segment.records {
            if *number < claimed {
                self.newest = self.newest.max(*number);
                if *number > above {
                    self.records.push((*number, segment.payload(range).to_vec()));
                }
            }
        }
        self.newest = self.newest.max(segment.first.unwrap_or(0).saturating_sub(1));
    }

    fn find_gaps(&mut self, above: u64) {
        let mut expected = above + 1;
        let mut gaps = Vec::new();
        for (number, _) in &self.records {
            if *number > expected {
                gaps.push((expected, number - 1));
            }
            expected = number + 1;
        }
        if self.newest >= expected {
            gaps.push((expected, self.newest));
        }
        for (from, to) in gaps {
            let message = format!("log records {from} to {to} cannot be read");
            self.problems.push(LogProblem { message, loss: true });
        }
    }
}

impl Log {
    /// Opens a folder's log for writing behind `contents`: cuts a torn end, keeps a copy of damaged segments in
    /// `quarantine/`, and begins a new segment.
    pub fn open(folder: &Path, segment_bytes: u64, contents: &mut Contents) -> Result<Self, StoreError> {
        if let Some((path, length)) = &contents.torn {
            cut(path, *length)?;
            contents.problems.push(LogProblem {
                message: format!("{}: unfinished record at {length} cut off", path.display()),
                loss: false,
            });
        }
        for path in &contents.damaged {
            keep_copy(folder, path)?;
        }
        let next = contents.newest + 1;
        let generation = contents.generation + 1;
        let (path, file) = begin(folder, generation, next)?;
        Ok(Self {
            folder: folder.to_path_buf(),
            segment_bytes,
            generation,
            file,
            path,
            length: HEADER as u64,
            next,
            buffer: Vec::new(),
            dirty: false,
        })
    }

    /// Writes and syncs records; the number of the last one. On an error none of them counts.
    pub fn append<'a>(&mut self, payloads: impl Iterator<Item = &'a [u8]>) -> Result<u64, StoreError> {
        self.ready()?;
        self.buffer.clear();
        let mut number = self.next;
        for payload in payloads {
            push_record(&mut self.buffer, number, payload);
            number += 1;
        }
        self.dirty = true;
        let written = self.file.write_all(&self.buffer).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            let error = StoreError::io(&self.path, "write the log", error);
            // Tried again with the next group; until then the segment counts as dirty.
            let _ = self.clean();
            return Err(error);
        }
        self.dirty = false;
        self.length += self.buffer.len() as u64;
        self.next = number;
        if self.buffer.capacity() > 16 << 20 {
            self.buffer = Vec::new();
        }
        Ok(number - 1)
    }

    /// A clean segment with room.
    fn ready(&mut self) -> Result<(), StoreError> {
        if self.dirty && self.clean().is_err() {
            return self.roll();
        }
        if self.length >= self.segment_bytes { self.roll() } else { Ok(()) }
    }

    /// Takes back what a failed write may have left.
    fn clean(&mut self) -> Result<(), StoreError> {
        cut(&self.path, self.length)?;
        self.dirty = false;
        Ok(())
    }

    /// Begins the next segment.
    fn roll(&mut self) -> Result<(), StoreError> {
        let (path, file) = begin(&self.folder, self.generation + 1, self.next)?;
        self.generation += 1;
        self.path = path;
        self.file = file;
        self.length = HEADER as u64;
        self.dirty = false;
        Ok(())
    }

    /// Removes the segments all of whose records have numbers up to `through`.
    pub fn forget(&mut self, through: u64) -> Result<(), StoreError> {
        if self.next == through + 1 && self.length > HEADER as u64 {
            self.roll()?;
        }
        let files = segments(&self.folder)?;
        for pair in files.windows(2) {
            let (_, next) = &pair[1];
            let first = next.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.split_once('-'));
            let Some(first) = first.and_then(|(_, first)| first.parse::<u64>().ok()) else { continue };
            if first <= through + 1 && pair[0].1 != self.path {
                std::fs::remove_file(&pair[0].1)
                    .map_err(|error| StoreError::io(&pair[0].1, "remove a log segment", error))?;
            }
        }
        Ok(())
    }
}

fn begin(folder: &Path, generation: u64, first: u64) -> Result<(PathBuf, File), StoreError> {
    let path = folder.join(format!("{generation:010}-{first:020}.log"));
    let fail = |error| StoreError::io(&path, "begin a log segment", error);
    let mut file = File::options().create_new(true).append(true).open(&path).map_err(fail)?;
    let begun = file.write_all(&header(first)).and_then(|()| file.sync_all());
    if let Err(error) = begun {
        let _ = std::fs::remove_file(&path);
        return Err(fail(error));
    }
    sync_folder(folder)?;
    Ok((path, file))
}

/// Makes new and removed names of a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| StoreError::io(folder, "sync the folder", error))
}

fn cut(path: &Path, length: u64) -> Result<(), StoreError> {
    let fail = |error| StoreError::io(path, "cut the log", error);
    let file = File::options().write(true).open(path).map_err(fail)?;
    file.set_len(length).map_err(fail)?;
    file.sync_all().map_err(fail)
}

fn keep_copy(folder: &Path, path: &Path) -> Result<(), StoreError> {
    let kept = folder.join("quarantine");
    std::fs::create_dir_all(&kept).map_err(|error| StoreError::io(&kept, "create the folder", error))?;
    let Some(name) = path.file_name() else { return Ok(()) };
    let copy = kept.join(name);
    if !copy.exists() {
        std::fs::copy(path, &copy).map_err(|error| StoreError::io(&copy, "keep a damaged segment", error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(folder: &Path, above: u64) -> (Log, Contents) {
        let mut contents = read(folder, above).unwrap();
        let log = Log::open(folder, 200, &mut contents).unwrap();
        (log, contents)
    }

    fn append(log: &mut Log, texts: &[&str]) -> u64 {
        log.append(texts.iter().map(|text| text.as_bytes())).unwrap()
    }

    fn texts(contents: &Contents) -> Vec<(u64, String)> {
        let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).unwrap();
        contents.records.iter().map(|(number, bytes)| (*number, text(bytes))).collect()
    }

    fn only_segment_with(folder: &Path, needle: &str) -> PathBuf {
        let files = segments(folder).unwrap();
        let holds = |path: &Path| {
            let bytes = std::fs::read(path).unwrap();
            bytes.windows(needle.len()).any(|window| window == needle.as_bytes())
        };
        files.into_iter().map(|(_, path)| path).find(|path| holds(path)).unwrap()
    }

    #[test]
    fn records_come_back_over_segments_and_restarts() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = open(folder.path(), 0);
        for round in 0..10 {
            assert_eq!(append(&mut log, &["some text", "more text"]), round * 2 + 2);
        }
        assert!(segments(folder.path()).unwrap().len() > 2);
        drop(log);
        let (mut log, contents) = open(folder.path(), 4);
        assert_eq!(contents.records.len(), 16);
        assert_eq!(contents.records[0].0, 5);
        assert!(contents.problems.is_empty());
        assert_eq!(append(&mut log, &["x"]), 21);
    }

    #[test]
    fn a_torn_record_is_cut_and_the_log_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = open(folder.path(), 0);
        append(&mut log, &["kept", "torn"]);
        drop(log);
        let path = only_segment_with(folder.path(), "torn");
        let length = std::fs::metadata(&path).unwrap().len();
        cut(&path, length - 2).unwrap();
        let (mut log, contents) = open(folder.path(), 0);
        assert_eq!(texts(&contents), [(1, "kept".to_owned())]);
        assert!(contents.problems.iter().all(|problem| !problem.loss));
        assert_eq!(append(&mut log, &["next"]), 2);
        drop(log);
        let (_, contents) = open(folder.path(), 0);
        assert_eq!(texts(&contents), [(1, "kept".to_owned()), (2, "next".to_owned())]);
    }

    #[test]
    fn a_full_disk_loses_nothing_and_the_log_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = open(folder.path(), 0);
        append(&mut log, &["kept"]);
        // Every write to this device fails as on a full disk.
        let full = File::options().write(true).open("/dev/full").unwrap();
        let file = std::mem::replace(&mut log.file, full);
        for _ in 0..2 {
            let error = log.append(std::iter::once(b"refused".as_slice())).unwrap_err().to_string();
            assert!(error.contains("write the log") && error.contains("No space left"), "{error}");
        }
        log.file = file;
        assert_eq!(append(&mut log, &["next"]), 2);
        drop(log);
        let (_, contents) = open(folder.path(), 0);
        assert_eq!(texts(&contents), [(1, "kept".to_owned()), (2, "next".to_owned())]);
        assert!(contents.problems.is_empty());
    }

    #[test]
    fn a_damaged_segment_is_kept_aside_and_the_rest_survives() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = open(folder.path(), 0);
        append(&mut log, &["first", "second", "third"]);
        append(&mut log, &["fourth"]);
        drop(log);
        let path = only_segment_with(folder.path(), "second");
        let mut bytes = std::fs::read(&path).unwrap();
        let at = bytes.windows(6).position(|window| window == b"second").unwrap();
        bytes[at] = b'X';
        std::fs::write(&path, bytes).unwrap();
        let (_, contents) = open(folder.path(), 0);
        let numbers: Vec<u64> = contents.records.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [1, 3, 4]);
        let loss: Vec<&str> =
            contents.problems.iter().filter(|p| p.loss).map(|p| p.message.as_str()).collect();
        assert_eq!(loss, ["log records 2 to 2 cannot be read"]);
        assert!(folder.path().join("quarantine").join(path.file_name().unwrap()).exists());
    }

    #[test]
    fn what_is_in_tables_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = open(folder.path(), 0);
        for _ in 0..8 {
            append(&mut log, &["a text that fills the segment", "another one of the same kind"]);
        }
        log.forget(15).unwrap();
        let contents = read(folder.path(), 15).unwrap();
        assert_eq!(contents.records.len(), 1);
        log.forget(16).unwrap();
        assert_eq!(segments(folder.path()).unwrap().len(), 1);
        assert_eq!(append(&mut log, &["x"]), 17);
        drop(log);
        let contents = read(folder.path(), 16).unwrap();
        assert_eq!(texts(&contents), [(17, "x".to_owned())]);
        assert!(contents.problems.is_empty());
    }

    #[test]
    fn a_newer_segment_voids_what_was_never_acknowledged() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, _) = open(folder.path(), 0);
        append(&mut log, &["kept", "void"]);
        log.next = 2;
        log.roll().unwrap();
        append(&mut log, &["instead"]);
        drop(log);
        let contents = read(folder.path(), 0).unwrap();
        assert_eq!(texts(&contents), [(1, "kept".to_owned()), (2, "instead".to_owned())]);
        assert!(contents.problems.is_empty());
    }
}
