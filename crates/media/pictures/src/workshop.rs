//! Where pictures are made: threads of its own, a bounded queue in front of them, and nothing behind that.
//!
//! Whoever finds the queue full, or waits in it for too long, is told so at once: under overload the answer is "come
//! again" within a bounded time, never a growing wait.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use doorstep_clock::thread_cpu;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::{PictureError, metrics};

type Job = Box<dyn FnOnce() + Send>;

/// How it is set.
#[derive(Clone, Debug)]
pub struct WorkshopConfig {
    /// Pictures made at once, each on a thread of its own.
    pub threads: usize,
    /// Pictures that wait.
    pub queue: usize,
    /// How long one waits at most.
    pub wait: Duration,
}

impl Default for WorkshopConfig {
    /// As many threads as processors, sixteen times as many in the queue, two seconds.
    fn default() -> Self {
        let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { threads, queue: threads * 16, wait: Duration::from_secs(2) }
    }
}

/// The threads and their queue.
pub(crate) struct Workshop {
    jobs: mpsc::Sender<Job>,
    entrance: Arc<Semaphore>,
    benches: Arc<Semaphore>,
    wait: Duration,
}

/// A place at a bench; given back when dropped.
pub(crate) struct Place {
    jobs: mpsc::Sender<Job>,
    _inside: OwnedSemaphorePermit,
    _bench: OwnedSemaphorePermit,
}

fn work(jobs: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        // The lock is let go before the work begins.
        let job = jobs.lock().recv();
        match job {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}

impl Workshop {
    /// Starts the threads; they end when the workshop and all places are gone.
    ///
    /// # Errors
    /// The system starts no thread.
    pub(crate) fn open(config: &WorkshopConfig) -> std::io::Result<Self> {
        let (jobs, waiting) = mpsc::channel::<Job>();
        let waiting = Arc::new(Mutex::new(waiting));
        let threads = config.threads.max(1);
        for n in 0..threads {
            let waiting = Arc::clone(&waiting);
            thread::Builder::new().name(format!("picture-{n}")).spawn(move || work(&waiting))?;
        }
        // One more than there are threads: its source is read while the others are at work.
        let benches = Arc::new(Semaphore::new(threads + 1));
        let entrance = Arc::new(Semaphore::new(threads + 1 + config.queue));
        Ok(Self { jobs, entrance, benches, wait: config.wait })
    }

    /// A place, or [`PictureError::Busy`].
    pub(crate) async fn enter(&self) -> Result<Place, PictureError> {
        let Ok(inside) = Arc::clone(&self.entrance).try_acquire_owned() else {
            metrics::shed("full");
            return Err(PictureError::Busy);
        };
        match tokio::time::timeout(self.wait, Arc::clone(&self.benches).acquire_owned()).await {
            Ok(Ok(bench)) => Ok(Place { jobs: self.jobs.clone(), _inside: inside, _bench: bench }),
            Ok(Err(_)) => Err(PictureError::Internal("the workshop is closed")),
            Err(_) => {
                metrics::shed("waited");
                Err(PictureError::Busy)
            }
        }
    }
}

impl Place {
    /// Does a piece of work on one of the threads; also tells the CPU time that it took.
    ///
    /// # Errors
    /// [`PictureError::Internal`] when it panics.
    pub(crate) async fn work<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<(T, Duration), PictureError> {
        let (done, outcome) = oneshot::channel();
        let span = tracing::Span::current();
        // The place is kept until the work is over, even when nobody waits for it any more.
        let Self { jobs, _inside, _bench } = self;
        let job = move || {
            let kept = (_inside, _bench);
            let before = thread_cpu();
            let outcome = span.in_scope(|| catch_unwind(AssertUnwindSafe(work)));
            let cpu = before.zip(thread_cpu()).map_or(Duration::ZERO, |(from, to)| to.saturating_sub(from));
            metrics::worked(cpu);
            drop(kept);
            // Nobody may be there to hear it.
            let _ = done.send(outcome.map(|outcome| (outcome, cpu)));
        };
        let broke = || PictureError::Internal("the work on the picture broke off");
        jobs.send(Box::new(job)).map_err(|_| broke())?;
        outcome.await.map_err(|_| broke())?.map_err(|_| broke())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn config(wait: Duration) -> WorkshopConfig {
        WorkshopConfig { threads: 1, queue: 1, wait }
    }

    #[tokio::test]
    async fn whoever_finds_it_full_is_told_at_once() {
        let workshop = Workshop::open(&config(Duration::from_millis(20))).unwrap();
        let (first, second) = (workshop.enter().await.unwrap(), workshop.enter().await.unwrap());
        // One waits in the queue, in vain.
        assert_eq!(workshop.enter().await.err().unwrap().reason(), "busy");
        drop(second);
        let third = workshop.enter().await.unwrap();
        let (name, _) = first.work(|| thread::current().name().unwrap().to_owned()).await.unwrap();
        assert_eq!(name, "picture-0");
        drop(third);
    }

    #[tokio::test]
    async fn more_than_the_queue_holds_do_not_even_wait() {
        let workshop = Arc::new(Workshop::open(&config(Duration::from_secs(60))).unwrap());
        let _inside = (workshop.enter().await.unwrap(), workshop.enter().await.unwrap());
        let waiting = Arc::clone(&workshop);
        let waits = tokio::spawn(async move { waiting.enter().await.is_ok() });
        while workshop.entrance.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(workshop.enter().await.err().unwrap().reason(), "busy");
        drop(_inside);
        assert!(waits.await.unwrap());
    }

    #[tokio::test]
    async fn a_panic_takes_no_thread_and_no_place() {
        let workshop = Workshop::open(&config(Duration::from_secs(5))).unwrap();
        for _ in 0..4 {
            let place = workshop.enter().await.unwrap();
            let broke = place.work(|| panic!("on purpose")).await.map(|(nothing, _): ((), _)| nothing);
            assert_eq!(broke.unwrap_err().reason(), "internal");
        }
        let (sum, _) = workshop.enter().await.unwrap().work(|| 1 + 1).await.unwrap();
        assert_eq!(sum, 2);
    }
}
