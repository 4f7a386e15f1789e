//! Beside each query: waits for its end, or ends it when it is called off, too long or too dear; then settles.

use std::sync::Arc;
use std::time::Duration;

use doorstep_meter::Allowance;
use tokio::sync::mpsc;

use super::answer::{Message, Work};
use super::cpu::Cores;
use super::gate::Place;
use super::local::Inner;
use super::metering;
use super::query::{Query, QueryEnd};
use crate::{LakeError, Limit};

/// Time between two looks at what it has used; the first come sooner, each after twice the time.
const LOOK_EVERY: Duration = Duration::from_millis(100);
const FIRST_LOOK: Duration = Duration::from_millis(10);

/// Everything that a running query holds.
pub(super) struct Watch {
    pub(super) engine: Arc<Inner>,
    pub(super) query: Arc<Query>,
    pub(super) allowance: Allowance,
    pub(super) threads: Cores,
    pub(super) place: Place,
    pub(super) sender: mpsc::Sender<Message>,
    pub(super) time: Duration,
}

impl Watch {
    /// Runs `work` to its end, whatever that is.
    pub(super) async fn over(self, work: Work) {
        let Self { engine, query, allowance, threads, place, sender, time } = self;
        let Some(mut job) = threads.handle().map(|threads| threads.spawn(work.run())) else { return };
        let done = tokio::select! {
            biased;
            done = &mut job => done.unwrap_or_else(|e| Err(if e.is_cancelled() { LakeError::Cancelled } else {
                LakeError::Execution("the engine failed while running this statement; it was noted".to_owned())
            })),
            () = query.cancelled() => Err(LakeError::Cancelled),
            () = sender.closed() => Err(LakeError::Cancelled),
            () = tokio::time::sleep(time) => Err(LakeError::Limit {
                limit: Limit::Time,
                detail: format!("it ran longer than the {} s it may", time.as_secs_f64()),
            }),
            error = too_dear(&query, &allowance) => Err(error),
        };
        job.abort();
        let end = match &done {
            Ok(()) => QueryEnd::Done,
            Err(LakeError::Cancelled) => QueryEnd::Cancelled,
            Err(_) => QueryEnd::Failed,
        };
        let speed = allowance.speed().name.clone();
        let cost = engine.cost(&query, end, &speed).await;
        engine.ended(&query, end, done.as_ref().err(), cost);
        drop((threads, place));
        let usage = metering::usage(&query, end, &query.statistics(), &speed);
        if let Err(error) = allowance.settle(usage).await {
            tracing::warn!(%error, query = query.id(), "a query could not be charged");
        }
        if let Err(error) = done {
            // Whoever is gone does not read the reason.
            let _ = sender.send(Message::Failed(error)).await;
        }
    }
}

/// Resolves when the tenant's caps allow no more.
async fn too_dear(query: &Query, allowance: &Allowance) -> LakeError {
    let mut pause = FIRST_LOOK;
    loop {
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LOOK_EVERY);
        match allowance.hold(&metering::amounts(&query.statistics())).await.map_err(LakeError::from) {
            Err(error @ LakeError::Limit { .. }) => return error,
            // What cannot be asked now is asked again.
            Err(error) => tracing::warn!(%error, query = query.id(), "a query's caps cannot be looked at"),
            Ok(()) => {}
        }
    }
}
