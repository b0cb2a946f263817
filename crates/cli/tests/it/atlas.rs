//! `atalanta atlas`.

use serde_json::Value;

use crate::Bench;

#[test]
fn lists_the_matrix_with_coverage() {
    let run = Bench::new().run(&["atlas"]).ends(0).prints("MITRE ATLAS 20");
    assert!(
        run.out.contains("AML.TA0002 Reconnaissance") && run.out.contains("AML.T0051.000 Direct ["),
        "{}",
        run.out
    );
}

#[test]
fn shows_a_technique_with_its_hunts() {
    let run = Bench::new().run(&["atlas", "show", "t0051.000"]).ends(0);
    run.prints("LLM Prompt Injection: Direct")
        .prints("tactic      AML.TA0005")
        .prints("LLM01")
        .prints("hunt        2.1-1");
    Bench::new().run(&["atlas", "show", "AML.T9999"]).ends(2).prints("not in ATLAS");
}

#[test]
fn resolves_old_and_invented_ids() {
    let run = Bench::new().run(&["atlas", "resolve", "ATLAS-LLM-01", "TA0002"]).ends(0);
    run.prints("is not an ATLAS id").prints("Execution in ATT&CK");
}

#[test]
fn writes_a_layer() {
    let bench = Bench::new();
    bench.run(&["atlas", "layer", "--output", "layer.json"]).ends(0);
    let layer: Value = serde_json::from_str(&bench.read("layer.json")).unwrap();
    assert_eq!(layer["domain"], "atlas-atlas");
    let scored =
        layer["techniques"].as_array().unwrap().iter().filter(|cell| cell.get("score").is_some()).count();
    assert!(scored > 20, "{scored}");
    bench.run(&["atlas", "layer", "--output", "no/such/folder.json"]).ends(2).says("cannot be written");
}
