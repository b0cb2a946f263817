//! Where records go: a file, or by way of the spool to a server or a pipe.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use atalanta_record::canonical_json::canonical_hash;

use crate::ship::{Destination, Server, Shipper, Stream};
use crate::spool::{Appended, Spool};

/// Tells the user something, one line.
pub type Say = Arc<dyn Fn(&str) + Send + Sync>;

/// Why there is no output.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The file cannot be opened.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        error: std::io::Error,
    },
    /// The spool cannot be made.
    #[error("{}: no spool can be made here: {error}", folder.display())]
    Spool {
        /// The folder.
        folder: PathBuf,
        /// The system's reason.
        error: std::io::Error,
    },
}

/// The spool's place and size.
#[derive(Clone, Debug)]
pub struct SpoolOptions {
    /// Folder for spools of all destinations.
    pub root: PathBuf,
    /// Name of this tap's own, made unique by the process id and the time.
    pub name: String,
    /// Bytes at which no more is taken.
    pub limit: u64,
}

/// Takes records.
pub struct Output {
    sink: Sink,
    say: Say,
    /// Records that were not taken since the last one that was.
    missed: u64,
}

enum Sink {
    File { out: BufWriter<File>, name: String },
    Spool { spool: Spool, shipper: Shipper },
}

impl std::fmt::Debug for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").field("missed", &self.missed).finish_non_exhaustive()
    }
}

impl Output {
    /// Appends to a file; a pipe goes through a spool, so that a slow reader delays nothing.
    pub fn file(path: &Path, spool: &SpoolOptions, say: Say) -> Result<Self, OutputError> {
        let failed = |error| OutputError::File { path: path.to_owned(), error };
        let is_pipe = std::fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo());
        let file = OpenOptions::new().create(!is_pipe).append(true).mode(0o600).open(path).map_err(failed)?;
        let name = path.display().to_string();
        if is_pipe {
            return Self::spooled(Box::new(Stream::new(file, name.clone())), &name, spool, say);
        }
        Ok(Self { sink: Sink::File { out: BufWriter::with_capacity(1 << 16, file), name }, say, missed: 0 })
    }

    /// Writes to standard output, by way of a spool.
    pub fn stdout(spool: &SpoolOptions, say: Say) -> Result<Self, OutputError> {
        let name = "standard output";
        Self::spooled(Box::new(Stream::new(std::io::stdout(), name.to_owned())), name, spool, say)
    }

    /// Sends to a server, by way of a spool.
    pub fn server(
        address: &str,
        token: Option<String>,
        spool: &SpoolOptions,
        say: Say,
    ) -> Result<Self, OutputError> {
        Self::spooled(Box::new(Server::new(address, token)), address, spool, say)
    }

    fn spooled(
        destination: Box<dyn Destination>,
        name: &str,
        options: &SpoolOptions,
        say: Say,
    ) -> Result<Self, OutputError> {
        // Of one destination only: a tap never sends what was meant for another server.
        let root = options.root.join(&canonical_hash(&name.into())[..16]);
        let failed = |error| OutputError::Spool { folder: root.clone(), error };
        let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let own: String = options.name.chars().take(40).map(word).collect();
        let own = format!("{own}-{}-{}", std::process::id(), crate::now_ns() / 1_000_000);
        let (spool, backlog) = Spool::create(&root, &own, options.limit).map_err(failed)?;
        let shipper = Shipper::start(destination, root.clone(), backlog, Arc::clone(&say)).map_err(failed)?;
        Ok(Self { sink: Sink::Spool { spool, shipper }, say, missed: 0 })
    }

    /// Takes a record; gives the number of records before it that were not taken.
    pub(crate) fn write(&mut self, line: &[u8]) -> u64 {
        let refused = match &mut self.sink {
            Sink::File { out, name } => out.write_all(line).err().map(|error| format!("{name}: {error}")),
            Sink::Spool { spool, .. } => match spool.append(line) {
                Ok(Appended::Yes) => None,
                Ok(Appended::Full) => Some(format!(
                    "{}: the spool holds as much as it may (--spool-limit)",
                    spool.folder().display()
                )),
                Err(error) => Some(format!("{}: {error}", spool.folder().display())),
            },
        };
        match refused {
            None => std::mem::take(&mut self.missed),
            Some(reason) => {
                if self.missed == 0 {
                    (self.say)(&format!("{reason}; messages pass and are not recorded until there is room"));
                }
                self.missed += 1;
                0
            }
        }
    }

    /// Lets readers of a file see what was written.
    pub(crate) fn flush(&mut self) {
        if let Sink::File { out, name } = &mut self.sink
            && let Err(error) = out.flush()
        {
            (self.say)(&format!("{name}: {error}"));
        }
    }

    /// Ends; a delivery that is under way gets `wait`.
    pub(crate) fn finish(mut self, wait: Duration) {
        self.flush();
        if self.missed > 0 {
            (self.say)(&format!("{} records could not be kept", self.missed));
        }
        if let Sink::Spool { spool, shipper } = self.sink {
            let folder = spool.folder().to_owned();
            shipper.finish(wait);
            drop(spool);
            if let Some(left) = crate::spool::Backlog::take_over(&folder) {
                let _ = left.remove_if_done();
            }
        }
    }
}
