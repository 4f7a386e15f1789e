//! A session: whose it is, and the operations it has open.

use std::collections::HashMap;
use std::sync::Arc;

use doorstep_lake::Session as LakeSession;

use super::handle::Handle;
use super::operation::Operation;
use crate::HiveError;

/// See the module's head.
pub(super) struct Session {
    pub(super) lake: LakeSession,
    operations: HashMap<Handle, Arc<Operation>>,
}

impl Session {
    pub(super) fn new(lake: LakeSession) -> Self {
        ::metrics::gauge!(crate::metrics::SESSIONS).increment(1.0);
        Self { lake, operations: HashMap::new() }
    }

    /// Refuses one more operation than the session may have.
    pub(super) fn room(&self, most: usize) -> Result<(), HiveError> {
        if self.operations.len() >= most {
            return Err(HiveError::TooMany { what: "operations of a session", most });
        }
        Ok(())
    }

    pub(super) fn keep(&mut self, operation: Arc<Operation>) {
        self.operations.insert(operation.handle, operation);
    }

    pub(super) fn operation(&self, handle: &Handle) -> Option<&Arc<Operation>> {
        self.operations.get(handle)
    }

    /// Gives up rows that nobody fetches.
    pub(super) fn give_up_after(&self, idle: std::time::Duration) {
        self.operations.values().for_each(|operation| operation.give_up_after(idle));
    }

    pub(super) fn close(&mut self, handle: &Handle) -> Option<Arc<Operation>> {
        let closed = self.operations.remove(handle)?;
        closed.cancel();
        Some(closed)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        ::metrics::gauge!(crate::metrics::SESSIONS).decrement(1.0);
        self.operations.values().for_each(|operation| operation.cancel());
    }
}
