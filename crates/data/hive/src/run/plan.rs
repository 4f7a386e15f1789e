//! Queries: from a syntax tree to a plan of the engine, and running it.

use std::sync::Arc;

use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::logical_expr::planner::ExprPlanner;
use datafusion::sql::parser::Statement as Parsed;
use datafusion::sql::sqlparser::ast::{Query, Statement as Ast};
use doorstep_lake::{Engine as _, LakeError, Statement as LakeStatement};
use futures::StreamExt as _;

use super::{Answer, Call, Rows, answer, text_rows, told::told};
use crate::HiveError;
use crate::hiveql::{Coercion, Explained, Statement, rewrite};

impl Call<'_> {
    /// The engine's state as the session sees it, with Hive's operators.
    pub(super) async fn state(&self) -> Result<SessionState, HiveError> {
        let state = self.engine.context(self.session).await?.state;
        let mut operators: Vec<Arc<dyn ExprPlanner>> = vec![Arc::new(Coercion)];
        operators.extend(state.expr_planners().iter().cloned());
        Ok(SessionStateBuilder::new_from_existing(state).with_expr_planners(operators).build())
    }

    /// The plan of a query.
    pub(super) async fn planned(&self, state: &SessionState, mut query: Query) -> Result<LogicalPlan, HiveError> {
        rewrite(&mut query, &self.asker())?;
        let parsed = Parsed::Statement(Box::new(Ast::Query(Box::new(query))));
        let planned = state.statement_to_plan(parsed).await;
        planned.map_err(|error| HiveError::Lake(told(error.into(), state, &self.session.database())))
    }

    /// Runs a plan and hands its rows over as they come.
    pub(super) async fn started(&self, plan: LogicalPlan) -> Result<doorstep_lake::Running, HiveError> {
        let statement = LakeStatement::Planned { text: self.text.to_owned(), plan: Box::new(plan) };
        Ok(self.engine.execute(self.session, statement, self.limits).await?)
    }

    pub(super) async fn query(&self, query: Query) -> Result<Answer, HiveError> {
        let state = self.state().await?;
        let plan = self.planned(&state, query).await?;
        let running = self.started(plan).await?;
        Ok(Answer {
            columns: answer::columns(&running.schema),
            rows: Rows::Stream(running.rows),
            written: None,
            query: Some(running.query),
        })
    }

    pub(super) async fn explain(&self, what: Explained, of: Statement) -> Result<Answer, HiveError> {
        let query = match of {
            Statement::Query(query) => *query,
            Statement::Insert(mut inserts) => *inserts.remove(0).source,
            other => {
                return Err(HiveError::unsupported(
                    &format!("EXPLAIN of {}", other.kind().replace('_', " ").to_uppercase()),
                    "explain a query or an INSERT",
                ));
            }
        };
        let state = self.state().await?;
        let plan = self.planned(&state, query).await?;
        if what == Explained::Run {
            let mut running = self.started(plan).await?;
            while let Some(batch) = running.rows.next().await {
                batch.map_err(LakeError::from)?;
            }
            let figures = running.query.finished().await;
            let lines = [
                format!("rows: {}", figures.rows),
                format!("wall: {} ms", figures.wall_ms),
                format!("cpu: {} ms", figures.cpu_ms),
                format!("bytes scanned: {}", figures.bytes_scanned),
            ];
            return text_rows(&["Explain"], lines.into_iter().map(|l| vec![Some(l)]).collect());
        }
        let statement = LakeStatement::Planned { text: self.text.to_owned(), plan: Box::new(plan) };
        if what == Explained::Cost {
            let told = self.engine.explain_cost(self.session, &statement).await?;
            let columns = answer::columns(&told.schema());
            return Ok(Answer { columns, rows: Rows::Ready(vec![told]), written: None, query: None });
        }
        let shown = self.engine.plan(self.session, &statement).await?;
        text_rows(&["Explain"], shown.text.lines().map(|line| vec![Some(line.to_owned())]).collect())
    }
}
