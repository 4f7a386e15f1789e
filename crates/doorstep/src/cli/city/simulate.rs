//! `doorstep city simulate`: what a price policy does to riders, drivers and the city, before it is switched on.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::ValueEnum;
use doorstep_city::replay::{read_requests, read_taxis};
use doorstep_city::simulate::{
    OutageReport, Page, People, Side, Stage, StepReport, Town, WelfareReport, WelfareRow, WgcReport,
};
use doorstep_geo::Resolution;
use doorstep_pricing::{DemandSignal, SurgeConfig};
use doorstep_roads::{CityFile, Snapper};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::super::output::{Output, note};
use super::tables::recorded;

const EXAMPLE: &str = "\
Example:
  doorstep city simulate --scenario wgc --city my-city --requests requests.csv.gz --taxis taxis.csv.gz --json
  doorstep city simulate --scenario outage --city my-city --plot outage.html

Journeys, their density and the places of cars are recorded ones; fares are fitted to recorded rides. What a ride
is worth to a rider, and for which pay a driver drives, is drawn with the seed: demand falls with price and waiting
by --elasticity. Every car is sent at once, the nearest by road. Prices and multipliers come from the same functions
as in a live city.";

/// Demands of the wild goose chase, as multiples of the recorded one.
const DEMANDS: [f64; 11] = [0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.5, 3.0];

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ScenarioName {
    /// The wild goose chase: demand rises, the number of cars does not
    Wgc,
    /// New Year's Eve: surge is out of order for 26 minutes
    Outage,
    /// Surge against the best fare that is the same all evening
    Welfare,
    /// A step of demand: does the multiplier swing?
    Step,
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// Directory made by `doorstep city import`
    #[arg(long, value_name = "DIR")]
    city: PathBuf,
    /// Which experiment
    #[arg(long, value_enum)]
    scenario: ScenarioName,
    /// Recorded requests; may come several times [default: those imported with the city]
    #[arg(long, value_name = "FILE")]
    requests: Vec<PathBuf>,
    /// Where the taxis stand [default: those imported with the city]
    #[arg(long, value_name = "FILE")]
    taxis: Option<PathBuf>,
    /// Cars at the flat fare and the recorded demand
    #[arg(long, default_value_t = 3_800)]
    cars: usize,
    /// Pickup time that surge shall keep, seconds
    #[arg(long, default_value_t = 150.0, value_name = "SECONDS")]
    target_pickup: f64,
    /// By how much demand falls with price and waiting
    #[arg(long, default_value_t = 1.2)]
    elasticity: f64,
    /// Highest demand of outage and step, as a multiple of the recorded one
    #[arg(long, default_value_t = 1.6)]
    height: f64,
    /// Evenings that welfare is judged on
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(2..=100))]
    seeds: u64,
    /// Seed of all people
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write charts as one HTML page
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct Answer<R: Serialize> {
    scenario: &'static str,
    seed: u64,
    journeys: usize,
    recorded_per_min: f64,
    mean_trip_s: f64,
    usual_pay_per_hour: f64,
    people: People,
    surge: SurgeConfig,
    wall_s: f64,
    report: R,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let started = doorstep_clock::monotonic();
    let stage = stage(args)?;
    let steps = match args.scenario {
        ScenarioName::Wgc => 3 * DEMANDS.len() as u64,
        ScenarioName::Outage => 2,
        ScenarioName::Welfare => 14 + 2 * args.seeds,
        ScenarioName::Step => 1,
    };
    // Hidden by itself where standard error is no terminal.
    let bar = ProgressBar::new(steps).with_style(ProgressStyle::with_template("{bar:40} {pos}/{len} runs")?);
    match args.scenario {
        ScenarioName::Wgc => {
            let report = stage.wgc(&DEMANDS, || bar.inc(1))?;
            finish(args, &stage, started, "wgc", report, wgc_table, Page::wgc)
        }
        ScenarioName::Outage => {
            ensure!((0.1..=10.0).contains(&args.height), "--height: give 0.1 to 10");
            let report = stage.outage(args.height, || bar.inc(1))?;
            finish(args, &stage, started, "outage", report, outage_table, Page::outage)
        }
        ScenarioName::Welfare => {
            let report = stage.welfare(args.seeds, || bar.inc(1))?;
            finish(args, &stage, started, "welfare", report, welfare_table, Page::welfare)
        }
        ScenarioName::Step => {
            ensure!((0.1..=10.0).contains(&args.height), "--height: give 0.1 to 10");
            let report = stage.step(args.height)?;
            finish(args, &stage, started, "step", report, step_table, Page::step)
        }
    }
}

fn stage(args: &Args) -> anyhow::Result<Stage> {
    let city = CityFile::load(&args.city)?;
    let corners = Snapper::new(&city.graph);
    let (requests, taxis) = recorded(&args.city, &args.requests, args.taxis.as_ref())?;
    let period = read_requests(&requests, &corners, None, Some(args.seed))?;
    let homes = read_taxis(&taxis, &corners)?;
    let surge =
        SurgeConfig { target_pickup_s: args.target_pickup, demand: DemandSignal::Orders, ..SurgeConfig::default() };
    let resolution = Resolution::try_from(surge.resolution).context("the surge model's resolution")?;
    let town = Town::new(city, &period.requests, homes, resolution)?;
    let people = People { cars: args.cars, elasticity: args.elasticity, ..People::default() };
    if !args.output.json {
        note(&period.left_out.to_string());
    }
    Ok(Stage::new(town, people, surge, args.seed)?)
}

fn finish<R: Serialize>(
    args: &Args,
    stage: &Stage,
    started: std::time::Instant,
    scenario: &'static str,
    report: R,
    table: fn(&R) -> String,
    page: fn(&R) -> String,
) -> anyhow::Result<()> {
    if let Some(path) = &args.plot {
        std::fs::write(path, page(&report)).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let answer = Answer {
        scenario,
        seed: args.seed,
        journeys: stage.town().journeys(),
        recorded_per_min: stage.town().recorded_per_min(),
        mean_trip_s: stage.town().mean_trip_s(),
        usual_pay_per_hour: stage.usual_pay(),
        people: stage.people().clone(),
        surge: stage.surge().clone(),
        wall_s: started.elapsed().as_secs_f64(),
        report,
    };
    args.output.print(&answer, || table(&answer.report))
}

fn wgc_table(report: &WgcReport) -> String {
    let side = |s: &Side| format!("{:>6.0} {:>5.1}% {:>5.0}s", s.rides_per_hour, 100.0 * s.served_share, s.pickup_s);
    let mut lines = vec![
        format!("{:>9} | {:^21} | {:^27} | flat, within {:.0} s", "riders", "flat fare", "surge", report.radius_s),
        format!(
            "{:>9} | {:^21} | {:^21}  mult | rides/h served pickup",
            "per min", "rides/h served pickup", "rides/h served pickup"
        ),
    ];
    lines.extend(report.rows.iter().map(|r| {
        let surge = side(&r.surge);
        format!(
            "{:>9.0} | {} | {surge} {:>5.2} | {}",
            r.riders_per_min,
            side(&r.flat),
            r.surge.multiplier,
            side(&r.radius)
        )
    }));
    lines.push(format!(
        "kept of the best hour at the highest demand: flat {:.1} %, surge {:.1} %, near cars only {:.1} %",
        100.0 * report.flat_kept,
        100.0 * report.surge_kept,
        100.0 * report.radius_kept
    ));
    lines.push(format!(
        "largest fall from one demand to the next: flat {:.1} %, surge {:.1} %",
        100.0 * report.flat_worst_step,
        100.0 * report.surge_worst_step
    ));
    lines.join("\n")
}

fn outage_table(r: &OutageReport) -> String {
    let recovered = r.recovered_after_min.map_or("not at all".to_owned(), |m| format!("after {m} minutes"));
    [
        format!("pickup time before    {:.0} s, at a multiplier of {:.2}", r.eta_before_s, r.multiplier_before),
        format!("at the outage's end   {:.0} s, longest minute {:.0} s", r.eta_end_s, r.eta_worst_s),
        format!("the same with surge   longest minute {:.0} s", r.eta_worst_with_surge_s),
        format!("recovered             {recovered}"),
        format!(
            "orders that got a car {:.1} % in the outage, {:.1} % with surge",
            100.0 * r.served_share,
            100.0 * r.served_share_with_surge
        ),
    ]
    .join("\n")
}

fn welfare_table(r: &WelfareReport) -> String {
    let row = |name: &str, of: fn(&WelfareRow) -> f64, published: f64| {
        format!(
            "{name:<10} {:>+7.2} % ± {:.2}   published {published:>+6.2} %",
            100.0 * of(&r.mean),
            100.0 * of(&r.half_width)
        )
    };
    [
        format!("surge at {} of the usual fare against a uniform fare of {}", r.surge_level, r.uniform_level),
        "as a share of the gross revenue under the uniform fare:".to_owned(),
        row("total", |w| w.total, 2.15),
        row("riders", |w| w.riders, 3.57),
        row("drivers", |w| w.drivers, -0.98),
        row("platform", |w| w.platform, -0.50),
    ]
    .join("\n")
}

fn step_table(r: &StepReport) -> String {
    let minutes = |m: Option<usize>| m.map_or("never".to_owned(), |m| format!("{m} minutes"));
    [
        format!(
            "multiplier   {:.2} before, {:.2} settled; pickup time settled {:.0} s",
            r.before, r.settled, r.eta_settled_s
        ),
        format!("rise, fall   {}, {}", minutes(r.rise_min), minutes(r.fall_min)),
        format!("overshoot    {:.1} % of the way", 100.0 * r.overshoot),
        format!(
            "ripple       {:.1} % (of orders {:.1} %), swing {:.2}",
            100.0 * r.ripple,
            100.0 * r.ripple_of_orders,
            r.swing
        ),
    ]
    .join("\n")
}
