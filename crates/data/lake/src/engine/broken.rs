//! A view whose query cannot be planned any more, as when a table below it was dropped.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;

use crate::LakeError;

/// Has the columns with which it was made, and says what is wrong when it is read: whoever lists all tables with their
/// columns asks for each of them, and one view must not keep the others from being listed.
#[derive(Debug)]
pub(super) struct BrokenView {
    pub(super) name: String,
    pub(super) schema: SchemaRef,
    pub(super) reason: String,
}

#[async_trait]
impl TableProvider for BrokenView {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        _: &dyn Session,
        _: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let reason = format!("{} cannot be read: {}", self.name, self.reason);
        Err(DataFusionError::from(LakeError::invalid("view", reason, "change its query, or drop it")))
    }
}
