//! What faces ask of a statement before it runs: reading it, and what its placeholders take.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::config::Dialect;
use datafusion::execution::SessionStateBuilder;
use datafusion::logical_expr::planner::RelationPlanner;
use datafusion::sql::parser::Statement as ParsedStatement;

use super::cpu::Cores;
use super::local::{LocalEngine, with_nearest};
use super::session::Session;
use super::{Statement, statements};
use crate::LakeError;

/// The setting that names a session's dialect.
const DIALECT: &str = "datafusion.sql_parser.dialect";

/// The columns of a statement's answer, if it has rows, and the types of its placeholders as far as it tells them.
pub type Prepared = (Option<SchemaRef>, BTreeMap<String, Option<DataType>>);

impl LocalEngine {
    /// Lets `planner` plan tables in FROM that the engine does not know, in all statements and views.
    pub fn add_relations(&self, planner: Arc<dyn RelationPlanner>) {
        let mut template = self.0.template.write();
        let planners = std::iter::once(planner).chain(template.relation_planners().iter().cloned()).collect();
        *template = SessionStateBuilder::new_from_existing(template.clone()).with_relation_planners(planners).build();
    }

    /// Reads one statement, within the bounds of length and depth that hold for all; no name is looked up. `dialect`
    /// is the session's without one.
    ///
    /// # Errors
    /// Where the text is no statement, with the place.
    pub async fn read(
        &self,
        session: &Session,
        text: &str,
        dialect: Option<Dialect>,
    ) -> Result<ParsedStatement, LakeError> {
        let own = || session.setting(DIALECT).and_then(|name| name.parse().ok()).unwrap_or_default();
        let dialect = dialect.unwrap_or_else(own);
        let (inner, text) = (Arc::clone(&self.0), text.to_owned());
        let work = async move { statements::parse_as(&inner.template.read(), &dialect, &text) };
        self.on_a_large_stack(work).await
    }

    /// The types that the placeholders (`$1`, …) of a statement take; none where the statement does not tell.
    ///
    /// # Errors
    /// Whatever is wrong with the statement.
    pub async fn placeholders(
        &self,
        session: &Session,
        statement: &ParsedStatement,
    ) -> Result<BTreeMap<String, Option<DataType>>, LakeError> {
        let (inner, session, statement) = (Arc::clone(&self.0), session.clone(), statement.clone());
        let work = async move {
            let scope = inner.scope(&session).await?;
            let state = inner.state(&scope, None, 1)?;
            let plan = state.statement_to_plan(statement).await;
            let plan = plan.map_err(|error| with_nearest(error.into(), &scope))?;
            Ok(plan.get_parameter_types()?.into_iter().collect())
        };
        self.on_a_large_stack(work).await
    }

    /// The columns of a statement's answer (`None` if it has none), and the types that its placeholders take.
    ///
    /// # Errors
    /// Whatever is wrong with the statement.
    pub async fn prepared(&self, session: &Session, text: &str) -> Result<Prepared, LakeError> {
        let (engine, session, statement) = (self.clone(), session.clone(), Statement::Sql(text.to_owned()));
        self.on_a_large_stack(async move { engine.looked_at(&session, &statement).await }).await
    }

    /// The columns of a statement's answer; none if it has no rows, or writes them.
    ///
    /// # Errors
    /// Whatever is wrong with the statement.
    pub async fn columns(&self, session: &Session, statement: &Statement) -> Result<Option<SchemaRef>, LakeError> {
        let (engine, session, statement) = (self.clone(), session.clone(), statement.clone());
        let work = async move { engine.looked_at(&session, &statement).await };
        Ok(self.on_a_large_stack(work).await?.0)
    }

    async fn looked_at(&self, session: &Session, statement: &Statement) -> Result<Prepared, LakeError> {
        let scope = self.0.scope(session).await?;
        let state = self.0.state(&scope, None, self.0.options.cores)?;
        if let Statement::Sql(text) = statement
            && let Some(rows) = statements::reads_itself(text)
        {
            let told = if rows { statements::by_text(&scope, &state, text).await? } else { None };
            return Ok((told.map(|told| told.schema()), BTreeMap::new()));
        }
        let (plan, writes) = match statements::logical(&scope, &state, statement).await {
            Ok(logical) => logical,
            Err(LakeError::Unsupported { .. }) => return Ok((None, BTreeMap::new())),
            Err(error) => return Err(with_nearest(error, &scope)),
        };
        let types: BTreeMap<_, _> = plan.get_parameter_types()?.into_iter().collect();
        if writes {
            return Ok((None, types));
        }
        // As they will be answered: what has no open places is coerced first, which may change a type.
        let plan = if types.is_empty() { state.optimize(&plan)? } else { plan };
        Ok((Some(Arc::clone(plan.schema().inner())), types))
    }

    /// Runs `work` that reads or plans on a stack as large as a query has: whoever does so calls itself for each level
    /// of a statement. It is called off when nobody waits for it any more.
    ///
    /// # Errors
    /// What the work says, or that there is no thread to be had.
    pub async fn on_a_large_stack<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, LakeError>> + Send + 'static,
    ) -> Result<T, LakeError> {
        let threads =
            Cores::start(1).map_err(|e| LakeError::Execution(format!("there is no thread for the statement: {e}")))?;
        let Some(handle) = threads.handle() else { return Err(LakeError::Cancelled) };
        let done = handle.spawn(work).await;
        done.unwrap_or_else(|_| Err(LakeError::Execution("the engine failed while planning this".to_owned())))
    }
}
