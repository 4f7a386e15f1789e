//! The CPU that a query really uses: it runs on threads of its own, whose clocks are the meter.
//!
//! How many threads it has is its "speed"; giving them up ends all of its work.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use thread_priority::{
    NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};
use tokio::runtime::{Builder, Handle, Runtime};

/// How much a query's threads want, of 100: niceness 10. Whoever answers riders and drivers goes first.
const PRIORITY: u8 = 22;

/// Puts the current thread behind those of the market when all cores are taken.
fn stand_back() {
    let Ok(priority) = PRIORITY.try_into().map(ThreadPriority::Crossplatform) else { return };
    let policy = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Other);
    if let Err(error) = set_thread_priority_and_policy(thread_native_id(), priority, policy) {
        tracing::debug!(?error, "a query's thread has the priority of all others");
    }
}

/// Adds up the CPU clocks of a set of threads.
#[derive(Debug, Default)]
pub(super) struct CpuMeter {
    /// Threads that live, by their folder below `/proc`.
    live: Mutex<HashSet<PathBuf>>,
    /// Nanoseconds of those that ended.
    ended: AtomicU64,
}

impl CpuMeter {
    fn thread_starts(&self) {
        if let Ok(thread) = std::fs::read_link("/proc/thread-self") {
            self.live.lock().insert(PathBuf::from("/proc").join(thread));
        }
    }

    fn thread_ends(&self) {
        if let Ok(thread) = std::fs::read_link("/proc/thread-self") {
            let folder = PathBuf::from("/proc").join(thread);
            let mut live = self.live.lock();
            if live.remove(&folder) {
                self.ended.fetch_add(nanoseconds(&folder), Ordering::Relaxed);
            }
        }
    }

    /// CPU used until now, milliseconds.
    pub(super) fn millis(&self) -> u64 {
        let live = self.live.lock();
        let running: u64 = live.iter().map(nanoseconds).sum();
        (running + self.ended.load(Ordering::Relaxed)) / 1_000_000
    }
}

/// The time a thread spent on a CPU: the first field of its `schedstat`.
fn nanoseconds(folder: impl AsRef<std::path::Path>) -> u64 {
    let text = std::fs::read_to_string(folder.as_ref().join("schedstat")).unwrap_or_default();
    text.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0)
}

/// Threads for one query, metered.
#[derive(Debug)]
pub(super) struct Cores {
    runtime: Option<Runtime>,
    meter: Arc<CpuMeter>,
}

impl Cores {
    /// `cores` threads, and as many again for reading files.
    pub(super) fn start(cores: usize) -> std::io::Result<Self> {
        let meter = Arc::new(CpuMeter::default());
        let (starts, ends) = (Arc::clone(&meter), Arc::clone(&meter));
        let runtime = Builder::new_multi_thread()
            .worker_threads(cores.max(1))
            .max_blocking_threads(cores.max(1) * 2)
            .thread_name("lake-query")
            // Planning goes as deep as an expression is long (see `depth`); only what is used is there.
            .thread_stack_size(64 << 20)
            .on_thread_start(move || {
                stand_back();
                starts.thread_starts();
            })
            .on_thread_stop(move || ends.thread_ends())
            .enable_time()
            .build()?;
        Ok(Self { runtime: Some(runtime), meter })
    }

    pub(super) fn handle(&self) -> Option<&Handle> {
        self.runtime.as_ref().map(Runtime::handle)
    }

    pub(super) fn meter(&self) -> Arc<CpuMeter> {
        Arc::clone(&self.meter)
    }
}

impl Drop for Cores {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Never waits: it may be dropped on a thread of another runtime.
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn queries_stand_back() {
        let cores = Cores::start(1).unwrap();
        let (sender, done) = std::sync::mpsc::channel();
        cores.handle().unwrap().spawn(async move {
            let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
            let nice = stat.rsplit(')').next().unwrap().split_whitespace().nth(16).unwrap().to_owned();
            sender.send(nice.parse::<i32>().unwrap()).unwrap();
        });
        assert!(done.recv().unwrap() >= 10);
    }

    #[test]
    fn work_is_counted_and_sleep_is_not() {
        let cores = Cores::start(1).unwrap();
        let (meter, (sender, done)) = (cores.meter(), std::sync::mpsc::channel());
        cores.handle().unwrap().spawn(async move {
            let start = doorstep_clock::monotonic();
            let mut n = 0_u64;
            // By the meter, since a busy machine lends no thread a whole core.
            while meter.millis() < 20 && start.elapsed().as_secs() < 30 {
                for _ in 0..100_000 {
                    n = std::hint::black_box(n + 1);
                }
            }
            let took = u64::try_from(start.elapsed().as_millis()).unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            sender.send(took).unwrap();
        });
        let took = done.recv().unwrap();
        let used = cores.meter().millis();
        assert!((20..=took + 20).contains(&used), "{used} ms for at most {took} ms of work");
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert!(cores.meter().millis() - used < 20, "an idle query uses no CPU");
    }
}
