//! Looks at the cities now and then and tells where drivers are and how many.

use std::time::Duration;

use doorstep_identity::Keys;
use serde_json::json;

use super::{
    Facts,
    tables::{POSITIONS, SUPPLY},
};
use crate::{node::Shutdown, roles::city::Cities};

/// Wall time between two looks.
const EVERY: Duration = Duration::from_secs(15);
/// Positions told of one city and tenant at a look; a larger fleet is thinned evenly.
const MOST: usize = 20_000;

/// Looks until the process goes down.
pub(crate) async fn watch(cities: Cities, keys: Keys, facts: Facts, shutdown: Shutdown) {
    let mut due = tokio::time::interval(EVERY);
    due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = due.tick() => {}
            () = shutdown.wait() => return,
        }
        let tenants = match keys.tenants().await {
            Ok(tenants) => tenants,
            Err(error) => {
                tracing::warn!(%error, "the tenants cannot be listed; their cities are looked at later");
                continue;
            }
        };
        for (id, city) in &cities {
            for tenant in &tenants {
                let tenant = tenant.id.as_str();
                let Ok(frame) = city.map_frame(tenant, None).await else { continue };
                if frame.drivers.is_empty() && frame.stats.requests == 0 {
                    continue;
                }
                let step = frame.drivers.len().div_ceil(MOST).max(1);
                for line in frame.drivers.iter().step_by(step) {
                    let row = json!({"tenant": tenant, "city": id, "lat": line.2, "lon": line.1,
                                     "bearing_deg": line.3, "state": line.4});
                    facts.tell(POSITIONS, line.0.to_string(), frame.now, row);
                }
                let mut row = serde_json::to_value(frame.stats).unwrap_or_default();
                row["tenant"] = json!(tenant);
                facts.tell(SUPPLY, id.clone(), frame.now, row);
            }
        }
    }
}
