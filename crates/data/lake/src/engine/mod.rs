//! Running statements: what a face asks of an engine, and the one in this process.

mod answer;
mod broken;
mod buckets;
mod change;
mod compact;
mod cpu;
mod ddl;
mod defining;
mod depth;
mod external;
mod files;
mod fitting;
mod full_names;
mod functions;
mod gate;
mod grants;
mod insert;
mod joins;
mod listing;
mod live;
mod local;
mod memory;
mod metering;
mod names;
mod query;
mod rates;
mod read_only;
mod reading;
mod rewrite;
mod scope;
mod session;
mod settings;
mod sift;
mod sparing;
mod statements;
mod table;
mod temporary;
mod travel;
mod tries;
pub(crate) mod urls;
mod watch;
pub(crate) mod write;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::common::ScalarValue;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::Statement as ParsedStatement;

pub use buckets::{Arrived, Buckets};
pub use defining::NewFunction;
pub(crate) use files::LakeFiles;
pub use fitting::{check_setting, fitted};
pub use grants::{Granted, Permission};
pub(crate) use insert::table_folder;
pub use listing::Listed;
pub use local::{Context, EngineOptions, HISTORY, Listener, LocalEngine};
pub use metering::SPEED;
pub use query::{Cost, Query, QueryEnd, QueryId, Statistics};
pub use read_only::{ReadOnly, Reads};
pub use reading::Prepared;
pub use session::{Session, Settings};
pub use statements::reads_itself;
pub use temporary::no_view_of;
pub use tries::Tries;

use crate::LakeError;

/// What is to be run.
#[derive(Clone, Debug)]
pub enum Statement {
    /// One SQL statement as text.
    Sql(String),
    /// A statement that a face has read itself, with the text that the user wrote.
    Parsed {
        /// As written.
        text: String,
        /// As read.
        statement: Box<ParsedStatement>,
    },
    /// One SQL statement as text, with values for its placeholders (`$1`, …) in order.
    Bound {
        /// As written.
        text: String,
        /// The values.
        values: Vec<ScalarValue>,
    },
    /// A plan that a face made itself, with the text that the user wrote.
    Planned {
        /// As written.
        text: String,
        /// Made with [`LocalEngine::context`] of the same session.
        plan: Box<LogicalPlan>,
    },
}

impl Statement {
    /// What the user wrote.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Sql(text) | Self::Parsed { text, .. } | Self::Bound { text, .. } | Self::Planned { text, .. } => text,
        }
    }
}

/// Bounds of one query; `None` leaves the engine's own, which also cap what is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Time on the clock.
    pub time: Option<std::time::Duration>,
    /// Memory, bytes; more is spilled to disk where the operator can.
    pub memory_bytes: Option<usize>,
    /// Bytes read from data files, after pruning.
    pub scan_bytes: Option<u64>,
    /// Cores at once: the "speed".
    pub cores: Option<usize>,
    /// Who goes first when queries wait, 0 to 9, higher before lower; that of the query's speed without it.
    pub priority: Option<u8>,
}

/// What a statement would do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The columns of its answer, or of the rows that it writes.
    pub schema: SchemaRef,
    /// Whether it writes its rows into a table instead of answering with them.
    pub writes: bool,
    /// The optimised plan as text.
    pub text: String,
    /// An upper bound of the bytes that it reads, before pruning inside files.
    pub scan_bytes: u64,
    /// What it is likely to cost, if prices can be had.
    pub cost: Option<Cost>,
}

/// A query under way: its columns, its rows, and a handle to look at it and to call it off.
/// Dropping the rows calls it off too.
pub struct Running {
    /// The columns.
    pub schema: SchemaRef,
    /// The rows.
    pub rows: SendableRecordBatchStream,
    /// The query itself.
    pub query: std::sync::Arc<Query>,
}

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Running").field("query", &self.query.id()).finish_non_exhaustive()
    }
}

/// What remains of a finished query.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The columns.
    pub schema: SchemaRef,
    /// All rows.
    pub batches: Vec<arrow::array::RecordBatch>,
    /// What it took.
    pub statistics: Statistics,
}

impl Running {
    /// Waits for all rows. For answers known to be small: they are kept in memory, at most `max_rows`.
    ///
    /// # Errors
    /// The query's; [`LakeError::Limit`] when there are more rows.
    pub async fn collect(mut self, max_rows: usize) -> Result<Outcome, LakeError> {
        use futures::StreamExt as _;
        let (mut batches, mut rows) = (Vec::new(), 0);
        while let Some(batch) = self.rows.next().await {
            let batch = batch?;
            rows += batch.num_rows();
            if rows > max_rows {
                let detail = format!("its answer has more than {max_rows} rows; add a LIMIT, or fetch it as a stream");
                return Err(LakeError::Limit { limit: crate::Limit::Answer, detail });
            }
            batches.push(batch);
        }
        let statistics = self.query.finished().await;
        Ok(Outcome { schema: self.schema, batches, statistics })
    }
}

/// Runs statements. The engine in this process is one; a cluster of executors can be another.
#[async_trait]
pub trait Engine: Send + Sync + std::fmt::Debug {
    /// Reads and plans a statement without running it.
    ///
    /// # Errors
    /// Whatever is wrong with the statement.
    async fn plan(&self, session: &Session, statement: &Statement) -> Result<Plan, LakeError>;

    /// Starts a statement. Waits for a place among the running queries; returns once its columns are
    /// known. A statement that changes something has been carried out when its rows end.
    ///
    /// # Errors
    /// Whatever is wrong with the statement, or [`LakeError::Overloaded`].
    async fn execute(&self, session: &Session, statement: Statement, limits: Limits) -> Result<Running, LakeError>;

    /// The queries that run or wait.
    fn queries(&self) -> Vec<std::sync::Arc<Query>>;
}
