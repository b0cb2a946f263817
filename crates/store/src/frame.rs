//! The payload of one log record: the rows of one acknowledgement, by dataset, each as an Arrow IPC stream.

use std::io::Cursor;

use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;

use crate::error::StoreError;

/// Version of the layout.
const VERSION: u8 = 1;

/// Rows for one dataset.
#[derive(Clone, Debug)]
pub struct Part {
    /// Name of the dataset.
    pub dataset: String,
    /// Its rows.
    pub batch: RecordBatch,
}

/// The bytes of a record.
pub(crate) fn encode(parts: &[Part]) -> Result<Vec<u8>, StoreError> {
    let mut out = vec![VERSION];
    let count = u16::try_from(parts.len()).map_err(|_| too_long("datasets in one record"))?;
    out.extend(count.to_le_bytes());
    for part in parts {
        let name = part.dataset.as_bytes();
        let length = u16::try_from(name.len()).map_err(|_| too_long("name of a dataset"))?;
        out.extend(length.to_le_bytes());
        out.extend(name);
        let at = out.len();
        out.extend([0; 4]);
        {
            let mut writer = StreamWriter::try_new(&mut out, part.batch.schema_ref())?;
            writer.write(&part.batch)?;
            writer.finish()?;
        }
        let length = u32::try_from(out.len() - at - 4).map_err(|_| too_long("rows of one record"))?;
        out[at..at + 4].copy_from_slice(&length.to_le_bytes());
    }
    Ok(out)
}

fn too_long(what: &str) -> StoreError {
    StoreError::Rows(format!("{what}: more than a log record can hold"))
}

/// The rows of a record's bytes.
pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<Part>, StoreError> {
    let mut rest = bytes;
    if take(&mut rest, 1)?[0] != VERSION {
        return Err(damaged("unknown version of the record layout"));
    }
    let count = u16::from_le_bytes(array(take(&mut rest, 2)?)?);
    let mut parts = Vec::new();
    for _ in 0..count {
        let length = u16::from_le_bytes(array(take(&mut rest, 2)?)?);
        let name = std::str::from_utf8(take(&mut rest, usize::from(length))?)
            .map_err(|_| damaged("the name of a dataset is not UTF-8"))?;
        let length = u32::from_le_bytes(array(take(&mut rest, 4)?)?);
        let rows = take(&mut rest, length as usize)?;
        for batch in StreamReader::try_new(Cursor::new(rows), None)? {
            parts.push(Part { dataset: name.to_owned(), batch: batch? });
        }
    }
    Ok(parts)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], StoreError> {
    let (taken, tail) = rest.split_at_checked(length).ok_or_else(|| damaged("the record ends early"))?;
    *rest = tail;
    Ok(taken)
}

fn array<const N: usize>(bytes: &[u8]) -> Result<[u8; N], StoreError> {
    bytes.try_into().map_err(|_| damaged("the record ends early"))
}

fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(format!("log record: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::rows;

    #[test]
    fn parts_come_back() {
        let parts = vec![
            Part { dataset: "xdr_data".to_owned(), batch: rows(&[(1, "a"), (2, "b")]) },
            Part { dataset: "x_y_raw".to_owned(), batch: rows(&[(3, "c")]) },
        ];
        let bytes = encode(&parts).unwrap();
        let again = decode(&bytes).unwrap();
        assert_eq!(again.len(), 2);
        assert_eq!(again[0].batch, parts[0].batch);
        assert_eq!(again[1].dataset, "x_y_raw");
    }

    #[test]
    fn a_cut_record_is_an_error() {
        let bytes = encode(&[Part { dataset: "d".to_owned(), batch: rows(&[(1, "a")]) }]).unwrap();
        for end in 0..bytes.len() {
            // A cut inside the stream's end marker still holds all rows.
            if let Ok(parts) = decode(&bytes[..end]) {
                panic!("{end} of {} bytes gave {} parts", bytes.len(), parts.len());
            }
        }
    }
}
