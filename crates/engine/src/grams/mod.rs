//! Maps of the 4-grams of texts, by which a scan skips pages that cannot hold what a query looks for.
//!
//! For every text column that is dear to read, and every *page* of so many rows (16,384 in files of the store), a file
//! holds a bitmap: each run of four bytes of each folded text sets one bit. A needle can be in a page only if the bits
//! of all of its 4-grams are set. [`append`] writes the maps into a Parquet file behind its row groups, where readers
//! that do not know them never look, and `Directory` finds them; the footer's entry [`KEY`] says where they are.
//!
//! # Soundness
//! A map may claim too much, never too little:
//! * every text of the page was folded as [`crate::kernels::folding`] says and all of its 4-grams were set; texts of
//!   fewer than four bytes have none, so needles of fewer than four bytes demand none;
//! * a predicate demands only what [`crate::kernels::Must`] proves, and only for rows that it must find *true*: what
//!   stands under a `not`, or what is not understood, demands nothing ([`need`]);
//! * a map that is missing, does not belong to the file's rows or fails its checksum is not asked: the page is read.

mod append;
mod bitmap;
mod check;
mod directory;
pub(crate) mod need;
pub(crate) mod probe;

pub use append::{Settings, append};
pub use check::{Checked, check};
pub(crate) use directory::{Directory, page_rows};

/// Name of the entry in a file's footer that says where its maps are.
pub const KEY: &str = "atalanta.grams";

/// Rows of a page in files that say nothing else; also the rows of a Parquet page in files of the store.
pub const PAGE_ROWS: usize = 16_384;

/// Fewest and most bits of a map, as powers of two.
const BITS: std::ops::RangeInclusive<u8> = 9..=20;

/// The 4-grams of a folded text.
fn grams(folded: &[u8]) -> impl Iterator<Item = u32> {
    folded.windows(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]))
}

/// The bit of a 4-gram in a map of 2^`bits` bits. That of a map of half the size is half of it, rounded down.
fn slot(gram: u32, bits: u8) -> usize {
    // Multiplicative hashing (Knuth, volume 3, 6.4): the upper bits of a product with 2^32 over the golden ratio.
    (gram.wrapping_mul(0x9E37_79B1) >> (32 - u32::from(bits))) as usize
}
