//! Opens a file or a stream: undoes compression and tells the format, without losing a byte of the head.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::rc::Rc;

use super::format::{BOM, Compression, Format, sniff};
use super::problem::{Problem, ProblemKind};

/// Bytes looked at to tell the format.
const HEAD: usize = 64 * 1024;

/// Buffer between the decompressor and the record readers.
const BUFFER: usize = 128 * 1024;

/// How many compressions may be wrapped around each other (`a.json.gz` inside a zstd stream is two).
const MAX_LAYERS: usize = 2;

/// A stream ready to be cut into records.
pub struct Opened<'a> {
    /// The decompressed content without byte order mark.
    pub reader: BufReader<Peeked<'a>>,
    /// What the content is.
    pub format: Format,
    /// What was undone, from the outside in.
    pub layers: Vec<Compression>,
    /// Stored bytes read so far.
    pub done: Rc<Cell<u64>>,
}

impl Opened<'_> {
    /// The problem of a read that failed half-way.
    pub fn read_problem(&self, path: &Path, error: &io::Error) -> Problem {
        let Some(layer) = self.layers.last() else {
            return Problem::from_io(path, error);
        };
        let name = layer.as_str();
        let early = error.kind() == io::ErrorKind::UnexpectedEof || error.to_string().contains("incomplete");
        let message = if early {
            format!("the {name} stream ends early; what comes before was read")
        } else {
            format!("the {name} stream is damaged ({error}); what comes before was read")
        };
        Problem::new(path, ProblemKind::Damaged, message).with_help("fetch or write the file again")
    }
}

/// A reader whose first bytes were looked at and are given back first.
pub struct Peeked<'a> {
    head: Vec<u8>,
    position: usize,
    rest: Box<dyn Read + 'a>,
    failed: Option<io::Error>,
}

impl<'a> Peeked<'a> {
    /// Reads up to [`HEAD`] bytes ahead. An error met there is kept and comes after the bytes before it.
    fn new(mut rest: Box<dyn Read + 'a>) -> Self {
        let mut head = vec![0; HEAD];
        let (mut filled, mut failed) = (0, None);
        while filled < HEAD {
            match rest.read(&mut head[filled..]) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
        }
        head.truncate(filled);
        Self { head, position: 0, rest, failed }
    }

    /// Whether the head is all there is.
    fn is_whole(&self) -> bool {
        self.head.len() < HEAD
    }
}

impl Read for Peeked<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = &self.head[self.position..];
        if !left.is_empty() {
            let count = left.len().min(into.len());
            into[..count].copy_from_slice(&left[..count]);
            self.position += count;
            return Ok(count);
        }
        match self.failed.take() {
            Some(error) => Err(error),
            None => self.rest.read(into),
        }
    }
}

/// Counts the bytes that pass.
struct Counted<R> {
    inner: R,
    done: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.done.set(self.done.get() + count as u64);
        Ok(count)
    }
}

/// Opens a path (`-` is standard input).
pub fn open_path(path: &Path) -> Result<Opened<'static>, Problem> {
    if path == Path::new("-") {
        return open_stream(io::stdin().lock(), path);
    }
    let file = File::open(path).map_err(|error| Problem::from_io(path, &error))?;
    open_stream(file, path)
}

/// Opens a stream; `path` names it in problems and gives the extension.
pub fn open_stream<'a>(stream: impl Read + 'a, path: &Path) -> Result<Opened<'a>, Problem> {
    let done = Rc::new(Cell::new(0));
    let counted = Counted { inner: stream, done: Rc::clone(&done) };
    let mut peeked = Peeked::new(Box::new(counted));
    let mut layers = Vec::new();
    while let Some(compression) = Compression::of(&peeked.head) {
        if layers.len() == MAX_LAYERS {
            let message = format!("{} inside {MAX_LAYERS} other compressions", compression.as_str());
            return Err(
                Problem::new(path, ProblemKind::Unsupported, message).with_help("decompress it first")
            );
        }
        layers.push(compression);
        peeked = Peeked::new(decompressor(compression, peeked, path)?);
    }
    check_head(&mut peeked, &layers, path)?;
    if peeked.head.starts_with(BOM) {
        peeked.position = BOM.len();
    }
    let body = &peeked.head[peeked.position..];
    let format = sniff(body, peeked.is_whole(), path).map_err(|found| {
        let problem = Problem::new(path, ProblemKind::Unsupported, found.message);
        Problem { help: found.help, ..problem }
    })?;
    if format == Format::Parquet && !layers.is_empty() {
        let message = "found Parquet inside a compressed stream, which cannot be scanned";
        return Err(Problem::new(path, ProblemKind::Unsupported, message).with_help("decompress it first"));
    }
    Ok(Opened { reader: BufReader::with_capacity(BUFFER, peeked), format, layers, done })
}

/// Wraps a stream into the decompressor of one layer.
fn decompressor<'a>(
    compression: Compression,
    stream: Peeked<'a>,
    path: &Path,
) -> Result<Box<dyn Read + 'a>, Problem> {
    let buffered = BufReader::with_capacity(BUFFER, stream);
    Ok(match compression {
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(buffered)),
        Compression::Zstd => {
            let decoder = zstd::stream::read::Decoder::with_buffer(buffered);
            Box::new(decoder.map_err(|error| Problem::from_io(path, &error))?)
        }
    })
}

/// Refuses an empty stream and one whose very first bytes cannot be read.
fn check_head(peeked: &mut Peeked<'_>, layers: &[Compression], path: &Path) -> Result<(), Problem> {
    if !peeked.head.is_empty() {
        return Ok(());
    }
    match (peeked.failed.take(), layers.last()) {
        (Some(error), None) => Err(Problem::from_io(path, &error)),
        (Some(error), Some(layer)) => {
            let message = format!("the {} stream is damaged at its start ({error})", layer.as_str());
            Err(Problem::new(path, ProblemKind::Damaged, message))
        }
        (None, _) => Err(Problem::new(path, ProblemKind::Empty, "empty file, no records")),
    }
}
