//! Clocks: the machine's, one set by hand, and one that runs faster or slower or stands still.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::RwLock;

use crate::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// A clock that many parts look at.
pub type SharedClock = Arc<dyn Clock>;

/// The machine's own clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A clock that moves only when told to. Clones share their time.
#[derive(Clone, Debug, Default)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that stands at `at`.
    #[must_use]
    pub fn new(at: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(at.millis())))
    }

    /// Sets the clock.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.millis(), Ordering::SeqCst);
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// A clock that runs `speed` times as fast as another and can stand still. Changing the speed never makes
/// it jump. Clones share their time.
#[derive(Clone)]
pub struct ScaledClock {
    base: SharedClock,
    state: Arc<RwLock<Scale>>,
}

#[derive(Clone, Copy, Debug)]
struct Scale {
    base_at: Timestamp,
    at: Timestamp,
    speed: f64,
    paused: bool,
}

impl Scale {
    fn now(&self, base_now: Timestamp) -> Timestamp {
        if self.paused {
            return self.at;
        }
        self.at.plus_ms((base_now.ms_since(self.base_at).max(0) as f64 * self.speed) as i64)
    }
}

impl ScaledClock {
    /// The slowest speed that can be set.
    pub const MIN_SPEED: f64 = 0.1;
    /// The fastest speed that can be set.
    pub const MAX_SPEED: f64 = 600.0;

    /// A clock that shows `start` now and runs `speed` times as fast as `base`; the speed is held between
    /// [`Self::MIN_SPEED`] and [`Self::MAX_SPEED`].
    #[must_use]
    pub fn new(base: SharedClock, start: Timestamp, speed: f64) -> Self {
        let scale = Scale { base_at: base.now(), at: start, speed: held(speed), paused: false };
        Self { base, state: Arc::new(RwLock::new(scale)) }
    }

    fn change(&self, change: impl FnOnce(&mut Scale)) {
        let mut state = self.state.write();
        let base_now = self.base.now();
        state.at = state.now(base_now);
        state.base_at = base_now;
        change(&mut state);
    }

    /// Sets how many times as fast as its base it runs.
    pub fn set_speed(&self, speed: f64) {
        self.change(|s| s.speed = held(speed));
    }

    /// Lets it stand still.
    pub fn pause(&self) {
        self.change(|s| s.paused = true);
    }

    /// Lets it run again.
    pub fn resume(&self) {
        self.change(|s| s.paused = false);
    }

    /// How many times as fast as its base it runs when it runs.
    #[must_use]
    pub fn speed(&self) -> f64 {
        self.state.read().speed
    }

    /// Whether it stands still.
    #[must_use]
    pub fn paused(&self) -> bool {
        self.state.read().paused
    }
}

fn held(speed: f64) -> f64 {
    if speed.is_finite() { speed.clamp(ScaledClock::MIN_SPEED, ScaledClock::MAX_SPEED) } else { 1.0 }
}

impl Clock for ScaledClock {
    fn now(&self) -> Timestamp {
        let state = self.state.read();
        state.now(self.base.now())
    }
}

impl std::fmt::Debug for ScaledClock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScaledClock").field("state", &*self.state.read()).finish_non_exhaustive()
    }
}

/// The one door to elapsed wall time, for measuring how long something took.
#[must_use]
pub fn monotonic() -> Instant {
    Instant::now()
}

/// A moment by which something must be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline(Timestamp);

impl Deadline {
    /// The deadline `within` from now.
    #[must_use]
    pub fn after(clock: &dyn Clock, within: Duration) -> Self {
        Self(clock.now().plus_ms(i64::try_from(within.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Whether it has passed.
    #[must_use]
    pub fn expired(&self, clock: &dyn Clock) -> bool {
        clock.now() >= self.0
    }
}

thread_local! {
    /// CPU time of ended processes that worked for this thread.
    static CHARGED: std::cell::Cell<Duration> = const { std::cell::Cell::new(Duration::ZERO) };
}

/// The CPU time that the calling thread has taken so far, and the processes that were charged to it with
/// [`charge_process`]; nothing where the system does not tell.
#[must_use]
pub fn thread_cpu() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let own = text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)?;
    Some(own + CHARGED.get())
}

/// Charges the CPU time of a child process that has ended, or is about to, to the calling thread. To be called
/// before the child is waited for: afterwards nobody knows it any more. Waits for its end for a fifth of a second at
/// most; where the system does not tell, nothing is charged.
pub fn charge_process(pid: u32) {
    let until = Instant::now() + Duration::from_millis(200);
    loop {
        let Some((state, cpu)) = process_cpu(pid) else { return };
        // A zombie has all of its numbers, and takes no more.
        if state == 'Z' || Instant::now() >= until {
            CHARGED.set(CHARGED.get() + cpu);
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A process's state and the CPU time of all of its threads.
fn process_cpu(pid: u32) -> Option<(char, Duration)> {
    /// Of `/proc`'s clock ticks in a second; Linux has promised the same to every program.
    const TICKS: u64 = 100;
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Behind the name, which may hold anything: the state, ten numbers, then user and system time.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    let whole = Duration::from_millis(ticks * 1000 / TICKS);
    // The first thread's own time is told in nanoseconds.
    let first = std::fs::read_to_string(format!("/proc/{pid}/schedstat")).ok();
    let first = first.as_deref().and_then(|text| text.split_whitespace().next()?.parse().ok());
    let first = first.map_or(Duration::ZERO, Duration::from_nanos);
    Some((fields.first()?.chars().next()?, whole.max(first)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_worked_is_charged_to_whoever_started_it() {
        let Some(before) = thread_cpu() else { return };
        let count = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
        let mut child = std::process::Command::new("sh").args(["-c", count]).spawn().expect("a shell");
        while process_cpu(child.id()).is_some_and(|(state, _)| state != 'Z') {
            std::thread::sleep(Duration::from_millis(2));
        }
        charge_process(child.id());
        child.wait().expect("it has ended");
        let charged = thread_cpu().expect("told before") - before;
        assert!(charged > Duration::from_millis(10), "{charged:?}");
        // Another thread has nothing to do with it, and a process that is not there costs nothing.
        let other = std::thread::spawn(|| {
            charge_process(u32::MAX);
            CHARGED.get()
        });
        assert_eq!(other.join().expect("it counts"), Duration::ZERO);
    }

    #[test]
    fn a_scaled_clock_never_jumps() {
        let base = ManualClock::new(Timestamp(1_000));
        let clock = ScaledClock::new(Arc::new(base.clone()), Timestamp(50_000), 10.0);
        base.advance(Duration::from_millis(100));
        assert_eq!(clock.now(), Timestamp(51_000));
        clock.set_speed(60.0);
        assert_eq!(clock.now(), Timestamp(51_000));
        base.advance(Duration::from_millis(100));
        assert_eq!(clock.now(), Timestamp(57_000));
        clock.pause();
        base.advance(Duration::from_secs(100));
        assert_eq!((clock.now(), clock.paused()), (Timestamp(57_000), true));
        clock.resume();
        base.advance(Duration::from_millis(1));
        assert_eq!(clock.now(), Timestamp(57_060));
    }

    #[test]
    fn silly_speeds_are_held() {
        let clock = ScaledClock::new(Arc::new(SystemClock), Timestamp(0), f64::NAN);
        assert!((clock.speed() - 1.0).abs() < f64::EPSILON);
        clock.set_speed(1e9);
        assert!((clock.speed() - ScaledClock::MAX_SPEED).abs() < f64::EPSILON);
    }

    #[test]
    fn a_deadline_passes() {
        let clock = ManualClock::default();
        let deadline = Deadline::after(&clock, Duration::from_secs(1));
        assert!(!deadline.expired(&clock));
        clock.advance(Duration::from_secs(1));
        assert!(deadline.expired(&clock));
    }
}
