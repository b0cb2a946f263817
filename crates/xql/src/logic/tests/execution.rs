//! The analysis against a naive interpreter: what is claimed must hold on random rows.

use std::cell::RefCell;
use std::collections::HashMap;

use atalanta_diag::Span;
use atalanta_schema::Type;
use proptest::prelude::*;
use regex_automata::meta::Regex;

use crate::ir::{
    AggregateCall, Column, Comparison, Expr, ExprKind, JoinColumn, Operation, OperationKind, Pattern, Plan,
    Row,
};
use crate::logic::{FindingKind, analyze};
use crate::syntax::ast::{JoinKind, Strategy as Conflict};

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Null,
    Int(i64),
    Bool(bool),
    Text(String),
    List(Vec<String>),
}

type Record = HashMap<String, Value>;

/// What happened at a condition: rows that reached it, rows for which it was true.
#[derive(Default)]
struct Log(RefCell<HashMap<Span, (usize, usize)>>);

impl Log {
    fn note(&self, span: Span, passed: bool) {
        let mut log = self.0.borrow_mut();
        let entry = log.entry(span).or_default();
        entry.0 += 1;
        entry.1 += usize::from(passed);
    }

    fn of(&self, span: Span) -> (usize, usize) {
        self.0.borrow().get(&span).copied().unwrap_or_default()
    }
}

struct Machine<'a> {
    source: &'a [Record],
    unicode: bool,
    log: Log,
    regexes: RefCell<HashMap<String, Regex>>,
}

impl Machine<'_> {
    fn lower(&self, text: &str, fold: bool) -> String {
        match (fold, self.unicode) {
            (false, _) => text.to_owned(),
            (true, true) => text.to_lowercase(),
            (true, false) => text.to_ascii_lowercase(),
        }
    }

    fn value(&self, expr: &Expr, left: &Record, right: &Record) -> Value {
        match &expr.kind {
            ExprKind::Null => Value::Null,
            ExprKind::Int(value) => Value::Int(*value),
            ExprKind::Bool(value) => Value::Bool(*value),
            ExprKind::String(value) => Value::Text(value.clone()),
            ExprKind::Column(name) => left.get(name).cloned().unwrap_or(Value::Null),
            ExprKind::RightColumn(name) => right.get(name).cloned().unwrap_or(Value::Null),
            ExprKind::Call { function, arguments } => {
                match (function.as_str(), self.value(&arguments[0], left, right)) {
                    ("len", Value::Text(text)) => Value::Int(text.chars().count() as i64),
                    ("coalesce", Value::Null) => self.value(&arguments[1], left, right),
                    ("coalesce", value) => value,
                    _ => Value::Null,
                }
            }
            ExprKind::Arithmetic { left: a, right: b, .. } => {
                match (self.value(a, left, right), self.value(b, left, right)) {
                    (Value::Int(a), Value::Int(b)) => Value::Int(a - b),
                    _ => Value::Null,
                }
            }
            _ => self.truth(expr, left, right).map_or(Value::Null, Value::Bool),
        }
    }

    /// Three-valued truth.
    fn truth(&self, expr: &Expr, left: &Record, right: &Record) -> Option<bool> {
        match &expr.kind {
            ExprKind::And(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.truth(part, left, right)).collect();
                if parts.contains(&Some(false)) {
                    return Some(false);
                }
                if parts.contains(&None) { None } else { Some(true) }
            }
            ExprKind::Or(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.truth(part, left, right)).collect();
                if parts.contains(&Some(true)) {
                    return Some(true);
                }
                if parts.contains(&None) { None } else { Some(false) }
            }
            ExprKind::Not(inner) => self.truth(inner, left, right).map(|truth| !truth),
            ExprKind::IsNull(value) => Some(self.value(value, left, right) == Value::Null),
            ExprKind::Compare { operator, left: a, right: b } => {
                compare(*operator, &self.value(a, left, right), &self.value(b, left, right))
            }
            ExprKind::Matches { value, pattern, fold } => match self.value(value, left, right) {
                Value::Text(text) => Some(self.matches(&text, pattern, *fold)),
                Value::List(texts) => Some(texts.iter().any(|text| self.matches(text, pattern, *fold))),
                _ => None,
            },
            ExprKind::In { value, list, negated, fold } => {
                self.listed(&self.value(value, left, right), list, *fold, *negated)
            }
            ExprKind::InCidr { value, .. } => match self.value(value, left, right) {
                Value::Null => None,
                _ => Some(false),
            },
            _ => match self.value(expr, left, right) {
                Value::Bool(truth) => Some(truth),
                _ => None,
            },
        }
    }

    fn listed(&self, value: &Value, list: &[Expr], fold: bool, negated: bool) -> Option<bool> {
        let has_null = list.iter().any(|item| item.kind == ExprKind::Null);
        if *value == Value::Null {
            return if has_null { Some(!negated) } else { negated.then_some(true) };
        }
        let hit = list.iter().any(|item| match (&item.kind, value) {
            (ExprKind::String(text), Value::Text(value)) => {
                self.matches(value, &Pattern::Wildcard(text.clone()), fold)
            }
            (ExprKind::String(text), Value::List(values)) => {
                values.iter().any(|value| self.matches(value, &Pattern::Wildcard(text.clone()), fold))
            }
            (ExprKind::Int(number), Value::Int(value)) => number == value,
            _ => false,
        });
        Some(hit != negated)
    }

    fn matches(&self, text: &str, pattern: &Pattern, fold: bool) -> bool {
        let text_lower = self.lower(text, fold);
        match pattern {
            Pattern::Equals(wanted) => text_lower == self.lower(wanted, fold),
            Pattern::Contains(wanted) => text_lower.contains(&self.lower(wanted, fold)),
            Pattern::Wildcard(wanted) => wildcard(self.lower(wanted, fold).as_bytes(), text_lower.as_bytes()),
            Pattern::Regex(regex) => {
                let mut regexes = self.regexes.borrow_mut();
                let regex = regexes
                    .entry(regex.clone())
                    .or_insert_with_key(|regex| Regex::new(regex).expect("test input is valid"));
                regex.is_match(text)
            }
        }
    }

    fn run(&self, plan: &Plan) -> Vec<Record> {
        let mut rows = Vec::new();
        for operation in &plan.operations {
            rows = match &operation.kind {
                OperationKind::Source { .. } => self.source.to_vec(),
                OperationKind::Filter(condition) => {
                    rows.into_iter().filter(|row| self.passes(condition, row, &Record::new())).collect()
                }
                OperationKind::Assign(items) => rows.into_iter().map(|row| self.assign(items, row)).collect(),
                OperationKind::Project(items) => rows.iter().map(|row| renamed(items, row)).collect(),
                OperationKind::Aggregate { keys, aggregates } => self.group(keys, aggregates, &rows),
                OperationKind::Union(right) => {
                    let mut all = rows;
                    all.extend(self.run(right));
                    all
                }
                OperationKind::Join { kind, right, condition, output, .. } => {
                    self.join(*kind, &rows, &self.run(right), condition, output)
                }
                other => panic!("{other:?} is not generated"),
            };
        }
        rows
    }

    /// Evaluates the and-ed parts in turn and logs each, with its alternatives.
    fn passes(&self, condition: &Expr, left: &Record, right: &Record) -> bool {
        if let ExprKind::And(parts) = &condition.kind {
            return parts.iter().all(|part| self.passes(part, left, right));
        }
        match &condition.kind {
            ExprKind::Or(parts) => {
                for part in parts {
                    self.log.note(part.span, self.truth(part, left, right) == Some(true));
                }
            }
            ExprKind::In { value, list, fold, .. } => {
                let value = self.value(value, left, right);
                for item in list {
                    let hit = self.listed(&value, std::slice::from_ref(item), *fold, false);
                    self.log.note(item.span, hit == Some(true));
                }
            }
            _ => {}
        }
        let passed = self.truth(condition, left, right) == Some(true);
        self.log.note(condition.span, passed);
        passed
    }

    fn assign(&self, items: &[(String, Expr)], row: Record) -> Record {
        let mut out = row.clone();
        for (name, expr) in items {
            out.insert(name.clone(), self.value(expr, &row, &Record::new()));
        }
        out
    }

    fn group(
        &self,
        keys: &[(String, Expr)],
        calls: &[(String, AggregateCall)],
        rows: &[Record],
    ) -> Vec<Record> {
        let mut groups: Vec<(Record, Vec<&Record>)> = Vec::new();
        for row in rows {
            let key: Record =
                keys.iter().map(|(name, key)| (name.clone(), self.value(key, row, &Record::new()))).collect();
            match groups.iter_mut().find(|(known, _)| *known == key) {
                Some((_, members)) => members.push(row),
                None => groups.push((key, vec![row])),
            }
        }
        if keys.is_empty() && groups.is_empty() {
            groups.push((Record::new(), Vec::new()));
        }
        for (record, members) in &mut groups {
            for (name, call) in calls {
                record.insert(name.clone(), self.aggregate(call, members));
            }
        }
        groups.into_iter().map(|(record, _)| record).collect()
    }

    fn aggregate(&self, call: &AggregateCall, rows: &[&Record]) -> Value {
        let Some(argument) = &call.argument else {
            return Value::Int(rows.len() as i64);
        };
        let numbers: Vec<i64> = rows
            .iter()
            .filter_map(|row| match self.value(argument, row, &Record::new()) {
                Value::Int(number) => Some(number),
                _ => None,
            })
            .collect();
        match call.function.as_str() {
            "count" => Value::Int(numbers.len() as i64),
            "sum" if !numbers.is_empty() => Value::Int(numbers.iter().sum()),
            "max" => numbers.iter().max().map_or(Value::Null, |number| Value::Int(*number)),
            _ => Value::Null,
        }
    }

    fn join(
        &self,
        kind: JoinKind,
        left: &[Record],
        right: &[Record],
        condition: &Expr,
        output: &[JoinColumn],
    ) -> Vec<Record> {
        let mut pairs = Vec::new();
        let mut matched = vec![false; right.len()];
        let none = Record::new();
        for row in left {
            let mut found = false;
            for (at, other) in right.iter().enumerate() {
                if self.passes(condition, row, other) {
                    found = true;
                    matched[at] = true;
                    pairs.push((row, other));
                }
            }
            if !found && kind == JoinKind::Left {
                pairs.push((row, &none));
            }
        }
        if kind == JoinKind::Right {
            pairs.extend(
                right.iter().zip(&matched).filter(|(_, hit)| !**hit).map(|(other, _)| (&none, other)),
            );
        }
        let take = |(a, b): (&Record, &Record)| {
            let get = |column: &JoinColumn| {
                let side = if column.from_right { b } else { a };
                (column.name.clone(), side.get(&column.source).cloned().unwrap_or(Value::Null))
            };
            output.iter().map(get).collect()
        };
        pairs.into_iter().map(take).collect()
    }
}

fn compare(operator: Comparison, left: &Value, right: &Value) -> Option<bool> {
    if *left == Value::Null || *right == Value::Null {
        return (operator == Comparison::Ne).then_some(true);
    }
    let order = match (left, right) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        _ => return None,
    };
    Some(match operator {
        Comparison::Eq => order.is_eq(),
        Comparison::Ne => order.is_ne(),
        Comparison::Lt => order.is_lt(),
        Comparison::Le => order.is_le(),
        Comparison::Gt => order.is_gt(),
        Comparison::Ge => order.is_ge(),
    })
}

fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|skip| wildcard(rest, &text[skip..])),
        Some((byte, rest)) => text.first() == Some(byte) && wildcard(rest, &text[1..]),
    }
}

fn renamed(items: &[(String, String)], row: &Record) -> Record {
    items.iter().map(|(from, to)| (to.clone(), row.get(from).cloned().unwrap_or(Value::Null))).collect()
}

const COLUMNS: [&str; 5] = ["s", "t", "n", "b", "a"];

fn type_of(name: &str) -> Type {
    match name {
        "n" => Type::Int,
        "b" => Type::Bool,
        "a" => Type::array(Type::String),
        _ => Type::String,
    }
}

fn expr(kind: ExprKind, ty: Type) -> Expr {
    Expr { kind, ty, span: Span::default() }
}

fn boolean(kind: ExprKind) -> Expr {
    expr(kind, Type::Bool)
}

fn column(name: &str) -> Expr {
    expr(ExprKind::Column(name.to_owned()), type_of(name))
}

fn integer(value: i64) -> Expr {
    expr(ExprKind::Int(value), Type::Int)
}

fn text(value: &str) -> Expr {
    expr(ExprKind::String(value.to_owned()), Type::String)
}

fn null() -> Expr {
    expr(ExprKind::Null, Type::Null)
}

fn pattern() -> impl Strategy<Value = Pattern> {
    prop_oneof![
        "[aAbk/]{0,2}".prop_map(Pattern::Equals),
        "[aAbk/]{0,2}".prop_map(Pattern::Contains),
        "[aAbk/*]{0,4}".prop_map(Pattern::Wildcard),
        prop_oneof![Just("^a"), Just("(?i)k$"), Just(r"^\w*$"), Just("[^b]$"), Just("a.*b")]
            .prop_map(|regex| Pattern::Regex(regex.to_owned())),
    ]
}

fn operator() -> impl Strategy<Value = Comparison> {
    use Comparison::{Eq, Ge, Gt, Le, Lt, Ne};
    prop_oneof![Just(Eq), Just(Ne), Just(Lt), Just(Le), Just(Gt), Just(Ge)]
}

fn texts() -> impl Strategy<Value = Expr> {
    prop_oneof![Just("s"), Just("s"), Just("t"), Just("a")].prop_map(column)
}

fn numbers() -> impl Strategy<Value = Expr> {
    let length = expr(ExprKind::Call { function: "len".to_owned(), arguments: vec![column("s")] }, Type::Int);
    prop_oneof![3 => Just(column("n")), 1 => Just(length), 1 => Just(null())]
}

fn atom() -> impl Strategy<Value = Expr> {
    let matches = (texts(), pattern(), any::<bool>()).prop_map(|(value, pattern, fold)| {
        boolean(ExprKind::Matches { value: Box::new(value), pattern, fold })
    });
    let compare =
        (operator(), numbers(), -2i64..4, any::<bool>()).prop_map(|(operator, value, constant, swap)| {
            let (left, right) = if swap { (integer(constant), value) } else { (value, integer(constant)) };
            boolean(ExprKind::Compare { operator, left: Box::new(left), right: Box::new(right) })
        });
    let list = (texts(), proptest::collection::vec("[abk*]{0,2}", 0..3), any::<(bool, bool, bool)>())
        .prop_map(|(value, items, (with_null, negated, fold))| {
            let mut list: Vec<Expr> = items.iter().map(|item| text(item)).collect();
            list.extend(with_null.then(null));
            boolean(ExprKind::In { value: Box::new(value), list, negated, fold })
        });
    let numbers_in =
        (proptest::collection::vec(-2i64..4, 0..3), any::<bool>()).prop_map(|(items, negated)| {
            let list = items.into_iter().map(integer).collect();
            boolean(ExprKind::In { value: Box::new(column("n")), list, negated, fold: false })
        });
    let is_null = (0usize..5).prop_map(|at| boolean(ExprKind::IsNull(Box::new(column(COLUMNS[at])))));
    let columns = operator().prop_map(|operator| {
        boolean(ExprKind::Compare { operator, left: Box::new(column("s")), right: Box::new(column("t")) })
    });
    prop_oneof![
        5 => matches,
        4 => compare,
        2 => list,
        1 => numbers_in,
        2 => is_null,
        1 => columns,
        1 => Just(column("b")),
        1 => any::<bool>().prop_map(|value| boolean(ExprKind::Compare {
            operator: Comparison::Ne,
            left: Box::new(column("b")),
            right: Box::new(boolean(ExprKind::Bool(value))),
        })),
    ]
}

fn condition() -> impl Strategy<Value = Expr> {
    atom().prop_recursive(3, 8, 3, |inner| {
        let several = proptest::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            several.clone().prop_map(|parts| boolean(ExprKind::And(parts))),
            several.prop_map(|parts| boolean(ExprKind::Or(parts))),
            inner.prop_map(|part| boolean(ExprKind::Not(Box::new(part)))),
        ]
    })
}

fn assignment() -> impl Strategy<Value = OperationKind> {
    let difference = expr(
        ExprKind::Arithmetic { operator: '-', left: Box::new(column("n")), right: Box::new(integer(1)) },
        Type::Int,
    );
    let length = expr(ExprKind::Call { function: "len".to_owned(), arguments: vec![column("t")] }, Type::Int);
    let either = expr(
        ExprKind::Call { function: "coalesce".to_owned(), arguments: vec![column("s"), column("t")] },
        Type::String,
    );
    prop_oneof![
        Just(("t", column("s"))),
        Just(("s", text("aB"))),
        Just(("s", null())),
        Just(("n", null())),
        Just(("n", integer(2))),
        Just(("n", difference)),
        Just(("n", length)),
        Just(("t", either)),
    ]
    .prop_map(|(name, value)| OperationKind::Assign(vec![(name.to_owned(), value)]))
}

fn aggregation() -> impl Strategy<Value = OperationKind> {
    let function =
        prop_oneof![Just(("count", false)), Just(("count", true)), Just(("sum", true)), Just(("max", true))];
    (function, any::<bool>()).prop_map(|((function, argument), keyed)| {
        let call = AggregateCall {
            function: function.to_owned(),
            argument: argument.then(|| column("n")),
            parameters: Vec::new(),
            ty: Type::Int,
            span: Span::default(),
        };
        let keys = if keyed { &["s", "t", "b", "a"][..] } else { &[] };
        let keys = keys.iter().map(|name| ((*name).to_owned(), column(name))).collect();
        OperationKind::Aggregate { keys, aggregates: vec![("n".to_owned(), call)] }
    })
}

fn joined() -> impl Strategy<Value = OperationKind> {
    let kind = prop_oneof![Just(JoinKind::Inner), Just(JoinKind::Left), Just(JoinKind::Right)];
    (kind, condition(), 0u8..32).prop_map(|(kind, filter, sides)| {
        let right = expr(ExprKind::RightColumn("s".to_owned()), Type::String);
        let equal = ExprKind::Compare {
            operator: Comparison::Eq,
            left: Box::new(right),
            right: Box::new(column("s")),
        };
        let output = COLUMNS.iter().enumerate().map(|(at, name)| JoinColumn {
            name: (*name).to_owned(),
            from_right: sides & (1 << at) != 0,
            source: (*name).to_owned(),
            fallback: None,
        });
        OperationKind::Join {
            kind,
            strategy: Conflict::Right,
            right: Box::new(plan_of(vec![OperationKind::Filter(filter)])),
            alias: "r".to_owned(),
            condition: boolean(equal),
            output: output.collect(),
        }
    })
}

fn step() -> impl Strategy<Value = OperationKind> {
    let swap: Vec<(String, String)> = [("t", "s"), ("s", "t"), ("n", "n"), ("b", "b"), ("a", "a")]
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .into();
    prop_oneof![
        8 => condition().prop_map(OperationKind::Filter),
        3 => assignment(),
        1 => Just(OperationKind::Project(swap)),
        1 => aggregation(),
        1 => condition().prop_map(|filter| {
            OperationKind::Union(Box::new(plan_of(vec![OperationKind::Filter(filter)])))
        }),
        1 => joined(),
    ]
}

fn plan_of(steps: Vec<OperationKind>) -> Plan {
    let columns = COLUMNS.iter().map(|name| Column {
        name: (*name).to_owned(),
        ty: type_of(name),
        field: None,
        system: false,
        empty: false,
    });
    let row = Row::new(columns, false);
    let source = OperationKind::Source { datasets: vec!["none".to_owned()] };
    let operations = std::iter::once(source).chain(steps).enumerate().map(|(stage, kind)| Operation {
        kind,
        stage,
        span: Span::default(),
        row: row.clone(),
    });
    Plan { operations: operations.collect(), ..Plan::default() }
}

/// Gives every expression a place of its own.
fn place(plan: &mut Plan, next: &mut usize) {
    for operation in &mut plan.operations {
        match &mut operation.kind {
            OperationKind::Filter(condition) => place_expr(condition, next),
            OperationKind::Union(right) => place(right, next),
            OperationKind::Join { right, condition, .. } => {
                place(right, next);
                place_expr(condition, next);
            }
            _ => {}
        }
    }
}

fn place_expr(expr: &mut Expr, next: &mut usize) {
    expr.span = Span::new(*next, *next + 1);
    *next += 1;
    match &mut expr.kind {
        ExprKind::And(parts) | ExprKind::Or(parts) => {
            for part in parts {
                place_expr(part, next);
            }
        }
        ExprKind::Not(inner) => place_expr(inner, next),
        ExprKind::In { list, .. } => list.iter_mut().for_each(|item| place_expr(item, next)),
        _ => {}
    }
}

fn record() -> impl Strategy<Value = Record> {
    let text = || prop_oneof![1 => Just(Value::Null), 5 => "[aAbkK/\u{212A}]{0,3}".prop_map(Value::Text)];
    let number = prop_oneof![1 => Just(Value::Null), 5 => (-3i64..5).prop_map(Value::Int)];
    let truth = prop_oneof![1 => Just(Value::Null), 3 => any::<bool>().prop_map(Value::Bool)];
    let list = prop_oneof![
        1 => Just(Value::Null),
        3 => proptest::collection::vec("[abk]{0,2}", 0..3).prop_map(Value::List),
    ];
    (text(), text(), number, truth, list).prop_map(|(s, t, n, b, a)| {
        COLUMNS.iter().map(|name| (*name).to_owned()).zip([s, t, n, b, a]).collect()
    })
}

/// Checks every claim about a plan on some rows; returns how many were theorems.
fn check(plan: &Plan, rows: &[Record]) -> Result<usize, TestCaseError> {
    let findings = analyze(plan);
    for unicode in [true, false] {
        let machine = Machine { source: rows, unicode, log: Log::default(), regexes: RefCell::default() };
        let result = machine.run(plan);
        for finding in &findings {
            let (reached, passed) = machine.log.of(finding.span);
            match finding.kind {
                FindingKind::Never | FindingKind::DeadBranch => prop_assert_eq!(passed, 0, "{:#?}", finding),
                FindingKind::AlwaysTrue | FindingKind::Subsumed => {
                    prop_assert_eq!(passed, reached, "{:#?}", finding);
                }
                FindingKind::AllOnOneValue | FindingKind::DeadChoice => {}
            }
            prop_assert!(!finding.empty_result || result.is_empty(), "{:#?}", finding);
        }
    }
    Ok(findings.len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(800))]
    #[test]
    fn claims_hold_on_random_rows(
        steps in proptest::collection::vec(step(), 1..6),
        rows in proptest::collection::vec(record(), 0..25),
    ) {
        let mut plan = plan_of(steps);
        place(&mut plan, &mut 0);
        check(&plan, &rows)?;
    }
}

/// The property above is worth something only if many of its plans lead to claims.
#[test]
fn random_plans_lead_to_claims() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut claimed = 0;
    for _ in 0..200 {
        let steps = proptest::collection::vec(step(), 1..6)
            .new_tree(&mut runner)
            .expect("test input is valid")
            .current();
        let mut plan = plan_of(steps);
        place(&mut plan, &mut 0);
        claimed += usize::from(!analyze(&plan).is_empty());
    }
    assert!(claimed > 40, "{claimed} of 200");
}
