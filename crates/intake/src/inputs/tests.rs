//! Inputs with a store: what is read is there once, also over restarts.

use std::path::Path;
use std::time::Instant;

use atalanta_store::{Store, StoreOptions};

use super::*;

pub(super) fn pipeline(folder: &Path) -> Arc<Pipeline> {
    let store = Arc::new(Store::open(folder, StoreOptions::default()).unwrap());
    Arc::new(Pipeline::new(store, [0; 32]))
}

fn rows(pipeline: &Pipeline, dataset: &str) -> u64 {
    let snapshot = pipeline.store().snapshot();
    let found = snapshot.datasets.iter().find(|one| one.name == dataset);
    found.map_or(0, atalanta_store::DatasetSnapshot::rows)
}

pub(super) fn wait_for(pipeline: &Pipeline, dataset: &str, wanted: u64) {
    let end = Instant::now() + Duration::from_secs(30);
    while rows(pipeline, dataset) < wanted && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(20));
    }
    // What is too much would come in the next moment.
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(rows(pipeline, dataset), wanted);
}

fn input(path: &Path, kind: InputKind) -> Input {
    Input { path: path.to_path_buf(), target: Target::parse("input_test_raw").unwrap(), kind }
}

fn append(path: &Path, text: &str) {
    use std::io::Write;
    let mut file = std::fs::File::options().create(true).append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

#[test]
fn a_file_goes_on_behind_what_is_stored() {
    let (data, logs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = logs.path().join("app.log");
    let mut written = 0;
    for round in 0..3 {
        let pipeline = pipeline(data.path());
        let mut inputs = Inputs::start(&pipeline, vec![input(&path, InputKind::File)]).unwrap();
        // Ten lines while it runs, ten while it does not.
        append(&path, &format!("{{\"round\":{round}}}\n").repeat(10));
        written += 10;
        wait_for(&pipeline, "input_test_raw", written);
        inputs.stop();
        if round == 1 {
            pipeline.store().close().unwrap();
            std::fs::rename(&path, logs.path().join("app.log.1")).unwrap();
        }
        append(&path, &format!("{{\"between\":{round}}}\n").repeat(10));
        written += 10;
    }
    let pipeline = pipeline(data.path());
    let _inputs = Inputs::start(&pipeline, vec![input(&path, InputKind::File)]).unwrap();
    wait_for(&pipeline, "input_test_raw", written);
}

#[test]
fn files_of_a_folder_are_taken_once() {
    let (data, exports) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let kind = InputKind::Folder { interval: Duration::from_millis(50) };
    let put = |name: &str, text: &str| {
        let path = exports.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    put("day=1/a.jsonl", "{\"n\":1}\n{\"n\":2}\n");
    put("b.jsonl.tmp", "{\"n\":3}\n");
    let gzip = {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all("{\"n\":4}\n".repeat(6000).as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    std::fs::write(exports.path().join("c.jsonl.gz"), gzip).unwrap();
    for _ in 0..2 {
        let pipeline = pipeline(data.path());
        let mut inputs = Inputs::start(&pipeline, vec![input(exports.path(), kind.clone())]).unwrap();
        wait_for(&pipeline, "input_test_raw", 6002);
        inputs.stop();
    }
    let pipeline = pipeline(data.path());
    let _inputs = Inputs::start(&pipeline, vec![input(exports.path(), kind.clone())]).unwrap();
    std::fs::rename(exports.path().join("b.jsonl.tmp"), exports.path().join("b.jsonl")).unwrap();
    wait_for(&pipeline, "input_test_raw", 6003);
    put("day=1/a.jsonl", "{\"n\":5}\n{\"n\":6}\n{\"n\":7}\n");
    wait_for(&pipeline, "input_test_raw", 6006);
}
