//! `doorstep city record`: a period of the live city as tables, to be replayed and backtested anywhere.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::builder::NonEmptyStringValueParser;
use doorstep_clock::Timestamp;
use doorstep_identity::{MAIN_TENANT, Signer};
use doorstep_orders::{Orders, Recording};
use flate2::{Compression, write::GzEncoder};
use serde_json::json;

use super::super::key::Which;
use super::super::output::Output;

const EXAMPLE: &str = "\
Example:
  doorstep city record --id manhattan --data data --from 2026-03-01T17:00:00Z --to 2026-03-01T19:00:00Z --out rush
  doorstep city backtest --city my-city --a a.toml --b b.toml --requests rush/requests.csv.gz \\
      --taxis rush/taxis.csv.gz --fleet 900

Writes the orders that riders made (request_time, pu_lon, pu_lat, do_lon, do_lat, seats, state, and what had to fit:
wheelchairs, child_seats, luggage, pet) and the shifts of drivers (lon, lat, from, until, driver, and what the car
has; no `until` for who went on after the period) out of the store, beside a Doorstep that may go on running.
Times are the city's; names of riders and drivers are not in it, nor with whom they wanted to ride. Who saw a price
and made no order is not in the store.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// The live city's id
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    id: String,
    #[command(flatten)]
    period: Period,
    #[command(flatten)]
    of: Of,
    /// Directory for requests.csv.gz and taxis.csv.gz
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    output: Output,
}

/// From when to when, city time.
#[derive(Debug, clap::Args)]
pub(super) struct Period {
    /// The first moment, like 2026-03-01T17:00:00Z
    #[arg(long, value_parser = moment, value_name = "TIME")]
    from: Option<Timestamp>,
    /// The first moment after it, at most a day later
    #[arg(long, value_parser = moment, value_name = "TIME")]
    to: Option<Timestamp>,
}

impl Period {
    pub(super) fn of(&self) -> anyhow::Result<[Timestamp; 2]> {
        Ok([self.from.context("give --from")?, self.to.context("give --to")?])
    }
}

/// Whose records, and in which store.
#[derive(Debug, clap::Args)]
pub(super) struct Of {
    /// The tenant whose orders and drivers they are
    #[arg(long, value_name = "ID", default_value = MAIN_TENANT)]
    tenant: String,
    #[command(flatten)]
    which: Which,
}

impl Of {
    /// Reads a period out of the store.
    pub(super) fn read(&self, city: &str, [from, to]: [Timestamp; 2]) -> anyhow::Result<Recording> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let store = self.which.store()?;
            let signer = std::sync::Arc::new(Signer::load_or_create(&store).await?);
            let recording = Orders::new(store, signer).recording(&self.tenant, city, from, to).await?;
            ensure!(
                !recording.requests.is_empty(),
                "the store holds no order of {city} from {from} to {to}: is it the right --data, --tenant and period?"
            );
            Ok(recording)
        })
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let recording = args.of.read(&args.id, args.period.of()?)?;
    std::fs::create_dir_all(&args.out).with_context(|| format!("cannot make {}", args.out.display()))?;
    let requests = args.out.join("requests.csv.gz");
    write(
        &requests,
        &[
            "request_time",
            "pu_lon",
            "pu_lat",
            "do_lon",
            "do_lat",
            "seats",
            "state",
            "wheelchairs",
            "child_seats",
            "luggage",
            "pet",
        ],
        recording.requests.iter().map(|r| {
            let (from, to) = (r.pickup, r.dropoff);
            vec![
                r.at.to_string(),
                from.lon().to_string(),
                from.lat().to_string(),
                to.lon().to_string(),
                to.lat().to_string(),
                r.seats.to_string(),
                r.state.as_str().to_owned(),
                r.needs.wheelchairs.to_string(),
                r.needs.child_seats.to_string(),
                r.needs.luggage.to_string(),
                u8::from(r.needs.pet).to_string(),
            ]
        }),
    )?;
    let taxis = args.out.join("taxis.csv.gz");
    write(
        &taxis,
        &["lon", "lat", "from", "until", "driver", "wheelchairs", "child_seats", "luggage", "pets"],
        recording.shifts.iter().map(|s| {
            vec![
                s.place.lon().to_string(),
                s.place.lat().to_string(),
                s.from.to_string(),
                if s.until < recording.to { s.until.to_string() } else { String::new() },
                s.driver.to_string(),
                s.car.wheelchairs.to_string(),
                s.car.child_seats.to_string(),
                s.car.luggage.to_string(),
                u8::from(s.car.pets).to_string(),
            ]
        }),
    )?;
    let value =
        json!({"requests": recording.requests.len(), "shifts": recording.shifts.len(), "files": [requests, taxis]});
    args.output.print(&value, || {
        format!(
            "{} orders in {}\n{} shifts in {}",
            recording.requests.len(),
            requests.display(),
            recording.shifts.len(),
            taxis.display()
        )
    })
}

fn write(path: &Path, header: &[&str], rows: impl Iterator<Item = Vec<String>>) -> anyhow::Result<()> {
    let file = std::fs::File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let mut table = csv::Writer::from_writer(GzEncoder::new(file, Compression::default()));
    table.write_record(header)?;
    for row in rows {
        table.write_record(&row)?;
    }
    table.into_inner().map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?.finish()?;
    Ok(())
}

fn moment(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).or_else(|_| Timestamp::parse_local_as_utc(text)).map_err(|error| error.to_string())
}
