//! A table whose rows are kept elsewhere: read page by page while a query runs.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::{TryStreamExt as _, stream};

use crate::LakeError;
use crate::ingest::{Live, decode};

/// Rows asked for at once.
const PAGE: usize = 1_000;

/// A live table as one tenant sees it.
#[derive(Clone, Debug)]
pub(super) struct LiveTable {
    live: Live,
    tenant: Arc<str>,
}

impl LiveTable {
    pub(super) fn new(live: Live, tenant: &str) -> Self {
        Self { live, tenant: tenant.into() }
    }

    /// The page that begins at `from`, and where the next one does.
    async fn page(&self, from: Option<String>) -> Result<(Vec<RecordBatch>, Option<String>), LakeError> {
        let name = self.live.spec.name;
        let told = |reason: String| LakeError::Execution(format!("the table {name} cannot be read: {reason}"));
        let (records, next) = self.live.rows.page(&self.tenant, from, PAGE).await.map_err(told)?;
        let decoded = decode(self.live.spec, &self.live.schema, "", &records)?;
        // Whatever a source says, no row of another tenant comes out here.
        let own = decoded.batches.into_iter().filter(|(tenant, _)| **tenant == *self.tenant);
        Ok((own.map(|(_, batch)| batch).collect(), next))
    }
}

#[async_trait]
impl TableProvider for LiveTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.live.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let partitions: Vec<Arc<dyn PartitionStream>> = vec![Arc::new(self.clone())];
        Ok(Arc::new(StreamingTableExec::try_new(
            Arc::clone(&self.live.schema),
            partitions,
            projection,
            [],
            false,
            limit,
        )?))
    }
}

impl PartitionStream for LiveTable {
    fn schema(&self) -> &SchemaRef {
        &self.live.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let table = self.clone();
        // The outer option ends the stream, the inner one is the beginning.
        let pages = stream::try_unfold(Some(None), move |at: Option<Option<String>>| {
            let table = table.clone();
            async move {
                let Some(from) = at else { return Ok(None) };
                let (batches, next) = table.page(from).await.map_err(DataFusionError::from)?;
                Ok::<_, DataFusionError>(Some((stream::iter(batches.into_iter().map(Ok)), next.map(Some))))
            }
        });
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.live.schema), pages.try_flatten()))
    }
}
