//! Queries as text, with what must and must not be said about them.

use crate::env::{Env, Mode};
use crate::logic::{Finding, FindingKind, analyze};
use crate::resolve::resolve;
use crate::syntax::parse;

fn findings(text: &str) -> Vec<Finding> {
    let parsed = parse(text);
    assert!(!parsed.has_errors(), "{:?}", parsed.diagnostics);
    analyze(&resolve(&parsed.query, &Env::new(Mode::Compat)).plan)
}

fn of_kind(text: &str, kind: FindingKind) -> Vec<Finding> {
    findings(text).into_iter().filter(|finding| finding.kind == kind).collect()
}

/// The explanations of what can never match.
fn never(text: &str) -> Vec<String> {
    of_kind(text, FindingKind::Never).into_iter().map(|finding| finding.explanation).collect()
}

/// Filters over the event table.
fn on_events(filters: &[&str]) -> String {
    let filters: Vec<String> = filters.iter().map(|filter| format!("| filter {filter}\n")).collect();
    format!("dataset = xdr_data\n{}", filters.concat())
}

fn assert_empty(text: &str, because: &str) {
    let found = of_kind(text, FindingKind::Never);
    assert!(found.iter().any(|finding| finding.explanation.contains(because)), "{because}: {found:#?}");
    assert!(found.iter().any(|finding| finding.empty_result), "{found:#?}");
}

#[test]
fn three_hosts_at_once() {
    for hosts in [
        [".openai.com", ".anthropic.com", ".googleapis.com"],
        [".s3.amazonaws.com", ".blob.core.windows.net", ".storage.googleapis.com"],
        [".mlflow.org", ".wandb.ai", ".neptune.ai"],
    ] {
        let filters: Vec<String> =
            hosts.iter().map(|host| format!("action_remote_hostname like \"%{host}\"")).collect();
        let text = on_events(&filters.iter().map(String::as_str).collect::<Vec<_>>());
        let found = of_kind(&text, FindingKind::Never);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!(
            found[0].explanation,
            format!("no host name can end with `{}`, `{}` and `{}` at once", hosts[0], hosts[1], hosts[2])
        );
        assert_eq!(found[0].because.len(), 3);
        assert_eq!(found[0].because[0].1, format!("must end with `{}`", hosts[0]));
        assert_eq!(found[0].stage, 2);
        assert_eq!(found[0].column.as_deref(), Some("action_remote_hostname"));
        assert!(found[0].empty_result);
    }
}

#[test]
fn hunts_that_aggregate_a_lost_column() {
    let keyed = "dataset = xdr_data | filter event_type = NETWORK \
        | comp count() by action_local_ip, actor_primary_user_sid as calls | filter calls > 100 ";
    for (second, column) in [
        ("comp sum(action_network_bytes_out) by action_local_ip as total | filter total > 10485760", "total"),
        ("comp avg(action_network_bytes_out) by action_local_ip as mean | filter mean > 10240", "mean"),
        ("comp sum(action_process_cpu_time) by actor_primary_user_sid as cpu | filter cpu > 3600", "cpu"),
    ] {
        let text = format!("{keyed} | {second}");
        assert_empty(&text, &format!("`{column}` is null in every row here"));
        let found = of_kind(&text, FindingKind::Never);
        assert_eq!(found.len(), 1, "the first threshold is satisfiable");
        assert!(found[0].because.iter().any(|(_, why)| why.contains("of nulls is null")), "{found:#?}");
    }
    let text = format!(
        "{keyed} | comp distinct_count(action_process_command_line) by actor_primary_user_sid as tools \
         | filter tools > 20"
    );
    assert_empty(&text, "`tools` is 0 in every row here and cannot be greater than 20");
}

#[test]
fn arithmetic_on_a_lost_column() {
    let text = "dataset = xdr_data | filter event_type = PROCESS \
        | comp count() by actor_primary_user_sid, action_process_image_name as activity_count \
        | comp avg(activity_count) by actor_primary_user_sid as avg_activity \
        | eval deviation = activity_count - avg_activity | filter deviation > 20";
    assert_empty(text, "`deviation` is null in every row here");
}

#[test]
fn a_protocol_that_the_value_list_does_not_have() {
    let text = on_events(&["event_type = \"NOT_AN_EVENT\""]);
    assert_empty(&text, "no value of `event_type` can be one of `PROCESS`");
    assert!(never(&on_events(&["event_type = NETWORK"])).is_empty());
}

#[test]
fn event_type_of_two_families() {
    let text = on_events(&["event_type = NETWORK", "event_type = PROCESS"]);
    assert_empty(&text, "can equal both `NETWORK` and `PROCESS`");
}

#[test]
fn join_strategies() {
    let text = |strategy: &str| {
        format!(
            "dataset = xdr_data | filter event_type = NETWORK \
             | join type = inner conflict_strategy = {strategy} (dataset = xdr_data) as r \
               r.actor_primary_user_sid = actor_primary_user_sid \
             | filter event_type = PROCESS"
        )
    };
    assert_empty(&text("left"), "can equal both `NETWORK` and `PROCESS`");
    assert!(never(&text("right")).is_empty());
}

#[test]
fn segments_of_one_path() {
    let text = on_events(&[
        "action_file_path like \"%/tools/%\"",
        "action_file_path like \"%/functions/%\"",
        "action_file_path like \"%.py\"",
    ]);
    assert!(never(&text).is_empty());
    let found = of_kind(&text, FindingKind::AllOnOneValue);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].explanation, "one path must contain all of `/tools/`, `/functions/`");
    let witness = found[0].witness.as_deref().expect("test input is valid");
    assert!(witness.contains("/tools/") && witness.contains("/functions/"), "{witness}");
    assert_eq!(witness.get(witness.len() - 3..), Some(".py"));
    let hosts = on_events(&[
        "action_remote_hostname like \"%.sagemaker.%\"",
        "action_remote_hostname like \"%.vertexai.%\"",
        "action_remote_hostname like \"%.azureml.%\"",
    ]);
    assert_eq!(of_kind(&hosts, FindingKind::AllOnOneValue).len(), 1);
    let apart = "action_file_path like \"%/tools/%\" or action_file_path like \"%/functions/%\"";
    assert!(of_kind(&on_events(&[apart]), FindingKind::AllOnOneValue).is_empty());
}

#[test]
fn satisfiable_hunts_are_left_alone() {
    for text in [
        on_events(&[
            "event_type = PROCESS",
            "action_process_image_name in (\"python.exe\", \"node.exe\")",
            "action_process_command_line regex \"(?i)(exec|eval|subprocess)\"",
            "action_process_command_line regex \"(?i)(tool|function)\"",
            "action_process_command_line regex \"(?i)(spoof|fake)\"",
        ]),
        on_events(&[
            "event_type = FILE",
            "action_file_path like \"%/tools/%\"",
            "action_file_path like \"%.py\"",
            "action_file_path not like \"%/venv/%\"",
            "action_file_path not like \"%/node_modules/%\"",
        ]),
        on_events(&[
            "action_remote_ip not like \"10.%\"",
            "action_remote_ip not like \"192.168.%\"",
            "action_remote_ip not like \"172.16.%\"",
            "action_remote_port in (8000, 8080, 3000, 5000)",
        ]),
        "dataset = xdr_data | filter event_type = NETWORK | comp count() as n, sum(action_network_bytes_out) as b \
         by action_local_ip | filter n > 100 and b > 10485760"
            .to_owned(),
        "dataset = xdr_data | eval hour = hour(event_time_ts) | filter hour < 6 or hour > 22".to_owned(),
    ] {
        assert_eq!(findings(&text), [], "{text}");
    }
}

#[test]
fn ranges_of_results() {
    assert_eq!(
        never("dataset = xdr_data | alter h = extract_time(_time, \"HOUR\") | filter h > 23").len(),
        1
    );
    let always = "dataset = xdr_data | comp count() as n by agent_hostname | filter n >= 1";
    assert_eq!(of_kind(always, FindingKind::AlwaysTrue).len(), 1);
    let whole = "dataset = xdr_data | comp count() as n | filter n >= 1";
    assert!(findings(whole).is_empty());
}

#[test]
fn an_aggregation_without_keys_gives_a_row_for_no_input() {
    let text =
        "dataset = xdr_data | filter action_remote_port > 5 and action_remote_port < 3 | comp count() as n";
    let found = of_kind(text, FindingKind::Never);
    assert_eq!(found.len(), 1);
    assert!(!found[0].empty_result);
    assert_eq!(
        found[0].explanation,
        "no value of `action_remote_port` can be greater than 5 and be less than 3"
    );
}

#[test]
fn implied_conditions_and_dead_alternatives() {
    let implied = on_events(&[
        "action_remote_hostname = \"api.openai.com\"",
        "action_remote_hostname like \"%.openai.com\"",
    ]);
    let found = of_kind(&implied, FindingKind::Subsumed);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].because[0].1, "must equal `api.openai.com`");
    let dead = on_events(&["action_remote_port < 1024", "action_remote_port in (80, 8080)"]);
    let found = of_kind(&dead, FindingKind::DeadBranch);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].explanation, "no value of `action_remote_port` can be less than 1024 and equal 8080");
    let array = on_events(&["labels = \"a\"", "labels = \"b\""]);
    assert_eq!(findings(&array), []);
}

#[test]
fn nulls() {
    assert_eq!(never(&on_events(&["action_remote_ip = null", "action_remote_ip = \"1.2.3.4\""])).len(), 1);
    assert_eq!(never(&on_events(&["action_remote_ip = null", "action_remote_ip != \"1.2.3.4\""])).len(), 0);
    assert_eq!(never(&on_events(&["action_remote_ip = null", "len(action_remote_ip) > 3"])).len(), 1);
    let ranges = ["action_remote_ip incidr \"10.0.0.0/8\"", "action_remote_ip incidr \"192.168.0.0/16\""];
    assert_eq!(never(&on_events(&ranges)).len(), 1);
}

#[test]
fn hostile_queries_end_soon() {
    let many: Vec<String> = (0..300).map(|at| format!("action_file_path like \"%a{at}%b%\"")).collect();
    let choices: Vec<String> = (0..40)
        .map(|at| format!("(action_file_path like \"%x{at}\" or agent_hostname like \"%y{at}\")"))
        .collect();
    let regexes: Vec<String> =
        (0..30).map(|at| format!("action_file_path ~= \"(a|b)*a(a|b){{{}}}$\"", at + 8)).collect();
    for filters in [many, choices, regexes] {
        let text = on_events(&filters.iter().map(String::as_str).collect::<Vec<_>>());
        let begun = std::time::Instant::now();
        let _ = findings(&text);
        // Unoptimized; the bound only catches exponential growth.
        assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
    }
}
