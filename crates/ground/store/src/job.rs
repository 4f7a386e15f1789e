//! A queued transaction with its types hidden, and its answer.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{StoreError, Tx};

/// What running the closure asks for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Commit,
    Rollback,
    Panicked,
}

/// A transaction waiting for a store thread. May run several times, answers exactly once;
/// dropped unanswered, it answers [`StoreError::Closed`].
pub(crate) trait Job: Send {
    /// Runs the closure and keeps its result for [`Job::finish`].
    fn run(&mut self, tx: &mut dyn Tx) -> Verdict;
    /// Answers the caller with the kept result.
    fn finish(&mut self);
    /// Answers the caller with a failure in place of any kept result.
    fn fail(&mut self, error: StoreError);
}

pub(crate) struct TypedJob<T, E, F, R>
where
    E: From<StoreError>,
    R: FnOnce(Result<T, E>),
{
    closure: F,
    kept: Option<Result<T, E>>,
    reply: Option<R>,
}

impl<T, E, F, R> TypedJob<T, E, F, R>
where
    E: From<StoreError>,
    R: FnOnce(Result<T, E>),
{
    pub(crate) fn new(closure: F, reply: R) -> Self {
        TypedJob { closure, kept: None, reply: Some(reply) }
    }

    fn answer(&mut self, result: Result<T, E>) {
        if let Some(reply) = self.reply.take() {
            reply(result);
        }
    }
}

impl<T, E, F, R> Job for TypedJob<T, E, F, R>
where
    T: Send,
    E: From<StoreError> + Send,
    F: Fn(&mut dyn Tx) -> Result<T, E> + Send,
    R: FnOnce(Result<T, E>) + Send,
{
    fn run(&mut self, tx: &mut dyn Tx) -> Verdict {
        // Unwind safety: the transaction is rolled back and the closure's own state is only
        // reachable through `Fn`, so nothing half-done is seen afterwards.
        match catch_unwind(AssertUnwindSafe(|| (self.closure)(tx))) {
            Ok(Ok(value)) => {
                self.kept = Some(Ok(value));
                Verdict::Commit
            }
            Ok(Err(error)) => {
                self.kept = Some(Err(error));
                Verdict::Rollback
            }
            Err(panic) => {
                let message = panic
                    .downcast_ref::<&str>()
                    .map(|s| (*s).to_owned())
                    .or_else(|| panic.downcast_ref::<String>().cloned())
                    .unwrap_or_else(|| "no message".to_owned());
                self.kept = Some(Err(StoreError::Panicked { message }.into()));
                Verdict::Panicked
            }
        }
    }

    fn finish(&mut self) {
        let result = self.kept.take().unwrap_or_else(|| Err(StoreError::Closed.into()));
        self.answer(result);
    }

    fn fail(&mut self, error: StoreError) {
        self.kept = None;
        self.answer(Err(error.into()));
    }
}

impl<T, E, F, R> Drop for TypedJob<T, E, F, R>
where
    E: From<StoreError>,
    R: FnOnce(Result<T, E>),
{
    fn drop(&mut self) {
        if self.reply.is_some() {
            self.answer(Err(StoreError::Closed.into()));
        }
    }
}
