//! What each stage does, in one table: the manual, `atalanta doc`, hover and completion read it here.
//!
//! A test holds it against the parser: every stage word has an entry, every example is read without an error.

/// The page of one stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageDoc {
    /// The word that begins the stage.
    pub word: &'static str,
    /// One line.
    pub summary: &'static str,
    /// How it is written; `[…]` may be left out, `…` repeats.
    pub syntax: &'static str,
    /// What one has to know to use it.
    pub doc: &'static str,
    /// A query with it.
    pub example: &'static str,
}

/// The page of a stage, by its word in any letter case.
pub fn find(word: &str) -> Option<&'static StageDoc> {
    STAGES.iter().find(|stage| stage.word.eq_ignore_ascii_case(word))
}

const fn stage(
    word: &'static str,
    summary: &'static str,
    syntax: &'static str,
    doc: &'static str,
    example: &'static str,
) -> StageDoc {
    StageDoc { word, summary, syntax, doc, example }
}

/// Every stage, sorted by its word.
pub static STAGES: &[StageDoc] = &[
    stage(
        "alter",
        "Makes new columns, or replaces columns, by expressions",
        "alter NAME = EXPRESSION [, NAME = EXPRESSION …]",
        "All other columns stay. The expressions of one stage see the row before it; to use a new column, start another `alter`.",
        "dataset = xdr_data\n| alter command = lowercase(action_process_command_line)\n| filter command contains \"base64\"",
    ),
    stage(
        "arrayexpand",
        "Makes one row of each element of an array",
        "arrayexpand FIELD [limit N]",
        "The other columns are repeated. `limit` keeps the first N elements of each row. A row whose array is null or empty is dropped.",
        "dataset = xdr_data\n| alter word = split(action_process_command_line, \" \")\n| arrayexpand word limit 3\n| fields word",
    ),
    stage(
        "bin",
        "Rounds a time or a number down to the start of its bucket",
        "bin FIELD span = DURATION | NUMBER [timeshift = SECONDS] [timezone = \"ZONE\"]",
        "The column is replaced. With `_time`, durations such as `15m`, `1h`, `1d` give buckets of the calendar, in UTC unless a zone is written.",
        "dataset = xdr_data\n| bin _time span = 1h\n| comp count() as events by _time",
    ),
    stage(
        "call",
        "Runs a saved query, or a rule of a rules file",
        "call \"NAME\" [PARAMETER = VALUE …]",
        "In rules files, `call name` inserts the pipeline of `[RULE: name]`.",
        "call \"suspicious logins\" days = 7",
    ),
    stage(
        "cold_dataset",
        "Reads a dataset from cold storage",
        "cold_dataset = NAME",
        "In Cortex, rows that have left hot storage. Here, the same rows as `dataset`.",
        "cold_dataset = xdr_data\n| filter event_type = ENUM.PROCESS",
    ),
    stage(
        "comp",
        "Groups rows and computes aggregates over each group",
        "comp AGGREGATE [as NAME] [, …] [by FIELD [, …]] [addrawdata = true as NAME]",
        "Only the keys and the aggregates are left afterwards; every other field is gone. Without `by`, one row is returned even for no input. Nulls form a group of their own.",
        "dataset = xdr_data\n| comp count() as events, count_distinct(action_remote_hostname) as hosts by actor_primary_user_sid\n| filter hosts > 10",
    ),
    stage(
        "config",
        "Settings of the whole query",
        "config [case_sensitive = true | false] [timeframe = DURATION | between \"FROM\" and \"TO\"] [max_runtime_minutes = N]",
        "Stands first. Comparisons ignore letter case unless `case_sensitive = true`. The time frame bounds `_time` of every dataset of the query.",
        "config case_sensitive = true timeframe = 7d\n| dataset = xdr_data\n| filter action_process_image_name = \"python\"",
    ),
    stage(
        "datamodel",
        "Reads datasets through the data model",
        "datamodel dataset = NAME | dataset in (NAME, …)",
        "The rows have the fields `xdm.*` that the modelling rules of each dataset assign.",
        "datamodel dataset = *\n| filter xdm.source.user.username = \"ana\"",
    ),
    stage(
        "dataset",
        "Reads one or several datasets",
        "dataset = NAME | dataset in (NAME, PATTERN*, …)",
        "A query without a source reads `xdr_data`. Of several datasets the rows are appended; a column that one of them lacks is null there.",
        "dataset = xdr_data\n| filter event_type = ENUM.NETWORK\n| limit 10",
    ),
    stage(
        "dedup",
        "Keeps one row of each combination of values",
        "dedup FIELD [, …] [by asc | desc FIELD]",
        "With `by`, the first row in that order is kept; without it, any one.",
        "dataset = xdr_data\n| dedup action_remote_hostname by desc _time\n| fields _time, action_remote_hostname",
    ),
    stage(
        "drop",
        "Removes the rows for which a condition holds (rules files)",
        "drop CONDITION",
        "A row for which the condition is unknown, because a value is null, is kept: `drop` is not the opposite of `filter`.",
        "dataset = xdr_data\n| drop action_remote_port = 443",
    ),
    stage(
        "eval",
        "Runbook spelling of `alter`",
        "eval NAME = EXPRESSION [, …]",
        "Read in compatibility mode only, and reported by `check`, which replaces it.",
        "dataset = xdr_data\n| eval size = len(action_process_command_line)",
    ),
    stage(
        "fields",
        "Keeps, renames or removes columns",
        "fields [-] FIELD [as NAME] [, PATTERN* …]",
        "With `-` the listed columns are removed. The system column `_time` stays in any case. A column that is not listed is gone for all later stages.",
        "dataset = xdr_data\n| fields _time, action_remote_hostname as host, action_network_*",
    ),
    stage(
        "filter",
        "Keeps the rows for which a condition is true",
        "filter CONDITION",
        "Operators: `=`, `!=`, `<`, `<=`, `>`, `>=`, `in`, `contains`, `~=`, `!~=`, `incidr`, `incidr6`, `and`, `or`, `not`. A comparison with a null is unknown, and unknown is not kept; `x = null` and `x != null` test for null. In `in` lists, `*` matches any text.",
        "dataset = xdr_data\n| filter event_type = ENUM.NETWORK and action_remote_hostname in (\"*.openai.com\", \"*.anthropic.com\")",
    ),
    stage(
        "getrole",
        "Adds the roles that Cortex gives a user or host",
        "getrole FIELD [as NAME]",
        "Needs the asset roles of a tenant.",
        "dataset = xdr_data\n| getrole actor_primary_user_sid as roles",
    ),
    stage(
        "iploc",
        "Adds country, city and coordinates of an address",
        "iploc FIELD [loc_country as NAME, …] [suffix = TEXT]",
        "Reads a MaxMind database that the user supplies.",
        "dataset = xdr_data\n| iploc action_remote_ip loc_country as country, loc_city",
    ),
    stage(
        "join",
        "Combines rows with matching rows of another query",
        "join [type = inner | left | right] [conflict_strategy = both | left | right] (QUERY) as ALIAS CONDITION",
        "The condition names columns of the other query as `ALIAS.column`. Inner when no type is written. Of columns with the same name, the strategy says which is kept; right when none is written.",
        "dataset = xdr_data\n| filter event_type = ENUM.NETWORK\n| join type = inner (\n    dataset = xdr_data\n    | filter event_type = ENUM.PROCESS\n    | comp count() as started by actor_primary_user_sid\n) as process process.actor_primary_user_sid = actor_primary_user_sid\n| fields actor_primary_user_sid, started",
    ),
    stage(
        "limit",
        "Keeps the first rows",
        "limit N",
        "Without a `sort` before it, which rows are first is not defined.",
        "dataset = xdr_data\n| sort desc _time\n| limit 100",
    ),
    stage(
        "pivot",
        "Turns values of a column into columns",
        "pivot AGGREGATE for FIELD in (VALUE, …) [by FIELD, …]",
        "One column for each value of the list.",
        "dataset = xdr_data\n| pivot count() for event_type in (\"NETWORK\", \"PROCESS\") by actor_primary_user_sid",
    ),
    stage(
        "preset",
        "Reads a named part of a dataset",
        "preset = NAME",
        "Such as `network_story`: the network events of `xdr_data`.",
        "preset = network_story\n| comp count() as connections by action_remote_ip",
    ),
    stage(
        "replacenull",
        "Replaces nulls of a column by a value",
        "replacenull FIELD = VALUE",
        "The value has the type of the column.",
        "dataset = xdr_data\n| replacenull action_remote_hostname = \"none\"\n| comp count() as events by action_remote_hostname",
    ),
    stage(
        "search",
        "Finds rows that hold a text in any field",
        "search \"TEXT\" [and | or \"TEXT\" …] [mode = raw] [dataset = NAME | dataset in (…)]",
        "Takes the place of the source.",
        "search \"ignore previous instructions\" dataset = xdr_data",
    ),
    stage(
        "sort",
        "Orders the rows",
        "sort asc | desc FIELD [, asc | desc FIELD …]",
        "Nulls come first when ascending, last when descending. A later `comp` or `join` does not keep the order.",
        "dataset = xdr_data\n| comp count() as events by action_remote_hostname\n| sort desc events",
    ),
    stage(
        "tag",
        "Adds tags to the rows",
        "tag add \"TEXT\" [, …]",
        "Presentation in Cortex; without effect on the result here.",
        "dataset = xdr_data\n| filter event_type = ENUM.FILE\n| tag add \"model files\"",
    ),
    stage(
        "target",
        "Writes the rows to a dataset or lookup",
        "target type = dataset | lookup [append = true | false] NAME",
        "The last stage of a query.",
        "dataset = xdr_data\n| fields actor_primary_user_sid\n| target type = lookup append = true known_users",
    ),
    stage(
        "top",
        "Counts the most frequent values of a column",
        "top [N] FIELD [by FIELD, …] [top_count as NAME] [top_percent as NAME]",
        "Ten when no number is written. The count is a column, and so is its share in percent.",
        "dataset = xdr_data\n| top 3 action_remote_hostname by event_type",
    ),
    stage(
        "transaction",
        "Joins rows of the same keys into one, as long as they are close in time",
        "transaction FIELD [, …] [span = DURATION] [maxevents = N]",
        "A new transaction begins when the span or the number is exceeded.",
        "dataset = xdr_data\n| transaction actor_primary_user_sid span = 1h maxevents = 50",
    ),
    stage(
        "transpose",
        "Turns rows into columns",
        "transpose [N] [header_field = FIELD]",
        "At most N rows become columns.",
        "dataset = xdr_data\n| comp count() as events by event_type\n| transpose 5 header_field = event_type",
    ),
    stage(
        "union",
        "Appends the rows of another dataset or query",
        "union NAME | union (QUERY)",
        "Columns are matched by name; what one side lacks is null there.",
        "dataset = xdr_data\n| filter event_type = ENUM.NETWORK\n| union (dataset = xdr_data | filter event_type = ENUM.FILE)\n| comp count() as events by event_type",
    ),
    stage(
        "view",
        "How a console shows the result",
        "view graph type = TYPE [xaxis = FIELD] [yaxis = FIELD] […] | view highlight …",
        "Without effect on the rows.",
        "dataset = xdr_data\n| comp count() as events by event_type\n| view graph type = column xaxis = event_type yaxis = events",
    ),
    stage(
        "windowcomp",
        "Adds a column computed over the rows around each row",
        "windowcomp FUNCTION [by FIELD, …] [sort asc | desc FIELD] [between FROM and TO] [as NAME]",
        "Rows and columns stay. `by` begins a new window for each value; `between -5 and 0` takes the five rows before and the row itself, `null` is unbounded.",
        "dataset = xdr_data\n| bin _time span = 1h\n| comp count() as events by actor_primary_user_sid, _time\n| windowcomp avg(events) by actor_primary_user_sid sort asc _time between -24 and -1 as usual\n| filter events > multiply(usual, 5)",
    ),
];

#[cfg(test)]
mod tests {
    use atalanta_diag::Severity;

    use super::*;
    use crate::env::{Env, Mode};
    use crate::syntax::STAGE_WORDS;

    #[test]
    fn every_stage_has_a_page_and_every_page_a_stage() {
        let words: Vec<&str> = STAGES.iter().map(|stage| stage.word).collect();
        assert_eq!(words, STAGE_WORDS);
    }

    #[test]
    fn examples_hold_the_stage_and_have_no_syntax_error() {
        for stage in STAGES {
            let checked = crate::check(stage.example, &Env::new(Mode::Compat));
            let wrong =
                |d: &&atalanta_diag::Diagnostic| d.severity == Severity::Error && d.code.0.starts_with("XS");
            assert_eq!(checked.diagnostics.iter().find(wrong), None, "{}", stage.word);
            assert!(stage.example.contains(stage.word), "{}", stage.word);
            let formatted = crate::format::format(stage.example, crate::format::Kind::Query).text;
            assert_eq!(formatted.trim_end(), stage.example, "{}", stage.word);
        }
    }
}
