//! The role `city`: every configured city runs live in this process.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, ensure};
use doorstep_city::live::{CityClock, CityMap, CityRoads, LiveCity, LiveConfig, PooledConfig};
use doorstep_clock::{ScaledClock, SharedClock, Timestamp};
use doorstep_journal::Journal;
use doorstep_money::Currency;
use doorstep_orders::Orders;
use doorstep_pricing::{DemandSignal, PriceBook, SurgeConfig, Tariff};
use doorstep_roads::{CityFile, Roads};

use crate::config::{Config, DemoClock, Dispatch, DispatchPolicy, Pricing};

/// A point farther than this from every road is outside the city, metres.
const SNAP_M: f64 = 300.0;

/// What a live city is made of.
pub(crate) struct CityRole {
    cities: Vec<PathBuf>,
    dispatch: Dispatch,
    pricing: Pricing,
    demo_clock: Option<DemoClock>,
    wall: SharedClock,
    orders: Orders,
    journal: Journal,
}

/// The cities that run, by id.
pub(crate) type Cities = BTreeMap<String, LiveCity>;

impl CityRole {
    pub(crate) fn create(config: &Config, wall: SharedClock, orders: Orders, journal: Journal) -> Self {
        Self {
            cities: config.cities.clone(),
            dispatch: config.dispatch.clone(),
            pricing: config.pricing.clone(),
            demo_clock: config.demo_clock,
            wall,
            orders,
            journal,
        }
    }

    /// Loads the cities and goes on from what the store holds. A city's lease is taken in this process's name.
    pub(crate) async fn start(self, owner: &str) -> anyhow::Result<Cities> {
        let mut cities = Cities::new();
        for dir in &self.cities {
            let file = load(dir.clone()).await?;
            ensure!(!cities.contains_key(&file.id), "two of the configured cities have the id {}", file.id);
            let (id, nodes, arcs) = (file.id.clone(), file.graph.node_count(), file.graph.arc_count());
            let clock = self.clock(&format!("orders.{id}"))?;
            let map = prepare(file, dir.clone(), clock.now()).await?;
            let live = LiveCity::start(
                map,
                live_config(&self.dispatch, &self.pricing),
                clock,
                Arc::clone(&self.wall),
                self.orders.clone(),
                self.journal.clone(),
                owner,
            )
            .await
            .with_context(|| format!("the city {id} cannot start"))?;
            tracing::info!(city = id, nodes, arcs, hourly = live.map().roads.hourly(), "a city runs");
            cities.insert(id, live);
        }
        Ok(cities)
    }

    /// Real time, or the demo's, which goes on from the newest event in the city's stream.
    fn clock(&self, stream: &str) -> anyhow::Result<CityClock> {
        let Some(demo) = self.demo_clock else { return Ok(CityClock::Real(Arc::clone(&self.wall))) };
        let last = self.journal.last(stream);
        let newest =
            self.journal.read(stream, last.saturating_sub(1), 1).context("the city's events cannot be read")?;
        let start = newest.first().map_or(demo.start, |record| record.at.max(demo.start));
        Ok(CityClock::Demo(Arc::new(ScaledClock::new(Arc::clone(&self.wall), start, demo.speed))))
    }
}

fn live_config(dispatch: &Dispatch, pricing: &Pricing) -> LiveConfig {
    let pooled = PooledConfig {
        seats: u8::try_from(dispatch.seats).unwrap_or(u8::MAX),
        max_delay_s: dispatch.max_delay_s,
        boarding_s: dispatch.boarding_s,
        reserve: dispatch.reserve,
    };
    LiveConfig {
        pooled: (dispatch.policy == DispatchPolicy::Pooled).then_some(pooled),
        batch_s: dispatch.batch_s,
        offer_s: dispatch.offer_s,
        max_wait_s: dispatch.max_wait_s,
        heartbeat_s: dispatch.heartbeat_s,
        rebalance_s: dispatch.rebalance_s,
        surge: pricing.surge,
        surge_s: pricing.surge_s,
        ..LiveConfig::default()
    }
}

/// A city's file, read and checked.
async fn load(dir: PathBuf) -> anyhow::Result<CityFile> {
    beside(move || CityFile::load(&dir).with_context(|| format!("the city in {} cannot be loaded", dir.display())))
        .await
}

/// The city as a map; preparing its travel times takes a moment and a core.
async fn prepare(file: CityFile, dir: PathBuf, now: Timestamp) -> anyhow::Result<CityMap> {
    beside(move || map(file, &dir, now)).await
}

/// Runs what takes long off the runtime's threads.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> anyhow::Result<T> + Send + 'static) -> anyhow::Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

fn map(file: CityFile, dir: &Path, now: Timestamp) -> anyhow::Result<CityMap> {
    let currency = file.currency.parse().with_context(|| format!("the currency of the city in {}", dir.display()))?;
    let bbox = file.graph.bounds().with_context(|| format!("the city in {} has no roads", dir.display()))?;
    let roads = Roads::assemble(Arc::new(file.graph), Arc::new(file.hierarchy));
    let roads = CityRoads::by_week(roads, file.week, &file.time_zone, now)
        .with_context(|| format!("the hours of the city in {}", dir.display()))?;
    Ok(CityMap {
        id: file.id,
        name: file.name,
        currency,
        tariff: Arc::new(tariff(dir, currency, &file.time_zone)?),
        surge: surge(dir)?,
        time_zone: file.time_zone,
        bbox,
        roads,
        snap_m: SNAP_M,
    })
}

/// A city's prices lie in this file beside its roads; without it they are [`Tariff::standard`].
const TARIFF: &str = "tariff.toml";
/// The numbers of its surge model, where they differ from the usual ones.
const SURGE: &str = "surge.toml";

/// A file of the city, if it is there.
fn beside_the_roads(dir: &Path, name: &str) -> anyhow::Result<Option<(String, String)>> {
    let file = dir.join(name);
    match std::fs::read_to_string(&file) {
        Ok(text) => Ok(Some((text, file.display().to_string()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

fn tariff(dir: &Path, currency: Currency, time_zone: &str) -> anyhow::Result<PriceBook> {
    let Some((text, file)) = beside_the_roads(dir, TARIFF)? else {
        return Ok(Tariff::standard(currency, time_zone).compile()?);
    };
    let mut book = Tariff::from_toml(&text).with_context(|| file.clone())?;
    if book.tariff().time_zone.is_empty() {
        book = Tariff { time_zone: time_zone.to_owned(), ..book.tariff().clone() }
            .compile()
            .with_context(|| file.clone())?;
    }
    let written = book.currency();
    ensure!(written == currency, "{file}: the city's currency is {currency}, not {written}");
    Ok(book)
}

/// Rides that were ordered are the signal: whoever asks for a price may ask again, or be a program.
fn surge(dir: &Path) -> anyhow::Result<SurgeConfig> {
    match beside_the_roads(dir, SURGE)? {
        Some((text, file)) => SurgeConfig::from_toml(&text).with_context(|| file),
        None => Ok(SurgeConfig { demand: DemandSignal::Orders, ..SurgeConfig::default() }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_the_citys_own_or_the_standard_ones() {
        let dir = tempfile::tempdir().unwrap();
        let usd: Currency = "USD".parse().unwrap();
        let read = || tariff(dir.path(), usd, "America/New_York");
        assert_eq!(read().unwrap().tariff(), &Tariff::standard(usd, "America/New_York"));
        let write = |text: &str| std::fs::write(dir.path().join(TARIFF), text).unwrap();
        let prices = "name = \"Grid\"\nbase = 1\nper_km = 2\nper_minute = 3\nminimum = 4\nbooking_fee = 5\n";
        write(&format!("currency = \"USD\"\n{prices}"));
        let own = read().unwrap();
        assert_eq!((own.tariff().per_minute, own.tariff().time_zone.as_str()), (3, "America/New_York"));
        write(&format!("currency = \"EUR\"\n{prices}"));
        assert!(read().unwrap_err().to_string().contains("the city's currency is USD"));
        write("currency = \"USD\"\nbase = -1\ntip = 1\n");
        let told = format!("{:#}", read().unwrap_err());
        for mistake in ["tariff.toml", "/base", "/tip", "/name"] {
            assert!(told.contains(mistake), "{mistake} in {told}");
        }
    }

    #[test]
    fn the_surge_model_is_the_usual_one_or_the_citys_own() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(surge(dir.path()).unwrap().demand, DemandSignal::Orders);
        std::fs::write(dir.path().join(SURGE), "target_pickup_s = 240\ndemand = \"quotes\"\n").unwrap();
        assert_eq!(surge(dir.path()).unwrap().target_pickup_s, 240.0);
        std::fs::write(dir.path().join(SURGE), "gain = 9\nhaste = 1\n").unwrap();
        let told = format!("{:#}", surge(dir.path()).unwrap_err());
        assert!(told.contains("/gain") && told.contains("/haste") && told.contains("surge.toml"), "{told}");
    }
}
