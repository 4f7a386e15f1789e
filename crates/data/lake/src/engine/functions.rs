//! Functions of the users' own: each is one expression over typed arguments.
//!
//! A call is replaced by the function's expression, unless an argument would then be worked out twice or not at all:
//! then the expression is worked out over the values of the arguments. A function calls others by their names, so it
//! follows one that is replaced; the statement that would close a circle of calls is refused.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{Hash, Hasher};
use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use datafusion::common::tree_node::{Transformed, TreeNode as _, TreeNodeRecursion};
use datafusion::common::{DFSchema, plan_err};
use datafusion::error::{DataFusionError, Result as DfResult};
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ExprSchemable as _, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility, cast,
};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::sql::sqlparser::ast::{self, Expr as Written};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::scope::Scope;
use super::statements::ident;
use crate::LakeError;
use crate::catalog::{FunctionDef, counted};

/// Bytes of a function's expression.
const LONGEST: usize = 10_000;
/// Parts of an expression together with those of the functions that it calls.
const HEAVIEST: usize = 20_000;
/// Functions in functions in functions.
const DEEPEST: usize = 32;

/// Functions by database and name.
pub(super) type Functions = BTreeMap<(String, String), Arc<FunctionDef>>;

/// What a session's functions are planned with. It holds no functions itself, so that nothing goes in a circle.
pub(super) struct Shelf {
    pub(super) template: SessionState,
    pub(super) functions: Functions,
}

impl Shelf {
    /// A state that knows the engine's functions and these, the latter by bare name in `database`.
    pub(super) fn state(self: &Arc<Self>, database: &str, depth: usize) -> SessionState {
        let known = self.template.scalar_functions().values().cloned();
        let scalars = known.chain(self.calls(database, depth)).collect();
        let mut state =
            SessionStateBuilder::new_from_existing(self.template.clone()).with_scalar_functions(scalars).build();
        state.mark_start_execution();
        state
    }

    /// Each function under its full name, and those of `database` under their bare one.
    fn calls(self: &Arc<Self>, database: &str, depth: usize) -> Vec<Arc<ScalarUDF>> {
        let mut calls = Vec::new();
        for ((of, name), function) in &self.functions {
            let full = format!("{of}.{name}");
            for called in [Some(full), (of == database).then(|| name.clone())].into_iter().flatten() {
                calls.push(Arc::new(ScalarUDF::new_from_impl(Call::new(function, called, self, depth))));
            }
        }
        calls
    }
}

/// The functions that a scope knows: the catalogue's, and over them the session's own. Views and conditions of grants
/// mean the catalogue's alone: whoever reads must not say what they leave out.
pub(super) fn known(scope: &Scope) -> Functions {
    let mut all = scope.holdings.functions.clone();
    if !scope.as_maker {
        all.extend(scope.session.functions());
    }
    all
}

/// The functions of a scope, to be registered in a state made of `template`.
pub(super) fn calls(scope: &Scope, template: &SessionState) -> Vec<Arc<ScalarUDF>> {
    let functions = known(scope);
    if functions.is_empty() {
        return Vec::new();
    }
    Arc::new(Shelf { template: template.clone(), functions }).calls(&scope.database, 0)
}

/// A function as DataFusion calls it.
struct Call {
    function: Arc<FunctionDef>,
    called: String,
    signature: Signature,
    shelf: Arc<Shelf>,
    depth: usize,
    body: OnceLock<Result<Body, String>>,
}

/// A function's expression over columns with the arguments' names.
#[derive(Clone, Debug)]
pub(super) struct Body {
    pub(super) expr: Expr,
    pub(super) schema: DFSchema,
    state: SessionState,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call").field("called", &self.called).field("body", &self.function.body).finish()
    }
}

impl PartialEq for Call {
    fn eq(&self, other: &Self) -> bool {
        self.called == other.called && self.function == other.function
    }
}

impl Eq for Call {}

impl Hash for Call {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.called.hash(state);
        self.function.hash(state);
    }
}

impl Call {
    fn new(function: &Arc<FunctionDef>, called: String, shelf: &Arc<Shelf>, depth: usize) -> Self {
        let volatility = if function.volatile { Volatility::Volatile } else { Volatility::Stable };
        let (function, shelf) = (Arc::clone(function), Arc::clone(shelf));
        Self { function, called, signature: Signature::user_defined(volatility), shelf, depth, body: OnceLock::new() }
    }

    fn body(&self) -> DfResult<&Body> {
        let body = self.body.get_or_init(|| {
            if self.depth >= DEEPEST {
                return Err(format!("its functions call functions, more than {DEEPEST} deep"));
            }
            // It was weighed when it was made, but what it calls may have been replaced at the same moment, or be
            // the session's own. What it calls in turn is weighed with it.
            if self.depth == 0 {
                let own = (self.function.database.clone(), self.function.name.clone());
                let mut weights = Weights { all: &self.shelf.functions, known: HashMap::new(), way: Vec::new() };
                weights.of(&own).map_err(|error| error.to_string())?;
            }
            let state = self.shelf.state(&self.function.database, self.depth + 1);
            planned(&state, &self.function).map_err(|error| error.to_string())
        });
        body.as_ref().map_err(|why| {
            let reason = format!("the function {} cannot be used: {why}", self.called);
            LakeError::Sql {
                reason,
                place: None,
                fix: Some("replace it by CREATE OR REPLACE FUNCTION, or drop it".to_owned()),
            }
            .into()
        })
    }
}

/// The expression of a function over its arguments, in exactly its type.
pub(super) fn planned(state: &SessionState, function: &FunctionDef) -> Result<Body, LakeError> {
    let fields = function.arguments.iter().map(|(name, kind)| Field::new(name, kind.clone(), true));
    let schema = DFSchema::try_from(Schema::new(fields.collect::<Vec<_>>()))?;
    let expr = state.create_logical_expr(&function.body, &schema)?;
    let mut odd = None;
    expr.apply(|part| {
        odd = match part {
            Expr::AggregateFunction(_) => Some("an aggregate"),
            Expr::WindowFunction(_) => Some("a window"),
            Expr::ScalarSubquery(_) | Expr::InSubquery(_) | Expr::Exists(_) => Some("a subquery"),
            Expr::Unnest(_) => Some("unnest"),
            _ => return Ok(TreeNodeRecursion::Continue),
        };
        Ok(TreeNodeRecursion::Stop)
    })?;
    if let Some(odd) = odd {
        let fix = "make a view of it, or write it into the statement itself";
        return Err(LakeError::unsupported(format!("{odd} in a function"), fix));
    }
    let context = SimplifyContext::builder()
        .with_schema(Arc::new(schema.clone()))
        .with_config_options(Arc::clone(state.config_options()))
        .build();
    let simplifier = ExprSimplifier::new(context);
    let expr = simplifier.coerce(expr, &schema)?;
    let same = expr.get_type(&schema)? == function.returns;
    let expr = if same { expr } else { cast(expr, function.returns.clone()) };
    Ok(Body { expr, schema, state: state.clone() })
}

impl ScalarUDFImpl for Call {
    fn name(&self) -> &str {
        &self.called
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, given: &[DataType]) -> DfResult<Vec<DataType>> {
        let wanted = &self.function.arguments;
        if given.len() != wanted.len() {
            let takes = counted(wanted.len(), "argument");
            return plan_err!("{} takes {takes}, not {}", shown(&self.function), given.len());
        }
        Ok(wanted.iter().map(|(_, kind)| kind.clone()).collect())
    }

    fn return_type(&self, _: &[DataType]) -> DfResult<DataType> {
        Ok(self.function.returns.clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> DfResult<FieldRef> {
        let body = self.body()?;
        let fields = self.function.arguments.iter().zip(args.arg_fields);
        let fields = fields.map(|((name, kind), given)| Field::new(name, kind.clone(), given.is_nullable()));
        let schema = DFSchema::try_from(Schema::new(fields.collect::<Vec<_>>()))?;
        let nullable = body.expr.nullable(&schema)?;
        Ok(Arc::new(Field::new(&self.called, self.function.returns.clone(), nullable)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> DfResult<ColumnarValue> {
        let body = self.body()?;
        let columns = args.args.iter().map(|arg| arg.to_array(args.number_rows)).collect::<DfResult<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(args.number_rows));
        let batch = RecordBatch::try_new_with_options(Arc::clone(body.schema.inner()), columns, &options)?;
        body.state.create_physical_expr(body.expr.clone(), &body.schema)?.evaluate(&batch)
    }

    fn simplify(&self, args: Vec<Expr>, _: &SimplifyContext) -> DfResult<ExprSimplifyResult> {
        let body = self.body()?;
        let mut uses: HashMap<&str, usize> = HashMap::new();
        body.expr.apply(|part| {
            if let Expr::Column(column) = part {
                *uses.entry(column.name.as_str()).or_default() += 1;
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        // An argument must not be worked out twice, nor left out if it has an effect of its own, such as an error.
        let names = self.function.arguments.iter().map(|(name, _)| name.as_str());
        let fits = names.clone().zip(&args).all(|(name, arg)| plain(arg) || uses.get(name) == Some(&1));
        if !fits {
            return Ok(ExprSimplifyResult::Original(args));
        }
        let values: HashMap<&str, Expr> = names.zip(args).collect();
        let put_in = body.expr.clone().transform_up(|part| match &part {
            Expr::Column(column) => Ok(match values.get(column.name.as_str()) {
                Some(value) => Transformed::yes(value.clone()),
                None => Transformed::no(part),
            }),
            _ => Ok(Transformed::no(part)),
        });
        Ok(ExprSimplifyResult::Simplified(put_in?.data))
    }
}

/// Whether an argument costs nothing to be worked out again.
fn plain(arg: &Expr) -> bool {
    match arg {
        Expr::Column(_) | Expr::Literal(..) => true,
        Expr::Cast(cast) => plain(&cast.expr),
        _ => false,
    }
}

/// A function as its maker would write it.
pub(super) fn shown(function: &FunctionDef) -> String {
    let arguments: Vec<String> = function.arguments.iter().map(|(name, kind)| format!("{name} {kind}")).collect();
    format!("{}.{}({})", function.database, function.name, arguments.join(", "))
}

/// Refuses a function that leads back to itself, too deep or to too much: by itself, or by one that calls it.
pub(super) fn weigh(own: &(String, String), all: &Functions) -> Result<(), LakeError> {
    let mut weights = Weights { all, known: HashMap::new(), way: Vec::new() };
    weights.of(own)?;
    // Who calls it: what they call is known from their text, and a text that cannot be read calls nothing.
    let mut callers: HashMap<(String, String), Vec<&(String, String)>> = HashMap::new();
    for (name, function) in all {
        for called in read(function).map(|(_, called)| called).unwrap_or_default() {
            callers.entry(called).or_default().push(name);
        }
    }
    let (mut seen, mut next) = (HashSet::new(), vec![own]);
    while let Some(name) = next.pop() {
        for caller in callers.get(name).into_iter().flatten().copied() {
            if seen.insert(caller) {
                weights.of(caller)?;
                next.push(caller);
            }
        }
    }
    Ok(())
}

/// Parts of functions together with all that they call.
struct Weights<'a> {
    all: &'a Functions,
    /// Parts, and how deep it goes, of those that were weighed.
    known: HashMap<(String, String), (usize, usize)>,
    way: Vec<(String, String)>,
}

impl Weights<'_> {
    fn of(&mut self, own: &(String, String)) -> Result<(usize, usize), LakeError> {
        if let Some(known) = self.known.get(own) {
            return Ok(*known);
        }
        let Some(function) = self.all.get(own) else { return Ok((0, 0)) };
        if self.way.contains(own) {
            let reason = format!("{} leads back to itself", own.1);
            return Err(LakeError::invalid("function", reason, "leave out the call that closes the circle"));
        }
        // Before it goes on: the way is not to be longer than what is allowed.
        if self.way.len() >= DEEPEST {
            return Err(too_deep(self.way.first().unwrap_or(own)));
        }
        let (mut parts, called) = read(function)?;
        let mut below = 0;
        self.way.push(own.clone());
        for name in &called {
            let (more, deep) = self.of(name)?;
            (parts, below) = (parts.saturating_add(more), below.max(deep));
        }
        self.way.pop();
        if below >= DEEPEST {
            return Err(too_deep(own));
        }
        if parts > HEAVIEST {
            let reason = format!("{} and what it calls have more than {HEAVIEST} parts together", own.1);
            return Err(LakeError::invalid("function", reason, "write a smaller expression"));
        }
        self.known.insert(own.clone(), (parts, below + 1));
        Ok((parts, below + 1))
    }
}

fn too_deep((_, name): &(String, String)) -> LakeError {
    let reason = format!("{name} calls functions that call functions, more than {DEEPEST} deep");
    LakeError::invalid("function", reason, "write the expression of a called function in the place of its call")
}

/// The parts of a function's own expression, and each call in it.
fn read(function: &FunctionDef) -> Result<(usize, Vec<(String, String)>), LakeError> {
    let (mut parts, mut called) = (0, Vec::new());
    let _: ControlFlow<()> = ast::visit_expressions(&parsed(&function.body)?, |expr| {
        parts += 1;
        if let Written::Function(call) = expr {
            let names: Vec<String> = call.name.0.iter().filter_map(|part| part.as_ident()).map(ident).collect();
            if let Some((name, before)) = names.split_last() {
                called.push((before.last().unwrap_or(&function.database).clone(), name.clone()));
            }
        }
        ControlFlow::Continue(())
    });
    Ok((parts, called))
}

/// An expression that is neither too long nor too deep.
fn parsed(body: &str) -> Result<Written, LakeError> {
    if body.len() > LONGEST {
        let reason = format!("its expression has {} bytes, more than {LONGEST}", body.len());
        return Err(LakeError::invalid("function", reason, "write a shorter one"));
    }
    super::depth::check(body)?;
    let parsed = Parser::new(&GenericDialect {}).try_with_sql(body).and_then(|mut parser| parser.parse_expr());
    parsed.map_err(|error| DataFusionError::from(error).into())
}
