//! Many extractions from one JSON column, made into one.
//!
//! Forty `column -> path` in one `alter` would read each text forty times. [`fuse`] finds the extractions of one
//! argument among the expressions of a node, computes them together by one walk ([`super::many`]) into one structure,
//! and leaves in each expression a look at its member. [`FuseJsonPaths`] does this to the projections of a query plan;
//! mapping rules, which have no plan, call [`fuse`] themselves.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, ListBuilder, StringViewBuilder, StructArray};
use arrow::datatypes::{DataType, Field, Fields};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, Projection, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use datafusion::optimizer::common_subexpr_eliminate::CommonSubexprEliminate;
use datafusion::optimizer::optimize_projections::OptimizeProjections;
use datafusion::optimizer::{ApplyOrder, Optimizer, OptimizerConfig, OptimizerRule};

use super::many::{DEEPEST_PATH, PathTree, Walk};
use super::path::{Step, parse_path};
use super::scan::{Json, Node};
use crate::functions::args::Args;
use crate::functions::arrays::elements::text_list_builder;
use crate::functions::dictionary;
use crate::functions::udf::XqlFunction;

/// Texts that are walked before their values are written, column by column: few enough to stay in the cache.
const TOGETHER: usize = 32;

/// Name of the shared structure's column, before a number.
const SHARED: &str = "__json";

/// What is taken of the value at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Take {
    Scalar,
    Json,
    ScalarArray,
    JsonArray,
}

impl Take {
    fn of(function: &str) -> Option<Self> {
        Some(match function {
            "json_extract_scalar" => Self::Scalar,
            "json_extract" => Self::Json,
            "json_extract_scalar_array" => Self::ScalarArray,
            "json_extract_array" => Self::JsonArray,
            _ => return None,
        })
    }

    fn is_list(self) -> bool {
        matches!(self, Self::ScalarArray | Self::JsonArray)
    }

    fn of_value(self, node: Node<'_>) -> Option<Cow<'_, str>> {
        if matches!(self, Self::Scalar | Self::ScalarArray) { node.scalar() } else { Some(node.compacted()) }
    }
}

/// One extraction: a path and what is taken there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Request {
    path: String,
    take: Take,
}

/// All extractions of one argument, as a structure with one member for each.
#[derive(Debug)]
struct ExtractMany {
    requests: Vec<Request>,
    tree: PathTree,
    slots: Vec<usize>,
    fields: Fields,
    signature: Signature,
}

impl ExtractMany {
    fn new(requests: Vec<Request>) -> Result<Self> {
        let mut tree = PathTree::default();
        let mut slots = Vec::with_capacity(requests.len());
        for request in &requests {
            slots.push(tree.add(&parse_path(&request.path)?));
        }
        let field = |(index, request): (usize, &Request)| {
            let list = DataType::new_list(DataType::Utf8View, true);
            let ty = if request.take.is_list() { list } else { DataType::Utf8View };
            Field::new(index.to_string(), ty, true)
        };
        let fields = requests.iter().enumerate().map(field).collect();
        Ok(Self { requests, tree, slots, fields, signature: Signature::any(1, Volatility::Immutable) })
    }

    fn evaluate(&self, args: &Args<'_>) -> Result<ArrayRef> {
        let texts = args.json(0)?;
        let mut walk = self.tree.walk();
        let mut members: Vec<Member> =
            self.requests.iter().map(|request| Member::new(request.take, args.rows())).collect();
        let mut chunk: Vec<Option<Json<'_>>> = Vec::with_capacity(TOGETHER);
        for row in 0..args.rows() {
            let json = texts.get(row).map(Json::new);
            self.tree.run(json.unwrap_or(Json::new("")), &mut walk);
            chunk.push(json);
            if chunk.len() == TOGETHER || row + 1 == args.rows() {
                for ((member, slot), request) in members.iter_mut().zip(&self.slots).zip(&self.requests) {
                    member.extend(&chunk, (&walk, *slot), request.take);
                }
                chunk.clear();
                walk.clear();
            }
        }
        let columns = members.into_iter().map(Member::finish).collect();
        Ok(Arc::new(StructArray::try_new_with_length(self.fields.clone(), columns, None, args.rows())?))
    }
}

/// The column of one extraction.
enum Member {
    Text(StringViewBuilder),
    List(ListBuilder<StringViewBuilder>),
}

impl Member {
    fn new(take: Take, rows: usize) -> Self {
        if take.is_list() {
            Self::List(text_list_builder())
        } else {
            Self::Text(StringViewBuilder::with_capacity(rows))
        }
    }

    /// Adds the values of a slot in texts that were walked.
    fn extend(&mut self, texts: &[Option<Json<'_>>], (walk, slot): (&Walk, usize), take: Take) {
        let present = |at, json| walk.get(json, at, slot).filter(|node| !node.is_null());
        let texts = texts.iter().copied().enumerate();
        match self {
            Self::Text(values) => texts.for_each(|(at, json)| {
                let plain = json.filter(|_| take == Take::Scalar).and_then(|json| walk.plain(json, at, slot));
                match plain {
                    Some(text) => values.append_value(text),
                    None => values.append_option(
                        json.and_then(|json| present(at, json)).and_then(|node| take.of_value(node)),
                    ),
                }
            }),
            Self::List(lists) => texts.for_each(|(at, json)| {
                match json.and_then(|json| present(at, json)).and_then(Node::elements) {
                    None => lists.append_null(),
                    Some(elements) => {
                        elements
                            .into_iter()
                            .for_each(|node| lists.values().append_option(take.of_value(node)));
                        lists.append(true);
                    }
                }
            }),
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Text(mut texts) => Arc::new(texts.finish()),
            Self::List(mut lists) => Arc::new(lists.finish()),
        }
    }
}

impl PartialEq for ExtractMany {
    fn eq(&self, other: &Self) -> bool {
        self.requests == other.requests
    }
}

impl Eq for ExtractMany {}

impl Hash for ExtractMany {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.requests.hash(state);
    }
}

impl ScalarUDFImpl for ExtractMany {
    fn name(&self) -> &'static str {
        "json_extract_many"
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        let json = args.first().map(|json| json.schema_name().to_string()).unwrap_or_default();
        let paths: Vec<&str> = self.requests.iter().map(|request| request.path.as_str()).collect();
        Ok(format!("json_extract_many({json}, {})", paths.join(", ")))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Struct(self.fields.clone()))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let name = "json_extract_many";
        let evaluate = |args: &ScalarFunctionArgs, rows| self.evaluate(&Args::new(name, args, rows));
        if args.args.iter().all(|argument| matches!(argument, ColumnarValue::Scalar(_))) {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&evaluate(&args, 1)?, 0)?));
        }
        let by_value = dictionary::by_value(&args, evaluate)?;
        Ok(ColumnarValue::Array(by_value.map_or_else(|| evaluate(&args, args.number_rows), Ok)?))
    }
}

/// One member of the structure.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Part {
    index: usize,
    signature: Signature,
}

impl ScalarUDFImpl for Part {
    fn name(&self) -> &'static str {
        "json_part"
    }

    fn schema_name(&self, args: &[Expr]) -> Result<String> {
        let all = args.first().map(|json| json.schema_name().to_string()).unwrap_or_default();
        Ok(format!("json_part({all}, {})", self.index))
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match types {
            [DataType::Struct(fields)] if self.index < fields.len() => {
                Ok(fields[self.index].data_type().clone())
            }
            _ => plan_err!("json_part {} of {types:?}", self.index),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        match args.args.first() {
            Some(ColumnarValue::Array(all)) if self.index < all.as_struct().num_columns() => {
                Ok(ColumnarValue::Array(Arc::clone(all.as_struct().column(self.index))))
            }
            Some(ColumnarValue::Scalar(ScalarValue::Struct(all))) if self.index < all.num_columns() => {
                Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(all.column(self.index), 0)?))
            }
            _ => exec_err!("json_part {} without a structure", self.index),
        }
    }
}

/// Expressions whose extractions are shared.
#[derive(Debug)]
pub(crate) struct Fused {
    /// The shared structures: a column name and its value.
    pub shared: Vec<(String, Expr)>,
    /// The expressions, reading the shared columns.
    pub exprs: Vec<Expr>,
}

/// The extractions of one argument.
struct Group {
    argument: Expr,
    requests: Vec<Request>,
}

/// Shares the extractions of `exprs`; none if no argument has two of them. `name` names the shared columns.
pub(crate) fn fuse(exprs: &[Expr], mut name: impl FnMut() -> String) -> Result<Option<Fused>> {
    let mut groups: Vec<Group> = Vec::new();
    let mut by_argument: HashMap<Expr, usize> = HashMap::new();
    for expr in exprs {
        expr.apply(|node| {
            if let Some((argument, request)) = extraction(node) {
                let group = *by_argument.entry(argument.clone()).or_insert_with(|| {
                    groups.push(Group { argument: argument.clone(), requests: Vec::new() });
                    groups.len() - 1
                });
                if !groups[group].requests.contains(&request) {
                    groups[group].requests.push(request);
                }
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
    }
    let mut shared = Vec::new();
    let mut names: HashMap<Expr, (String, Vec<Request>)> = HashMap::new();
    for group in groups.into_iter().filter(|group| group.requests.len() > 1) {
        let function = ScalarUDF::from(ExtractMany::new(group.requests.clone())?);
        let name = name();
        shared.push((name.clone(), function.call(vec![group.argument.clone()])));
        names.insert(group.argument, (name, group.requests));
    }
    if shared.is_empty() {
        return Ok(None);
    }
    let exprs =
        exprs.iter().map(|expr| Ok(expr.clone().transform_down(|node| Ok(look_up(node, &names)))?.data));
    Ok(Some(Fused { shared, exprs: exprs.collect::<Result<_>>()? }))
}

/// Whether a step is a key in an object and an index in an array; the tree of shared paths has no branch for it.
fn is_either(step: &Step) -> bool {
    matches!(step, Step::Key(_)) && step.as_index().is_some()
}

/// The argument of an extraction with a literal path, and what is extracted.
fn extraction(expr: &Expr) -> Option<(&Expr, Request)> {
    let Expr::ScalarFunction(ScalarFunction { func, args }) = expr else { return None };
    let take = Take::of(func.inner().downcast_ref::<XqlFunction>()?.spec().name)?;
    let [argument, Expr::Literal(path, _)] = args.as_slice() else { return None };
    let path = path.try_as_str()??;
    let simple =
        parse_path(path).is_ok_and(|steps| steps.len() <= DEEPEST_PATH && !steps.iter().any(is_either));
    (simple && !argument.is_volatile() && !matches!(argument, Expr::Literal(..)))
        .then(|| (argument, Request { path: path.to_owned(), take }))
}

/// The look at the shared structure that stands for an extraction.
fn look_up(node: Expr, names: &HashMap<Expr, (String, Vec<Request>)>) -> Transformed<Expr> {
    let found = extraction(&node).and_then(|(argument, request)| {
        let (name, requests) = names.get(argument)?;
        Some((name, requests.iter().position(|known| *known == request)?))
    });
    let Some((name, index)) = found else { return Transformed::no(node) };
    let part = ScalarUDF::from(Part { index, signature: Signature::any(1, Volatility::Immutable) });
    Transformed::yes(part.call(vec![Expr::Column(datafusion::common::Column::new_unqualified(name))]))
}

/// `DataFusion`'s rules with [`FuseJsonPaths`] among them: behind those that move filters below projections, after
/// neighbouring projections have been merged, and before equal expressions are computed once, which would hide some of
/// the extractions.
#[must_use]
pub fn optimizer_rules() -> Vec<Arc<dyn OptimizerRule + Send + Sync>> {
    let mut rules = Optimizer::new().rules;
    let at = rules.iter().position(|rule| rule.name() == CommonSubexprEliminate::new().name());
    let at = at.unwrap_or(rules.len());
    rules.splice(at..at, [Arc::new(OptimizeProjections::new()) as _, Arc::new(FuseJsonPaths) as _]);
    rules
}

/// Shares the extractions within each projection of a plan.
///
/// Filters are left alone, since a filter over a shared structure would be moved below it again.
#[derive(Debug, Default)]
pub struct FuseJsonPaths;

impl OptimizerRule for FuseJsonPaths {
    fn name(&self) -> &'static str {
        "fuse_json_paths"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::BottomUp)
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Projection(projection) = &plan else { return Ok(Transformed::no(plan)) };
        let Some(fused) = fuse(&projection.expr, || config.alias_generator().next(SHARED))? else {
            return Ok(Transformed::no(plan));
        };
        let preserver = NamePreserver::new(&plan);
        let names: Vec<_> = projection.expr.iter().map(|expr| preserver.save(expr)).collect();
        let exprs = fused.exprs.into_iter().zip(names).map(|(expr, name)| name.restore(expr)).collect();
        let below = Arc::clone(&projection.input);
        let mut columns: Vec<Expr> = below.schema().columns().into_iter().map(Expr::Column).collect();
        columns.extend(fused.shared.into_iter().map(|(name, shared)| shared.alias(name)));
        let below = LogicalPlan::Projection(Projection::try_new(columns, below)?);
        Ok(Transformed::yes(LogicalPlan::Projection(Projection::try_new(exprs, Arc::new(below))?)))
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{RecordBatch, StringArray};
    use arrow::compute::cast;
    use datafusion::datasource::MemTable;
    use datafusion::execution::SessionStateBuilder;
    use datafusion::logical_expr::{col, lit};
    use datafusion::prelude::SessionContext;

    use super::*;
    use crate::functions::lookup;
    use crate::functions::testing::as_json;

    const TEXTS: [Option<&str>; 5] = [
        Some(r#"{"a":{"b":[1,"x"]},"n":7,"z":null,"q":"a\"b"}"#),
        None,
        Some(r#"{"n":"7", "a": 1, "n": 8}"#),
        Some("not json"),
        Some(r#"{"a":{"b":[2]},"n":"cut"#),
    ];

    fn extractions() -> Vec<Expr> {
        let calls = [
            ("json_extract_scalar", "$.n"),
            ("json_extract", "$.a"),
            ("json_extract_array", "$.a.b"),
            ("json_extract_scalar_array", "$.a.b"),
            ("json_extract_scalar", "$.a.b[0]"),
            ("json_extract_scalar", "$.z"),
            ("json_extract_scalar", "$.q"),
        ];
        let call = |(name, path)| lookup(name).unwrap().call(vec![col("s"), lit(path)]);
        let mut exprs: Vec<Expr> = calls.into_iter().map(call).collect();
        let upper = lookup("uppercase").unwrap();
        exprs.push(upper.call(vec![exprs[6].clone()]).alias("shouted"));
        exprs
    }

    async fn run(context: &SessionContext, exprs: Vec<Expr>) -> (Vec<Vec<serde_json::Value>>, String) {
        let frame = context.table("t").await.unwrap();
        // Half of them in a projection of its own, as another `alter` would put them.
        let mut first = vec![col("s")];
        first.extend(exprs[..3].iter().cloned().enumerate().map(|(i, expr)| expr.alias(format!("c{i}"))));
        let mut second = vec![col("c0"), col("c1"), col("c2")];
        second.extend(exprs[3..].iter().cloned());
        let frame = frame.select(first).unwrap().select(second).unwrap();
        let shown = format!("{}", frame.clone().into_optimized_plan().unwrap().display_indent());
        let batches = frame.collect().await.unwrap();
        let columns = batches.iter().flat_map(|batch| batch.columns().to_vec());
        (columns.map(|column| (0..column.len()).map(|row| as_json(&column, row)).collect()).collect(), shown)
    }

    fn context(rule: bool, layout: &DataType) -> SessionContext {
        let mut state = SessionStateBuilder::new().with_default_features();
        if rule {
            state = state.with_optimizer_rules(optimizer_rules());
        }
        let context = SessionContext::new_with_state(state.build());
        let texts: ArrayRef = Arc::new(TEXTS.iter().cycle().take(50).collect::<StringArray>());
        let batch = RecordBatch::try_from_iter([("s", cast(&texts, layout).unwrap())]).unwrap();
        let table = MemTable::try_new(batch.schema(), vec![vec![batch]]).unwrap();
        context.register_table("t", Arc::new(table)).unwrap();
        context
    }

    #[tokio::test]
    async fn a_shared_walk_gives_the_same_values() {
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        for layout in [DataType::Utf8View, dictionary] {
            let (alone, plan) = run(&context(false, &layout), extractions()).await;
            assert!(!plan.contains("json_extract_many"), "{plan}");
            let (together, plan) = run(&context(true, &layout), extractions()).await;
            assert_eq!(together, alone);
            assert_eq!(plan.matches("json_extract_many").count(), 1, "{plan}");
            assert!(!plan.contains("json_extract_scalar(t.s, "), "{plan}");
        }
    }

    #[test]
    fn a_single_extraction_stays_as_it_is() {
        let one = extractions().remove(0);
        assert!(fuse(&[one.clone(), one], || "shared".to_owned()).unwrap().is_none());
    }
}
