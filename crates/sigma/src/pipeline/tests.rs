use super::*;
use crate::document::{Document, parse};
use crate::lower;

fn rule(detection: &str) -> Rule {
    rule_of("category: process_creation, product: windows", detection)
}

fn rule_of(logsource: &str, detection: &str) -> Rule {
    let text =
        format!("title: t\nlogsource: {{{logsource}}}\ndetection: {{s: {{{detection}}}, condition: s}}\n");
    let (mut documents, diagnostics) = parse(&text);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let Document::Rule(rule) = documents.remove(0) else { panic!() };
    rule
}

/// The last filter of a rule after a pipeline of these transformations.
fn filtered(transformations: &str, rule: &Rule) -> String {
    let (pipeline, diagnostics) = Pipeline::parse(&format!(
        "name: p\nvars: {{admins: [root, 'adm*']}}\ntransformations:\n{transformations}"
    ));
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let lowered = lower(rule, &pipeline);
    assert!(!lowered.has_errors(), "{:?}", lowered.diagnostics);
    let last = lowered.xql.rfind("| filter ").unwrap();
    lowered.xql[last + 9..].trim().to_owned()
}

#[test]
fn transformations_do_what_they_say() {
    let cases = [
        ("- {type: field_name_mapping, mapping: {A: x}}", "A: 1", "x = 1"),
        ("- {type: field_name_mapping, mapping: {A: [x, y]}}", "A: v", r#"x = "v" or y = "v""#),
        (
            "- {type: field_name_mapping, mapping: {A: x}}",
            "'B|fieldref': A",
            "lowercase(to_string(B)) = lowercase(to_string(x))",
        ),
        ("- {type: field_name_prefix_mapping, mapping: {win.: w_}}", "win.A: 1", "w_A = 1"),
        ("- {type: field_name_prefix, prefix: p_}", "A: 1", "p_A = 1"),
        ("- {type: field_name_suffix, suffix: _s}", "A: 1", "A_s = 1"),
        ("- {type: field_name_transform, transform_func: snake_case}", "ParentImage: 1", "parent_image = 1"),
        (
            "- {type: drop_detection_item, field_name_conditions: [{type: include_fields, fields: [A]}]}",
            "A: 1, B: 2",
            "B = 2",
        ),
        ("- {type: replace_string, regex: '^C:', replacement: 'D:'}", "A: 'C:x'", r#"A = "D:x""#),
        ("- {type: replace_string, regex: '(a)(b)', replacement: '\\2\\1'}", "A: 'ab'", r#"A = "ba""#),
        ("- {type: map_string, mapping: {a: [b, c]}}", "A: a", r#"A in ("b", "c")"#),
        ("- {type: set_value, value: 5}", "A: a", "A = 5"),
        ("- {type: convert_type, target_type: str}", "A: 5", r#"A = "5""#),
        ("- {type: convert_type, target_type: num}", "A: '5'", "A = 5"),
        ("- {type: case, method: lower}", "A: FOO", r#"A = "foo""#),
        ("- {type: value_placeholders}", "'A|expand': '%admins%'", r#"A in ("root", "adm*")"#),
        ("- {type: wildcard_placeholders}", "'A|expand|contains': 'x%admins%'", r#"A contains "x""#),
        (
            "- {type: hashes_fields, valid_hash_algos: [MD5], field_prefix: h_}",
            "'Hashes|contains': ['MD5=ab', 'SHA1=cd']",
            r#"h_MD5 = "ab" or Hashes contains "SHA1=cd""#,
        ),
        (
            "- {type: set_value, value: 1, detection_item_conditions: [{type: match_string, cond: any, pattern: 'x.*'}]}",
            "A: xy, B: y",
            r#"A = 1 and B = "y""#,
        ),
    ];
    for (transformation, detection, expected) in cases {
        assert_eq!(filtered(transformation, &rule(detection)), expected, "{transformation}");
    }
}

#[test]
fn conditions_decide_what_runs() {
    let step = |conditions: &str| format!("- {{type: field_name_prefix, prefix: p_, {conditions}}}");
    let windows = "rule_conditions: [{type: logsource, product: windows}]";
    assert_eq!(filtered(&step(windows), &rule("A: 1")), "p_A = 1");
    assert_eq!(filtered(&step(&format!("rule_cond_not: true, {windows}")), &rule("A: 1")), "A = 1");
    let either = "rule_cond_op: or, rule_conditions: [{type: logsource, product: linux}, {type: contains_detection_item, field: A, value: 1}]";
    assert_eq!(filtered(&step(either), &rule("A: 1")), "p_A = 1");
    assert_eq!(filtered(&step(either), &rule("A: 2")), "A = 2");
    let pattern = "field_name_conditions: [{type: exclude_fields, fields: ['A.*'], mode: re}]";
    assert_eq!(filtered(&step(pattern), &rule("AB: 1, B: 2")), "AB = 1 and p_B = 2");
    let chained = "- {id: one, type: set_state, key: k, val: v}\n- {type: field_name_prefix, prefix: q_, rule_conditions: [{type: processing_item_applied, processing_item_id: one}, {type: processing_state, key: k, val: v}]}";
    assert_eq!(filtered(chained, &rule("A: 1")), "q_A = 1");
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    for (transformation, name) in [
        ("- {type: query_expression_placeholders}", "query_expression_placeholders"),
        ("- {type: drop_detection_item, rule_conditions: [{type: odd}]}", "odd"),
        (
            "- {type: drop_detection_item, rule_cond_expression: a and b, rule_conditions: []}",
            "rule_cond_expression",
        ),
    ] {
        let (pipeline, diagnostics) =
            Pipeline::parse(&format!("name: p\ntransformations:\n{transformation}\n"));
        assert!(pipeline.steps.is_empty());
        assert_eq!(diagnostics[0].code, codes::UNSUPPORTED);
        assert!(diagnostics[0].message.contains(name), "{diagnostics:?}");
    }
    let (_, diagnostics) = Pipeline::parse("name: p\npostprocessing: []\n");
    assert!(diagnostics[0].message.contains("postprocessing"));
}

#[test]
fn failures_refuse_the_rule() {
    let (pipeline, _) =
        Pipeline::parse("name: p\ntransformations:\n- {type: rule_failure, message: no such log}\n");
    let lowered = lower(&rule("A: 1"), &pipeline);
    assert_eq!(lowered.diagnostics[0].code, codes::REFUSED);
    assert!(lowered.diagnostics[0].message.contains("no such log") && lowered.xql.is_empty());
}

#[test]
fn the_built_in_pipeline_is_read_and_knows_the_taxonomy() {
    let (_, diagnostics) = Pipeline::parse(ATALANTA);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let pipeline = Pipeline::builtin("atalanta").unwrap();
    let cases = [
        (
            "category: process_creation",
            "CommandLine: a, OriginalFileName: b",
            r#"action_process_command_line = "a" and attributes -> OriginalFileName = "b""#,
        ),
        ("category: network_connection", "DestinationPort: 443", "action_remote_port = 443"),
        ("category: registry_set", "TargetObject: a", r#"attributes -> TargetObject = "a""#),
        (
            "product: aws, service: cloudtrail",
            "eventName: a, userIdentity.type: Root",
            r#"cloud_action = "a" and raw -> userIdentity.type = "Root""#,
        ),
        (
            "category: webserver",
            "cs-method: GET, sc-status: 500",
            "action_http_request_method = GET and http_status = 500",
        ),
        (
            "product: windows, service: application",
            "Provider_Name: ESENT",
            "attributes -> Channel = \"Application\"\n| filter attributes -> Provider_Name = \"ESENT\"",
        ),
        ("category: dns_query", "QueryName: a", r#"dns_query_name = "a""#),
        (
            "category: process_creation",
            "'Hashes|contains': ['MD5=ab', 'IMPHASH=cd']",
            r#"action_process_image_md5 = "ab" or raw contains "IMPHASH=cd""#,
        ),
        ("category: other", "llm_model: a", r#"llm_model = "a""#),
    ];
    for (logsource, detection, expected) in cases {
        let lowered = lower(&rule_of(logsource, detection), pipeline);
        assert!(lowered.xql.trim_end().ends_with(expected), "{logsource}: {}", lowered.xql);
        let checked = lowered.check(&atalanta_xql::env::Env::default());
        assert!(checked.is_empty(), "{logsource}: {checked:?}\n{}", lowered.xql);
    }
}

#[test]
fn columns_that_the_built_in_pipeline_names_exist() {
    let dataset = atalanta_schema::Catalog::builtin().dataset("xdr_data").unwrap();
    let pipeline = Pipeline::builtin("atalanta").unwrap();
    let mut seen = 0;
    for step in &pipeline.steps {
        let Transform::FieldMapping(map) = &step.transform else { continue };
        for name in map.values().flatten() {
            assert!(dataset.field(name).is_some(), "{name}");
            seen += 1;
        }
    }
    assert!(seen > 50);
}
