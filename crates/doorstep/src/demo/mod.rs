//! `doorstep up --demo`: a Manhattan afternoon, whose riders, drivers and shops are clients of the public API.
//!
//! *Invariant*: nothing here calls the market's crates for anything that an app could not do over HTTP.
//! The one thing that the demo does on the inside is to bring the city: its roads are imported on the
//! first start.

mod client;
mod feeds;
mod fleet;
mod motion;
mod pooled;
mod riders;
mod script;
mod shops;
mod sse;
mod taxi;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use doorstep_roads::{CityFile, Roads, WeekProfile, import};
use serde_json::json;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tracing::info;

use crate::config::{Config, DemoClock, DispatchPolicy};
use crate::node::ready::AdminKey;
use client::{CityTime, CityView, Client, DriverView, OrderView};
use script::Script;
use taxi::Taxi;

/// The demo city's id.
pub const CITY: &str = "manhattan";

/// The demo's part of the command line.
#[derive(Clone, Debug, clap::Args)]
pub struct DemoArgs {
    /// Bring a Manhattan afternoon: its streets, riders, taxis and shops come with the program
    #[arg(long)]
    pub demo: bool,
    /// Taxis on the demo's streets
    #[arg(long, value_name = "N", default_value_t = 3000, requires = "demo", value_parser = clap::value_parser!(u32).range(1..=6680))]
    pub demo_taxis: u32,
    /// Share of the recorded riders who come to the demo, above 0 and up to 1
    #[arg(long, value_name = "SHARE", default_value_t = 1.0, requires = "demo", value_parser = share)]
    pub demo_share: f64,
    /// City seconds a second at the demo's start, 1 to 60
    #[arg(long, value_name = "TIMES", default_value_t = 10.0, requires = "demo", value_parser = speed)]
    pub demo_speed: f64,
    /// Share of the demo's riders who ride together with others, 0 to 1; above 0 cars take several riders
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, requires = "demo", value_parser = sharing)]
    pub demo_sharing: f64,
    /// Everything drawn in the demo comes from this number
    #[arg(long, value_name = "N", default_value_t = 1, requires = "demo")]
    pub demo_seed: u64,
}

fn share(text: &str) -> Result<f64, String> {
    between(text, f64::MIN_POSITIVE, 1.0, "a share above 0 and up to 1")
}

fn sharing(text: &str) -> Result<f64, String> {
    between(text, 0.0, 1.0, "a share of 0 to 1")
}

fn speed(text: &str) -> Result<f64, String> {
    between(text, 1.0, 60.0, "a speed of 1 to 60")
}

fn between(text: &str, low: f64, high: f64, wanted: &str) -> Result<f64, String> {
    text.parse().ok().filter(|v| (low..=high).contains(v)).ok_or_else(|| format!("write {wanted}"))
}

/// What the demo needs of the node that it runs on.
#[derive(Clone, Debug)]
pub struct DemoContext {
    /// Where the API listens.
    pub api: SocketAddr,
    /// A key that may make keys; used for the riders' app, the drivers' and the shops'.
    pub admin: AdminKey,
}

/// Lays the demo over a configuration: its city, its clock, and limits that its crowd of clients fits in.
///
/// # Errors
/// When the city cannot be written.
pub fn prepare(args: &DemoArgs, config: &mut Config) -> anyhow::Result<()> {
    let dir = config.data.join("cities").join(CITY);
    bring_city(&dir).context("the demo city could not be made")?;
    if !config.cities.contains(&dir) {
        config.cities.push(dir);
    }
    config.demo_clock = Some(DemoClock { start: script::START, speed: args.demo_speed });
    config.pricing.surge = true;
    if args.demo_sharing > 0.0 {
        config.dispatch.policy = DispatchPolicy::Pooled;
    }
    config.limits.requests_per_s = config.limits.requests_per_s.max(20_000);
    config.limits.burst = config.limits.burst.max(20_000);
    Ok(())
}

/// Imports the demo's roads into `dir` unless they are there and whole.
fn bring_city(dir: &Path) -> anyhow::Result<()> {
    if CityFile::load(dir).is_ok() {
        return Ok(());
    }
    let graph = import::tables(script::ROAD_NODES, script::ROAD_EDGES)?.graph;
    let roads = Roads::build(graph);
    let city = CityFile {
        id: CITY.to_owned(),
        name: "Manhattan".to_owned(),
        currency: "USD".to_owned(),
        time_zone: "America/New_York".to_owned(),
        week: WeekProfile::flat(roads.graph().arc_count()),
        hierarchy: (**roads.hierarchy()).clone(),
        graph: (**roads.graph()).clone(),
        sources: vec![
            "Roads: © OpenStreetMap contributors, ODbL 1.0".to_owned(),
            "Speeds: NYC hourly traffic estimates, Illinois Data Bank IDB-4900670".to_owned(),
        ],
    };
    city.save(dir)?;
    Ok(())
}

/// The running demo; dropping it sends everybody home.
#[derive(Debug)]
pub struct Demo {
    _tasks: JoinSet<()>,
}

/// Brings the taxis onto the streets and lets the riders come.
///
/// # Errors
/// When the API refuses what any app would need.
pub async fn start(context: &DemoContext, args: &DemoArgs) -> anyhow::Result<Demo> {
    let seed = args.demo_seed;
    let admin = Client::new(&format!("http://{}", context.api), &context.admin.access, &context.admin.secret)?;
    let rider = admin.with_scopes("demo riders", &["rider"]).await?;
    let driver = admin.with_scopes("demo taxis", &["driver", "partner"]).await?;
    let keeper = admin.with_scopes("demo shops", &["operator"]).await?;
    let mut tasks = JoinSet::new();
    // Beside everything else: nobody waits for a shop to open.
    tasks.spawn(shops::open(keeper));
    let script = Arc::new(Script::load(args.demo_taxis as usize, args.demo_share, seed)?);

    let city: CityView = driver.get(&format!("/v1/cities/{CITY}")).await?;
    let (time_out, time) = watch::channel(CityTime::new(&city.clock));
    // Listen before the first taxi is on the street, so that no offer is missed.
    let (event_out, events) = mpsc::channel(4096);
    tasks.spawn(feeds::events(driver.clone(), CITY.to_owned(), event_out));
    tasks.spawn(feeds::clock(driver.clone(), CITY.to_owned(), time_out));

    let taxis = fleet_on_the_streets(&driver, &script).await?;
    info!(taxis = taxis.len(), "the taxis are on the streets");
    let mut open = Vec::new();
    for state in ["offered", "accepted", "arriving", "arrived", "on_trip"] {
        open.extend(driver.all::<OrderView>(&format!("/v1/orders?city={CITY}&state={state}")).await?);
    }
    let (mut fleet, answers) = fleet::Fleet::new(driver.clone(), CITY, Arc::clone(&script), seed, time.clone(), taxis);
    fleet.pooled = city.policy.shared.is_some();
    fleet.resume(open);
    let fleet = Arc::new(parking_lot::Mutex::new(fleet));
    tasks.spawn(feeds::positions(driver, CITY.to_owned(), Arc::clone(&fleet), time.clone()));
    tasks.spawn(fleet::run(fleet, answers, events));
    tasks.spawn(riders::run(rider, CITY.to_owned(), script, args.demo_sharing, seed, time));
    Ok(Demo { _tasks: tasks })
}

/// Registers the taxis (or finds those of an earlier start) and brings them online.
async fn fleet_on_the_streets(driver: &Client, script: &Script) -> anyhow::Result<Vec<Taxi>> {
    let stands = script.stands();
    let mut known: Vec<DriverView> = driver.all(&format!("/v1/drivers?city={CITY}")).await?;
    known.sort_by(|a, b| a.id.cmp(&b.id));
    known.truncate(stands.len());
    for (chunk_ix, chunk) in stands[known.len()..].chunks(500).enumerate() {
        let first = known.len().max(1) + chunk_ix * 500;
        let items: Vec<_> = chunk
            .iter()
            .enumerate()
            .map(|(ix, stand)| {
                let number = first + ix;
                json!({"city": CITY, "name": format!("Taxi {number}"), "plate": format!("{number:04}T"), "seats": stand.seats,
                    "car": stand.gear.car(), "women_rides": stand.gear.women_rides()})
            })
            .collect();
        let made: client::Page<DriverView> = driver.post("/v1/drivers/batch", json!({"items": items})).await?;
        known.extend(made.items);
    }
    let taxis: Vec<Taxi> = known
        .into_iter()
        .zip(stands)
        .map(|(driver, stand)| Taxi::new(driver.id, driver.position.unwrap_or(stand.at)))
        .collect();
    for chunk in taxis.chunks(500) {
        let lines: Vec<_> = chunk
            .iter()
            .map(|t| {
                let (at, _) = t.place(0);
                json!({"driver": t.id, "lat": at.lat(), "lon": at.lon()})
            })
            .collect();
        driver.online(CITY, &lines).await?;
    }
    Ok(taxis)
}
