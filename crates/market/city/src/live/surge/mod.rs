//! Surge of a live city, tenant by tenant: each has its own riders and cars, so each has its own prices.
//!
//! The loop watches ([`Watchers`]) and publishes ([`Surge`]); quotes read what is published and wait for nothing.
//! A multiplier that changed is in the journal before it is charged. Operators switch surge off and on; the last
//! word is kept in the store, and the stream `pricing.<city>` tells who said it, when and why.

mod demand;
mod history;
mod log;
mod round;
mod switch;
mod watch;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arc_swap::ArcSwap;
use doorstep_clock::Timestamp;
use doorstep_geo::{Point, Resolution};
use doorstep_pricing::{Basis, DemandSignal, Multiplier, Outlook, SurgeMap};
use doorstep_roads::NodeIx;
use parking_lot::{Mutex, RwLock};

pub use log::SurgeLine;
pub use switch::SurgeSwitch;

pub(crate) use demand::Asking;
pub(crate) use history::read_history;
pub(crate) use watch::Watchers;

use crate::live::config::LiveConfig;
use crate::live::map::CityMap;
use demand::Quoted;

/// The journal stream of a city's prices.
pub(crate) fn stream(city: &str) -> String {
    format!("pricing.{city}")
}

/// What holds for one tenant.
#[derive(Clone)]
struct Published {
    map: Arc<SurgeMap>,
    outlook: Arc<Vec<Outlook>>,
}

/// What is published, and the switches; nothing here waits for the loop.
pub(crate) struct Surge {
    setting: String,
    /// For tenants whose operators have not said anything.
    on_at_first: bool,
    /// No watcher runs.
    never: bool,
    published: ArcSwap<HashMap<String, Published>>,
    switches: RwLock<BTreeMap<String, SurgeSwitch>>,
    off: Arc<SurgeMap>,
    unknown: Arc<SurgeMap>,
    /// Only where quotes are the signal.
    quoted: Option<Mutex<Quoted>>,
}

impl Surge {
    pub(crate) fn new(map: &CityMap, config: &LiveConfig) -> Self {
        let resolution = Resolution::try_from(map.surge.resolution).unwrap_or(Resolution::Eight);
        let flat = |because| Arc::new(SurgeMap::without_surge(because, resolution));
        Self {
            setting: switch::setting(map.id()),
            on_at_first: config.surge,
            never: config.surge_s <= 0.0,
            published: ArcSwap::default(),
            switches: RwLock::default(),
            off: flat(Basis::Off),
            unknown: flat(Basis::WarmingUp),
            quoted: (map.surge.demand == DemandSignal::Quotes).then(Mutex::default),
        }
    }

    /// The name of the setting in which the switches are kept.
    pub(crate) fn setting(&self) -> &str {
        &self.setting
    }

    /// Goes on from what the store holds.
    pub(crate) fn resume(&self, switches: BTreeMap<String, SurgeSwitch>) {
        *self.switches.write() = switches;
    }

    /// Whether a tenant's riders are charged surge.
    pub(crate) fn on(&self, tenant: &str) -> bool {
        !self.never && self.switches.read().get(tenant).map_or(self.on_at_first, |switch| switch.on)
    }

    fn switch(&self, tenant: &str) -> Option<SurgeSwitch> {
        self.switches.read().get(tenant).cloned()
    }

    fn switched(&self, tenant: &str, switch: SurgeSwitch) {
        self.switches.write().insert(tenant.to_owned(), switch);
    }

    /// The map that prices a tenant's rides.
    pub(crate) fn map(&self, tenant: &str) -> Arc<SurgeMap> {
        if !self.on(tenant) {
            return Arc::clone(&self.off);
        }
        self.published.load().get(tenant).map_or_else(|| Arc::clone(&self.unknown), |held| Arc::clone(&held.map))
    }

    /// How long a tenant's riders are gathered, where that was chosen with the last map, seconds.
    pub(crate) fn window_s(&self, tenant: &str) -> Option<f64> {
        self.published.load().get(tenant).and_then(|held| held.map.window_s()).map(f64::from)
    }

    /// Counts somebody who asked for a price, where that is the signal.
    pub(crate) fn asked(&self, tenant: &str, ends: (NodeIx, NodeIx), pickup: Point, now: Timestamp) {
        if let Some(quoted) = &self.quoted {
            quoted.lock().note(tenant, ends, pickup, now);
        }
    }

    fn take_asked(&self, now: Timestamp) -> Vec<Asking> {
        self.quoted.as_ref().map(|quoted| quoted.lock().take(now)).unwrap_or_default()
    }

    fn publish(&self, made: Vec<(String, Published)>) {
        let mut published = HashMap::clone(&self.published.load());
        published.extend(made);
        self.published.store(Arc::new(published));
    }

    fn held(&self, tenant: &str) -> Option<Published> {
        self.published.load().get(tenant).cloned()
    }
}

/// A tenant's surge as it stands: for operators and drivers.
#[derive(Clone, Debug)]
pub struct SurgeState {
    /// Whether riders are charged what the map says.
    pub on: bool,
    /// The last word of an operator, where one was said.
    pub switch: Option<SurgeSwitch>,
    /// The last map, with the model's multipliers before the caps of tariff and law; none before the first.
    pub map: Option<Arc<SurgeMap>>,
    /// What became of such cells before: the drivers' outlook, the highest multipliers first.
    pub outlook: Arc<Vec<Outlook>>,
}

impl crate::live::LiveCity {
    /// A tenant's surge as it stands.
    #[must_use]
    pub fn surge(&self, tenant: &str) -> SurgeState {
        let surge = &self.shared().surge;
        let held = surge.held(tenant);
        SurgeState {
            on: surge.on(tenant),
            switch: surge.switch(tenant),
            outlook: held.as_ref().map(|h| Arc::clone(&h.outlook)).unwrap_or_default(),
            map: held.map(|h| h.map),
        }
    }

    /// What riders are charged in a cell where the model asks for `asked`: the caps of tariff, airport and law come
    /// off, and all of it while surge is off.
    #[must_use]
    pub fn charged(&self, tenant: &str, asked: Multiplier, cell: doorstep_geo::Cell, at: Timestamp) -> Multiplier {
        if self.shared().surge.on(tenant) {
            self.map().tariff.charged(asked, cell.center(), at)
        } else {
            Multiplier::ONE
        }
    }
}
