//! What is remembered of files that never change: their footers, and the pages in which a filter found no row.
//!
//! A hunt that is repeated asks the same question of the same files. A page in which no row passed the filter is not
//! read again for that filter: not for an equal one in another query, and not when its time range has moved, since
//! conditions on times alone are left out of what is remembered.
//!
//! # Soundness
//! A page is noted only if no row of it passes the remembered conditions: the scan says so after it has evaluated
//! them on every row of the page, or because the page's maps exclude it. A filter is known by its structure, not by
//! how it is shown, and only if equal structure means equal answers: it is made of comparisons and of functions of ours
//! that depend on nothing but their arguments. A file is known by its place, length and time of change. What is
//! forgotten is read again.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use arrow::datatypes::SchemaRef;
use atalanta_objects::Place;
use datafusion::physical_expr::PhysicalExpr;

use super::source::ParquetFile;
use crate::error::EngineError;

/// Bytes of footers that are kept.
const FOOTER_BYTES: usize = 64 << 20;
/// Bytes of pages without a match that are kept.
const MISS_BYTES: usize = 16 << 20;
/// Files that are known by number.
const MOST_FILES: usize = 100_000;
/// What an entry takes beside its bits: keys, pointers and the room that a hash table keeps free.
const ENTRY_BYTES: usize = 64;
/// What a remembered filter takes beside its literals and entries.
const FILTER_BYTES: usize = 4096;

/// Footers and misses of immutable files, shared by all sessions of a process.
#[derive(Debug)]
pub struct FileMemory {
    kept: Mutex<Kept>,
    footer_limit: usize,
    miss_limit: usize,
    read: AtomicU64,
    by_maps: AtomicU64,
    by_memory: AtomicU64,
    damaged: AtomicU64,
}

/// How many pages queries have read and skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageCounts {
    /// Pages that were read.
    pub read: u64,
    /// Pages that text maps excluded.
    pub by_maps: u64,
    /// Pages in which an earlier query had found nothing.
    pub by_memory: u64,
    /// Maps that were damaged; their pages were read.
    pub damaged: u64,
}

impl PageCounts {
    /// Adds another count.
    pub fn add(&mut self, other: Self) {
        self.read += other.read;
        self.by_maps += other.by_maps;
        self.by_memory += other.by_memory;
        self.damaged += other.damaged;
    }
}

/// Conditions that all rows of a remembered filter must meet, in any order.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    /// Each over columns of its own, sorted by their hashes.
    conditions: Vec<(Arc<dyn PhysicalExpr>, SchemaRef)>,
    /// Bytes that they take, estimated.
    bytes: usize,
}

impl Filter {
    /// Of conditions with the columns they are over; `size` is the length of their text.
    pub fn new(mut conditions: Vec<(Arc<dyn PhysicalExpr>, SchemaRef)>, size: usize) -> Self {
        conditions.sort_by_cached_key(|condition| {
            let mut hasher = std::hash::DefaultHasher::new();
            condition.hash(&mut hasher);
            hasher.finish()
        });
        // Literals stand in the expression and, made ready for the search, in its kernel.
        Self { conditions, bytes: FILTER_BYTES + 4 * size }
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        let same = |((one, columns), (two, others)): (&(Arc<dyn PhysicalExpr>, SchemaRef), &(_, _))| {
            one.as_ref() == Arc::as_ref(two) && columns == others
        };
        self.conditions.len() == other.conditions.len()
            && self.conditions.iter().zip(&other.conditions).all(same)
    }
}

impl Eq for Filter {}

impl Hash for Filter {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.conditions.hash(state);
    }
}

#[derive(Debug, Default)]
struct Kept {
    files: HashMap<Place, Known>,
    footer_bytes: usize,
    filters: HashMap<Filter, u64>,
    misses: HashMap<u64, Misses>,
    miss_bytes: usize,
    next: u64,
    /// Counts uses, to tell what was not used for long.
    clock: u64,
}

#[derive(Debug)]
struct Known {
    length: u64,
    changed: Option<SystemTime>,
    id: u64,
    file: Option<Arc<ParquetFile>>,
    bytes: usize,
    used: u64,
}

/// Pages without a match for one filter, by file.
#[derive(Debug, Default)]
struct Misses {
    files: HashMap<u64, Box<[u64]>>,
    bytes: usize,
    used: u64,
}

impl Default for FileMemory {
    fn default() -> Self {
        Self::with_limits(FOOTER_BYTES, MISS_BYTES)
    }
}

impl FileMemory {
    /// A memory of at most so many bytes of footers, and of pages without a match.
    pub fn with_limits(footer_limit: usize, miss_limit: usize) -> Self {
        Self {
            kept: Mutex::default(),
            footer_limit,
            miss_limit,
            read: AtomicU64::new(0),
            by_maps: AtomicU64::new(0),
            by_memory: AtomicU64::new(0),
            damaged: AtomicU64::new(0),
        }
    }

    /// Pages that were read and skipped so far.
    pub fn counts(&self) -> PageCounts {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        PageCounts {
            read: load(&self.read),
            by_maps: load(&self.by_maps),
            by_memory: load(&self.by_memory),
            damaged: load(&self.damaged),
        }
    }

    pub(crate) fn count(&self, more: PageCounts) {
        for (count, more) in [
            (&self.read, more.read),
            (&self.by_maps, more.by_maps),
            (&self.by_memory, more.by_memory),
            (&self.damaged, more.damaged),
        ] {
            count.fetch_add(more, Ordering::Relaxed);
        }
    }

    /// Bytes of footers and of pages without a match.
    pub fn held(&self) -> (usize, usize) {
        let kept = self.lock();
        (kept.footer_bytes, kept.miss_bytes)
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // Every change under the lock is whole before anything can panic.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file with its footer, read if it is new or has changed.
    pub(crate) fn open(&self, place: &Place) -> Result<Arc<ParquetFile>, EngineError> {
        let (length, changed) = identity(place)?;
        let mut id = None;
        {
            let mut kept = self.lock();
            kept.clock += 1;
            let now = kept.clock;
            if let Some(known) = kept.files.get_mut(place)
                && (known.length, known.changed) == (length, changed)
            {
                known.used = now;
                id = Some(known.id);
                if let Some(file) = &known.file {
                    return Ok(Arc::clone(file));
                }
            }
        }
        let mut file = ParquetFile::open(place)?;
        let mut kept = self.lock();
        kept.next += 1;
        let id = id.unwrap_or(kept.next);
        file.id = Some(id);
        let file = Arc::new(file);
        let bytes = file.metadata.memory_size() + file.path.as_os_str().len() + ENTRY_BYTES;
        let known = Known { length, changed, id, file: Some(Arc::clone(&file)), bytes, used: kept.clock };
        kept.footer_bytes += bytes;
        if let Some(old) = kept.files.insert(place.clone(), known)
            && old.file.is_some()
        {
            kept.footer_bytes -= old.bytes;
        }
        kept.forget_footers(self.footer_limit);
        Ok(file)
    }

    /// The number of a filter.
    pub(crate) fn filter(&self, filter: Filter) -> u64 {
        let mut kept = self.lock();
        kept.clock += 1;
        let now = kept.clock;
        let id = if let Some(id) = kept.filters.get(&filter) {
            *id
        } else {
            kept.next += 1;
            let id = kept.next;
            kept.misses.insert(id, Misses { bytes: filter.bytes, used: now, ..Misses::default() });
            kept.miss_bytes += filter.bytes;
            kept.filters.insert(filter, id);
            id
        };
        if let Some(misses) = kept.misses.get_mut(&id) {
            misses.used = now;
        }
        kept.forget_misses(self.miss_limit);
        id
    }

    /// The pages of a file in which the filter has found nothing, one bit for each page of the file.
    pub(crate) fn misses(&self, filter: u64, file: u64) -> Option<Box<[u64]>> {
        self.lock().misses.get(&filter)?.files.get(&file).cloned()
    }

    /// Notes pages (numbers within the file) in which the filter has found nothing.
    pub(crate) fn note(&self, filter: u64, file: &ParquetFile, pages: impl Iterator<Item = usize>) {
        let Some(id) = file.id else { return };
        let words = file.first_pages.last().copied().unwrap_or(0).div_ceil(64);
        let mut pages = pages.peekable();
        if pages.peek().is_none() {
            return;
        }
        let mut kept = self.lock();
        // A filter that was forgotten meanwhile stays forgotten.
        let Some(misses) = kept.misses.get_mut(&filter) else { return };
        let mut more = 0;
        let bits = misses.files.entry(id).or_insert_with(|| {
            more = words * 8 + ENTRY_BYTES;
            vec![0; words].into()
        });
        for page in pages {
            if let Some(word) = bits.get_mut(page / 64) {
                *word |= 1 << (page % 64);
            }
        }
        misses.bytes += more;
        kept.miss_bytes += more;
        kept.forget_misses(self.miss_limit);
    }
}

/// By which a change would show: length and time of change. Objects never change.
fn identity(place: &Place) -> Result<(u64, Option<SystemTime>), EngineError> {
    match place {
        Place::Disk(path) => {
            let about = std::fs::metadata(path).map_err(|error| {
                EngineError::Environment(format!("{}: cannot be read: {error}", path.display()))
            })?;
            Ok((about.len(), about.modified().ok()))
        }
        Place::Object { bytes, .. } => Ok((*bytes, None)),
    }
}

impl Kept {
    /// Lets footers go that were not used for long, down to three quarters of the limit, and so with files.
    fn forget_footers(&mut self, limit: usize) {
        if self.footer_bytes > limit {
            for path in self.longest_unused() {
                if self.footer_bytes <= limit / 4 * 3 {
                    break;
                }
                self.drop_footer(&path);
            }
        }
        let surplus = self.files.len().saturating_sub(MOST_FILES / 4 * 3);
        if self.files.len() > MOST_FILES {
            for path in self.longest_unused().into_iter().take(surplus) {
                self.drop_footer(&path);
                self.files.remove(&path);
            }
        }
    }

    fn longest_unused(&self) -> Vec<Place> {
        let mut by_use: Vec<(u64, &Place)> =
            self.files.iter().map(|(place, known)| (known.used, place)).collect();
        by_use.sort_unstable_by_key(|(used, _)| *used);
        by_use.into_iter().map(|(_, path)| path.clone()).collect()
    }

    fn drop_footer(&mut self, place: &Place) {
        if let Some(known) = self.files.get_mut(place)
            && known.file.take().is_some()
        {
            self.footer_bytes -= known.bytes;
        }
    }

    /// Lets filters go that were not used for long, until the rest fits.
    fn forget_misses(&mut self, limit: usize) {
        while self.miss_bytes > limit {
            let oldest = self.misses.iter().min_by_key(|(_, misses)| misses.used).map(|(id, _)| *id);
            let Some(misses) = oldest.and_then(|id| self.misses.remove(&id)) else { return };
            self.miss_bytes -= misses.bytes;
            self.filters.retain(|_, id| Some(*id) != oldest);
        }
    }
}
