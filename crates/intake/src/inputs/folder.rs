//! A folder into which producers put files, as exports to object stores do: each file is taken once.
//!
//! A file is taken when it has not changed between two looks, or when its last change is a minute ago. A file that
//! changes after it was taken counts as a new one. Names that begin with a dot or end with `.tmp` or `.part` are files
//! that are still being written.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use atalanta_engine::input::{Format, Limits, NoProgress, Problems, RawRecord, discover, for_each_record};

use super::places::Place;
use super::{BATCH, BATCH_BYTES, Reader};
use crate::pipeline::Target;

/// Age of a change at which a file is taken at first sight, in microseconds.
const OLD: i64 = 60_000_000;

/// Folders in folders that are looked into.
const DEPTH: usize = 16;

/// Size and time of change, by which a file is told from an earlier one of its name.
type Version = (u64, i64);

/// Takes files until it is time to end.
pub(super) fn run(reader: &Reader, interval: Duration) {
    let folder = &reader.input.path;
    let mut taken: HashMap<String, Place> =
        reader.places.all(folder).map(|place| (place.path.clone(), place.clone())).collect();
    let mut seen: HashMap<String, Version> = HashMap::new();
    let mut said = false;
    loop {
        let mut files = Vec::new();
        match list(folder, DEPTH, &mut files) {
            Ok(()) => said = false,
            Err(error) if !said => {
                tracing::warn!(path = %folder.display(), %error, "the folder cannot be read now");
                said = true;
            }
            Err(_) => {}
        }
        files.sort();
        let now = microseconds(SystemTime::now());
        let mut last = std::mem::take(&mut seen);
        for (path, version) in files {
            let name = path.display().to_string();
            let before = last.remove(&name);
            seen.insert(name.clone(), version);
            let known = taken.get(&name).filter(|place| (place.size, place.modified) == version);
            if known.is_some_and(|place| place.done) {
                continue;
            }
            // A clock that went back makes a file look new for a look, not for ever.
            if before != Some(version) && now.saturating_sub(version.1) < OLD {
                continue;
            }
            let place = known.cloned().unwrap_or_else(|| Place {
                path: name.clone(),
                size: version.0,
                modified: version.1,
                ..Place::default()
            });
            match take(reader, &path, place) {
                Some(place) => taken.insert(name, place),
                None => return,
            };
        }
        if reader.stop.wait(interval) {
            return;
        }
    }
}

fn microseconds(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// The files of a folder and of those in it.
fn list(folder: &Path, depth: usize, out: &mut Vec<(PathBuf, Version)>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if name.starts_with('.') || ["tmp", "part"].contains(&extension) {
            continue;
        }
        // A file may be gone again.
        let Ok(found) = std::fs::metadata(&path) else { continue };
        if found.is_dir() && depth > 0 {
            list(&path, depth - 1, out)?;
        } else if found.is_file() {
            let modified = found.modified().map_or(0, microseconds);
            out.push((path, (found.len(), modified)));
        }
    }
    Ok(())
}

/// Stores the records of a file behind `place`; none if it is time to end.
fn take(reader: &Reader, path: &Path, mut place: Place) -> Option<Place> {
    let (files, mut problems) = discover(&[place.path.clone()]);
    let mut target = Target::parse(&place.source).unwrap_or_else(|_| reader.input.target.clone());
    let mut batch: Vec<RawRecord> = Vec::new();
    let mut ended = false;
    if let Some(file) = files.iter().find(|file| file.path == path) {
        if file.format == Format::Parquet {
            tracing::warn!(path = place.path, "Parquet is not taken in");
        } else {
            ended = !records(reader, file, &mut place, &mut target, &mut batch, &mut problems);
        }
    }
    if ended {
        return None;
    }
    for problem in problems.list.iter().take(5) {
        tracing::warn!(path = place.path, problem = %problem, "a file was not read as a whole");
    }
    place.position += batch.len() as u64;
    place.done = true;
    let records = place.position;
    if !reader.store(&batch, &mut target, &mut place) {
        return None;
    }
    tracing::info!(path = place.path, records, "file taken");
    Some(place)
}

/// Stores all full batches of a file, the last records stay in `batch`; false if it is time to end.
fn records(
    reader: &Reader,
    file: &atalanta_engine::input::InputFile,
    place: &mut Place,
    target: &mut Target,
    batch: &mut Vec<RawRecord>,
    problems: &mut Problems,
) -> bool {
    let mut skip = place.position;
    let mut bytes = 0;
    let mut goes_on = true;
    let mut sink = |record: RawRecord| {
        // Stored before the process ended in the middle of the file.
        if skip > 0 {
            skip -= 1;
            return ControlFlow::Continue(());
        }
        bytes += record.bytes.len();
        batch.push(record);
        if batch.len() < BATCH && bytes < BATCH_BYTES {
            return ControlFlow::Continue(());
        }
        bytes = 0;
        place.position += batch.len() as u64;
        goes_on = reader.store(&std::mem::take(batch), target, place) && !reader.stop.is_set();
        if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    for_each_record(file, &Limits::default(), &NoProgress, problems, &mut sink);
    goes_on
}
