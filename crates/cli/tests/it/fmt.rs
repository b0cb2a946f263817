//! `atalanta fmt` and `atalanta doc`.

use crate::Bench;

const UGLY: &str = "dataset=xdr_data|filter event_type=ENUM.FILE // why\n|limit 3";
const TIDY: &str = "dataset = xdr_data\n| filter event_type = ENUM.FILE // why\n| limit 3\n";

#[test]
fn files_and_folders_are_rewritten() {
    let bench = Bench::new();
    bench.write("hunts/a.xql", UGLY);
    bench.write("hunts/b.xif", "[RULE:a]\nalter x=1;");
    assert_eq!(bench.run(&["fmt", "hunts"]).code, Some(0));
    assert_eq!(bench.read("hunts/a.xql"), TIDY);
    assert_eq!(bench.read("hunts/b.xif"), "[RULE: a]\nalter x = 1;\n");
    assert_eq!(bench.run(&["fmt", "--check", "hunts"]).code, Some(0));
}

#[test]
fn check_and_diff_change_nothing() {
    let bench = Bench::new();
    bench.write("a.xql", UGLY);
    let check = bench.run(&["fmt", "--check", "a.xql"]);
    assert_eq!(check.code, Some(1));
    assert!(check.err.contains("not formatted"), "{}", check.err);
    let diff = bench.run(&["fmt", "--diff", "a.xql"]);
    assert_eq!(diff.code, Some(0));
    assert!(diff.out.contains("+| filter event_type = ENUM.FILE // why"), "{}", diff.out);
    assert_eq!(bench.read("a.xql"), UGLY);
}

#[test]
fn standard_input_goes_to_standard_output() {
    let run = Bench::new().run_with(&["fmt", "-"], UGLY.as_bytes());
    assert_eq!((run.code, run.out.as_str()), (Some(0), TIDY));
}

#[test]
fn a_broken_stage_is_left_and_reported() {
    let bench = Bench::new();
    bench.write("a.xql", "dataset=xdr_data|filter   a = = 1|limit   3");
    let run = bench.run(&["fmt", "a.xql"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("XS"), "{}", run.err);
    assert_eq!(bench.read("a.xql"), "dataset = xdr_data\n|filter   a = = 1\n| limit 3\n");
    assert_eq!(bench.run(&["fmt", "missing.xql"]).code, Some(2));
}

#[test]
fn pages_are_shown_by_name() {
    let bench = Bench::new();
    for (name, part) in
        [("windowcomp", "windowcomp FUNCTION"), ("LOWERCASE", "lowercase(text"), ("xl001", "XL001")]
    {
        let run = bench.run(&["doc", name]);
        assert_eq!(run.code, Some(0), "{}", run.err);
        assert!(run.out.contains(part), "{}", run.out);
    }
    assert!(bench.run(&["doc"]).out.contains("## Functions"));
    let unknown = bench.run(&["doc", "windowcom"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("similar: `windowcomp`"), "{}", unknown.err);
}
