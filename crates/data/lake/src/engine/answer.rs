//! From a statement to the rows that its caller gets, on the query's own threads.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, SessionState};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, displayable};
use futures::stream;
use tokio::sync::mpsc;

use super::compact::CompactExec;
use super::insert::Mode;
use super::local::{Inner, with_nearest};
use super::memory::Budget;
use super::query::Query;
use super::session::Session;
use super::sift::SiftExec;
use super::sparing::Rows;
use super::statements::{self, Step};
use super::tries::Tries;
use super::{Statement, insert, rewrite};
use crate::LakeError;

/// Batches that may wait for the caller.
pub(super) const AHEAD: usize = 4;
/// Characters of a plan that are kept.
const PLAN_LENGTH: usize = 64 << 10;

/// What goes from a query to its caller.
pub(super) enum Message {
    /// Comes first.
    Columns(SchemaRef),
    /// Some rows.
    Rows(RecordBatch),
    /// Comes last, if it comes.
    Failed(LakeError),
}

/// Everything that a query runs with.
pub(super) struct Work {
    pub(super) engine: Arc<Inner>,
    pub(super) session: Session,
    pub(super) statement: Statement,
    pub(super) query: Arc<Query>,
    pub(super) budget: Arc<Budget>,
    pub(super) cores: usize,
    pub(super) sender: mpsc::Sender<Message>,
}

impl Work {
    /// Carries out the statement and hands over its rows.
    pub(super) async fn run(self) -> Result<(), LakeError> {
        let mut tries = Tries::default();
        let answer = loop {
            let scope = self.engine.scope(&self.session).await?;
            let state = self.engine.state(&scope, Some((&self.query, Arc::clone(&self.budget))), self.cores)?;
            let step = statements::begin(&scope, &state, &self.statement).await;
            let done = match step.map_err(|error| with_nearest(error, &scope))? {
                Step::Rows(plan) => return self.hand_over(&state, &plan).await,
                Step::Done(answer) => Ok(answer),
                Step::Write(target, plan) => {
                    let made = matches!(target.mode, Mode::Create { .. }).then(|| target.table.clone());
                    let done = insert::write(&self, &scope, &state, *target, &plan).await;
                    if let (Some(table), Err(_)) = (made, &done) {
                        self.session.disown(&table);
                    }
                    done
                }
                Step::Change(table, plan) => match rewrite::carry_out(&self, &scope, &state, &table, &plan).await {
                    // It is done again on what is there now. A face that planned it plans it again itself.
                    Err(error) if !matches!(self.statement, Statement::Planned { .. }) && tries.again(&error) => {
                        continue;
                    }
                    done => done,
                },
            };
            break done?;
        };
        self.query.rows.fetch_add(answer.num_rows() as u64, Ordering::Relaxed);
        self.send(Message::Columns(answer.schema())).await?;
        self.send(Message::Rows(answer)).await
    }

    /// Plans for execution, noting the plan and what it will read.
    pub(super) async fn physical(
        &self,
        state: &SessionState,
        plan: &LogicalPlan,
    ) -> Result<Arc<dyn ExecutionPlan>, LakeError> {
        let physical = yielding(state.create_physical_plan(plan).await?)?;
        let mut text = displayable(physical.as_ref()).indent(false).to_string();
        if text.len() > PLAN_LENGTH {
            let mut cut = PLAN_LENGTH;
            while !text.is_char_boundary(cut) {
                cut -= 1;
            }
            text.truncate(cut);
        }
        self.query.planned(text, planned_bytes(&physical));
        Ok(physical)
    }

    async fn hand_over(&self, state: &SessionState, plan: &LogicalPlan) -> Result<(), LakeError> {
        let physical = self.physical(state, plan).await?;
        self.send(Message::Columns(physical.schema())).await?;
        let mut rows = Rows::begin(self, state, plan, physical)?;
        while let Some(batch) = rows.next().await? {
            self.query.rows.fetch_add(batch.num_rows() as u64, Ordering::Relaxed);
            self.send(Message::Rows(batch)).await?;
        }
        self.note_spills(rows.plan());
        Ok(())
    }

    /// Adds up what the operators spilled.
    pub(super) fn note_spills(&self, plan: &Arc<dyn ExecutionPlan>) {
        let spilled = sum(plan, &|plan| plan.metrics().and_then(|m| m.spilled_bytes()).unwrap_or(0) as u64);
        self.query.spilled.store(spilled, Ordering::Relaxed);
    }

    async fn send(&self, message: Message) -> Result<(), LakeError> {
        self.sender.send(message).await.map_err(|_| LakeError::Cancelled)
    }
}

/// Joins make many rows of few, and whoever adds those up never waits: without this a query that was called off would
/// go on until its last row. Their texts are copied together, see [`CompactExec`], and what they have no use for is
/// left out early, see [`SiftExec`].
fn yielding(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>, LakeError> {
    let yielding = plan.transform_up(|node| {
        if node.name().ends_with("JoinExec") || node.name() == "UnnestExec" {
            let node: Arc<dyn ExecutionPlan> = Arc::new(CooperativeExec::new(node));
            return Ok(Transformed::yes(CompactExec::over(node)));
        }
        Ok(match SiftExec::under(&node)? {
            Some(sifted) => Transformed::yes(sifted),
            None => Transformed::no(node),
        })
    })?;
    Ok(yielding.data)
}

/// Bytes in the files that a plan reads, before pruning inside of them.
pub(super) fn planned_bytes(plan: &Arc<dyn ExecutionPlan>) -> u64 {
    sum(plan, &|plan| {
        let scan = plan.downcast_ref::<DataSourceExec>().and_then(|e| e.data_source().downcast_ref::<FileScanConfig>());
        scan.map_or(0, |scan| scan.file_groups.iter().flat_map(|g| g.iter()).map(|f| f.effective_size()).sum())
    })
}

fn sum(plan: &Arc<dyn ExecutionPlan>, of: &dyn Fn(&Arc<dyn ExecutionPlan>) -> u64) -> u64 {
    of(plan) + plan.children().into_iter().map(|child| sum(child, of)).sum::<u64>()
}

/// The caller's end: the columns, then the rows.
pub(super) async fn receive(
    mut from: mpsc::Receiver<Message>,
) -> Result<(SchemaRef, SendableRecordBatchStream), LakeError> {
    let schema = match from.recv().await {
        Some(Message::Columns(schema)) => schema,
        Some(Message::Failed(error)) => return Err(error),
        Some(Message::Rows(_)) | None => return Err(LakeError::Execution("the query ended without a word".to_owned())),
    };
    let rows = stream::unfold(from, |mut from| async move {
        let item = match from.recv().await? {
            Message::Rows(batch) => Ok(batch),
            Message::Failed(error) => Err(DataFusionError::from(error)),
            Message::Columns(_) => Err(DataFusionError::Internal("columns came twice".to_owned())),
        };
        Some((item, from))
    });
    Ok((Arc::clone(&schema), Box::pin(RecordBatchStreamAdapter::new(schema, rows))))
}
