//! Sigma rules: converted, checked, run as hunts.

use serde_json::Value;

use crate::{Bench, content};

const RULE: &str = "title: Model copied by Python
id: 0e2b6c3a-5a3f-4b9a-9a51-6a0a7f1f9c11
status: stable
level: high
tags: [atlas.aml.t0035, attack.collection]
logsource:
    category: process_creation
    product: windows
detection:
    selection:
        Image|endswith: '\\python.exe'
        CommandLine|contains: train
    filter:
        OriginalFileName: other.exe
    condition: selection and not filter
";

#[test]
fn a_rule_is_a_hunt() {
    let bench = Bench::new();
    bench.write("rule.yml", RULE);
    let data = content("sources/sysmon/samples/flat.jsonl").display().to_string();
    let run = bench.run(&["hunt", "rule.yml", "--data", &data, "--format", "json"]).ends(1);
    let report: Value = serde_json::from_str(&run.out).unwrap();
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{report}");
    let shown = run.out.as_str();
    assert!(
        shown.contains("AML.T0035")
            && shown.contains("Model copied by Python")
            && shown.contains("flat.jsonl")
    );
    // The exclusion reads a field that no column takes.
    bench.write("rule.yml", RULE.replace("other.exe", "python.exe"));
    bench.run(&["hunt", "rule.yml", "--data", &data]).ends(0);
}

/// Rules of categories without a type of their own read the log that these events are of.
#[test]
fn events_of_sysmon_without_a_type_are_found_by_their_number() {
    let bench = Bench::new();
    let flat = |rest: &str| {
        format!(
            r#"{{"Channel":"Microsoft-Windows-Sysmon/Operational","UtcTime":"2026-11-20 10:00:00.123","Hostname":"WS1",{rest}}}"#
        ) + "\n"
    };
    let access = r#""EventID":10,"SourceImage":"C:\\Temp\\dump.exe","SourceProcessId":"44","TargetImage":"C:\\Windows\\System32\\lsass.exe","TargetProcessId":"700","GrantedAccess":"0x1410""#;
    let pipe =
        r#""EventID":"17","EventType":"CreatePipe","PipeName":"\\mcp-bridge","Image":"C:\\Temp\\dump.exe""#;
    let blocked = r#""EventID":27,"Image":"C:\\Temp\\dump.exe","TargetFilename":"C:\\Temp\\next.exe""#;
    let driver = r#""EventID":6,"ImageLoaded":"C:\\Windows\\System32\\drivers\\bad.sys","Signed":"false""#;
    bench.write("sysmon.jsonl", [access, pipe, blocked, driver].map(flat).concat());
    let rule = |source: &str, detection: &str| {
        format!(
            "title: R\nid: 6f8b3cb5-5b4b-4c6c-9b86-0d6b7a2b6a11\nlogsource: {{ product: windows, {source} }}\n\
             detection:\n  selection: {{ {detection} }}\n  condition: selection\nlevel: high\n"
        )
    };
    for (source, detection, rows) in [
        ("category: process_access", "TargetImage|endswith: '\\lsass.exe', GrantedAccess: '0x1410'", 1),
        ("category: process_access", "SourceImage|endswith: '\\lsass.exe'", 0),
        ("category: pipe_created", "PipeName|startswith: '\\mcp-'", 1),
        ("category: file_block_executable", "Image|endswith: '\\dump.exe'", 1),
        ("category: driver_load", "ImageLoaded|endswith: '\\bad.sys'", 1),
        ("category: file_block_executable", "TargetFilename|endswith: '\\next.exe'", 1),
        ("category: file_event", "TargetFilename|endswith: '\\next.exe'", 0),
        ("service: sysmon", "EventID: [17, 27]", 2),
        ("category: ps_script", "Image|endswith: '\\dump.exe'", 0),
    ] {
        bench.write("rule.yml", rule(source, detection));
        let ends = i32::from(rows > 0);
        let run = bench.run(&["hunt", "rule.yml", "--data", "sysmon.jsonl", "--format", "json"]).ends(ends);
        let report: Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!(report["hunts"][0]["rows"], rows, "{source} {detection}: {report}");
    }
}

#[test]
fn a_folder_of_rules_with_a_broken_one() {
    let bench = Bench::new();
    bench.write("rules/good.yml", RULE);
    bench.write("rules/broken.yml", RULE.replace("endswith", "endwith"));
    bench.write("rules/notes.yml", "a: b\n");
    let data = content("sources/sysmon/samples/flat.jsonl").display().to_string();
    bench
        .run(&["hunt", "rules", "--data", &data])
        .ends(1)
        .says("broken.yml:11:15: Sigma has no modifier `endwith` (SS008)");
}

#[test]
fn rules_are_converted() {
    let bench = Bench::new();
    bench.write("rule.yml", RULE);
    let run = bench.run(&["sigma", "convert", "rule.yml"]).ends(0).says("1 rule converted");
    assert!(run.out.contains(r#"action_process_image_path = "*\python.exe""#), "{}", run.out);
    let run = bench.run(&["sigma", "convert", "rule.yml", "--pipeline", "none", "--dataset", "logs"]).ends(0);
    assert!(run.out.contains("dataset = logs") && run.out.contains("CommandLine contains"), "{}", run.out);
    let run = bench.run(&["sigma", "convert", "rule.yml", "--format", "json"]).ends(0);
    let line: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((line["level"].as_str(), line["dataset"].as_str()), (Some("high"), Some("xdr_data")));
    bench.write("p.yml", "name: p\ntransformations:\n- {type: field_name_prefix, prefix: p_}\n");
    let run = bench.run(&["sigma", "convert", "rule.yml", "-p", "p.yml"]).ends(0);
    assert!(run.out.contains("p_CommandLine contains"), "{}", run.out);
    bench.run(&["sigma", "convert", "rule.yml", "-p", "nope"]).ends(2).says("nope");
    bench.write("rule.yml", RULE.replace("endswith", "cidr"));
    bench.run(&["sigma", "convert", "rule.yml"]).ends(1).says("is no network").says("rule.yml:11");
}

#[test]
fn rules_are_checked() {
    let bench = Bench::new();
    bench.write("rule.yml", RULE);
    bench.run(&["check", "rule.yml"]).ends(0).says("no problems");
    bench.write(
        "rule.yml",
        RULE.replace("atlas.aml.t0035", "atlas.aml.t0058").replace("not filter", "not fliter"),
    );
    bench.run(&["check", "rule.yml"]).ends(1).prints("error[SS007]").prints("the nearest is `filter`");
    bench.write("rule.yml", RULE.replace("atlas.aml.t0035", "atlas.aml.t0058"));
    bench.run(&["check", "rule.yml"]).ends(0).prints("warning[SL005]").prints("atlas.aml.t0115.001");
}
