//! The riders' side of the demo: at its time, each wish of the script becomes a quote and an order.

use std::sync::Arc;
use std::time::Duration;

use doorstep_clock::SeededRng;
use rand::RngExt as _;
use tokio::sync::{Semaphore, watch};
use tracing::{debug, warn};

use super::client::{CityTime, Client};
use super::script::{LAP_MS, START, Script};

/// Riders who would come later than this after their time stay away: a machine that cannot follow the
/// chosen speed sees fewer riders, not a made-up rush.
const TOO_LATE_MS: i64 = 120_000;
/// Calls of riders under way at once.
const AT_ONCE: usize = 64;

/// Runs until `time`'s sender is gone.
///
/// `sharing`: the part of the riders who share, 0 to 1.
pub(super) async fn run(
    client: Client,
    city: String,
    script: Arc<Script>,
    sharing: f64,
    seed: u64,
    time: watch::Receiver<CityTime>,
) {
    let mut rng = SeededRng::new(seed, "demo.sharing");
    let calls = Arc::new(Semaphore::new(AT_ONCE));
    let began = time.borrow().now_ms() - START.millis();
    let mut lap = u32::try_from(began.max(0) / LAP_MS).unwrap_or(0);
    let mut skip_before = began;
    let mut number = 0_u64;
    loop {
        for wish in script.lap(lap, seed) {
            let due = i64::from(lap) * LAP_MS + wish.after_ms;
            if due < skip_before {
                continue; // asked for before the demo was started again
            }
            loop {
                if time.has_changed().is_err() {
                    return;
                }
                let (now, speed) = {
                    let t = time.borrow();
                    (t.now_ms() - START.millis(), t.speed())
                };
                if now >= due {
                    break;
                }
                let wall_ms = if speed > 0.0 { ((due - now) as f64 / speed).clamp(2.0, 200.0) } else { 200.0 };
                tokio::time::sleep(Duration::from_millis(wall_ms as u64)).await;
            }
            if time.borrow().now_ms() - START.millis() - due > TOO_LATE_MS {
                continue;
            }
            number += 1;
            let share = rng.random::<f64>() < sharing;
            let Ok(permit) = Arc::clone(&calls).acquire_owned().await else { return };
            let (client, city) = (client.clone(), city.clone());
            tokio::spawn(async move {
                match client.ride(&city, &wish, &format!("Rider {number}"), share).await {
                    Ok(order) => debug!(order = order.id, "a rider ordered"),
                    // A small fleet has no car for everybody: such a rider knows at once.
                    Err(e) if e.is("no_such_car") => debug!(error = %e, "no car for a rider"),
                    Err(e) => warn!(error = %e, "a rider could not order"),
                }
                drop(permit);
            });
        }
        lap += 1;
        skip_before = 0;
    }
}
