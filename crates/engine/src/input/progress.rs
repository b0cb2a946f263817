//! How the readers tell the caller how far they are.

/// Takes progress; the command line shows a bar, tests count.
///
/// Bytes are those of the files as stored (compressed), so the total is known beforehand. The readers report
/// about once for each [`STEP`] bytes and once at the end of a file.
pub trait Progress: Sync {
    /// `bytes` more are going to be read. Who calls the readers says so beforehand, with the sum over
    /// [`super::InputFile::bytes`]; the readers do not.
    fn expect(&self, bytes: u64);
    /// `bytes` more were read and `records` more were passed on since the last call.
    fn advance(&self, bytes: u64, records: u64);
}

/// Bytes between two reports of progress.
pub const STEP: u64 = 1 << 20;

/// Takes no notice of progress.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn expect(&self, _bytes: u64) {}
    fn advance(&self, _bytes: u64, _records: u64) {}
}
