//! Texts that come out of joins, copied together.
//!
//! A column of text views points into buffers, and whatever takes some of its rows keeps all of them. A join's side is
//! made of many portions; each portion of what comes out then holds every buffer of all of these, and the side of the
//! next join holds that many times as many: hundreds of thousands, each counted up and down with every portion. That
//! was more than a quarter of the CPU of TPC-H's query 18 at scale factor 10.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray as _, RecordBatch};
use arrow::datatypes::DataType;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::StreamExt as _;

/// A column that points into more buffers than this is copied.
const BUFFERS: usize = 32;

/// Copies texts of its input together where they are strewn over many buffers; rows stay as they are.
#[derive(Debug)]
pub(super) struct CompactExec {
    input: Arc<dyn ExecutionPlan>,
}

impl CompactExec {
    /// Over `input`; `input` itself if it has no texts.
    pub(super) fn over(input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        let has_views =
            input.schema().fields().iter().any(|f| matches!(f.data_type(), DataType::Utf8View | DataType::BinaryView));
        if has_views { Arc::new(Self { input }) } else { input }
    }
}

impl DisplayAs for CompactExec {
    fn fmt_as(&self, _form: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CompactExec")
    }
}

impl ExecutionPlan for CompactExec {
    fn name(&self) -> &'static str {
        "CompactExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _of: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let [input] = <[_; 1]>::try_from(children)
            .map_err(|_| DataFusionError::Internal("CompactExec has one input".to_owned()))?;
        Ok(Arc::new(Self { input }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows = self.input.execute(partition, context)?;
        let compacted = rows.map(|batch| compacted(batch?));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), compacted)))
    }
}

fn compacted(batch: RecordBatch) -> Result<RecordBatch> {
    if !batch.columns().iter().any(strewn) {
        return Ok(batch);
    }
    let columns =
        batch.columns().iter().map(|column| if strewn(column) { together(column) } else { Arc::clone(column) });
    Ok(RecordBatch::try_new(batch.schema(), columns.collect())?)
}

fn strewn(column: &ArrayRef) -> bool {
    let buffers = match column.data_type() {
        DataType::Utf8View => column.as_string_view().data_buffers().len(),
        DataType::BinaryView => column.as_binary_view().data_buffers().len(),
        _ => 0,
    };
    buffers > BUFFERS
}

fn together(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Utf8View => Arc::new(column.as_string_view().gc()),
        DataType::BinaryView => Arc::new(column.as_binary_view().gc()),
        _ => Arc::clone(column),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::{Int64Array, StringViewArray};
    use arrow::compute::concat;

    use super::*;

    #[test]
    fn strewn_texts_are_copied_together_and_stay_the_same() {
        let parts: Vec<ArrayRef> = (0..40)
            .map(|n| {
                Arc::new(StringViewArray::from(vec![Some(format!("a text too long for a view, {n}")), None]))
                    as ArrayRef
            })
            .collect();
        let texts = concat(&parts.iter().map(AsRef::as_ref).collect::<Vec<_>>()).unwrap();
        assert!(texts.as_string_view().data_buffers().len() > BUFFERS);
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..80));
        let batch = RecordBatch::try_from_iter([("text", texts), ("number", numbers)]).unwrap();
        let copied = compacted(batch.clone()).unwrap();
        assert_eq!(copied, batch);
        assert_eq!(copied.column(0).as_string_view().data_buffers().len(), 1);
        assert!(Arc::ptr_eq(copied.column(1), batch.column(1)));
    }
}
