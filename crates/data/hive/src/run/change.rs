//! UPDATE, DELETE and MERGE: Hive's words, the lake's work.

use std::sync::Arc;

use datafusion::sql::sqlparser::ast::Statement as Ast;
use doorstep_lake::Tries;

use super::{Answer, Call, insert, told::told};
use crate::HiveError;
use crate::hiveql::rewrite_change;

impl Call<'_> {
    pub(super) async fn change(&self, mut change: Ast) -> Result<Answer, HiveError> {
        rewrite_change(&mut change, &self.asker())?;
        let mut tries = Tries::default();
        loop {
            match self.changed(change.clone()).await {
                Err(HiveError::Lake(error)) if tries.again(&error) => {}
                done => return done,
            }
        }
    }

    async fn changed(&self, change: Ast) -> Result<Answer, HiveError> {
        let state = self.state().await?;
        let plan = self.engine.change(self.session, &state, change).await;
        let plan = plan.map_err(|error| told(error, &state, &self.session.database()))?;
        let running = self.started(plan).await?;
        let query = Some(Arc::clone(&running.query));
        let written = Some(insert::count(&running.collect(1).await?.batches));
        Ok(Answer { written, query, ..Answer::done() })
    }
}
