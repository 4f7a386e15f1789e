//! `doorstep route`: the fastest way between two points of an imported city.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use doorstep_clock::Timestamp;
use doorstep_geo::Point;
use doorstep_roads::{CityFile, Roads, RoadsByHour};
use serde_json::json;
use std::sync::Arc;

use super::output::Output;

const EXAMPLE: &str = "\
Example:
  doorstep route 40.7527,-73.9772 40.7061,-74.0087 --city my-city --json

  doorstep route 40.7527,-73.9772 40.7061,-74.0087 --city my-city --at 2013-11-18T17:30

Points are latitude,longitude in degrees. The way begins and ends at the street corners nearest to them.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// Where the way begins, as latitude,longitude
    #[arg(value_name = "A", value_parser = point, allow_hyphen_values = true)]
    from: Point,
    /// Where it ends, as latitude,longitude
    #[arg(value_name = "B", value_parser = point, allow_hyphen_values = true)]
    to: Point,
    /// Directory made by `doorstep city import`
    #[arg(long, value_name = "DIR")]
    city: PathBuf,
    /// Metres that a point may be away from the nearest street corner
    #[arg(long, value_name = "METRES", default_value_t = 500.0)]
    snap: f64,
    /// Local time at which the drive begins, for cities whose times change by the hour
    #[arg(long, value_name = "TIME", value_parser = local)]
    at: Option<Timestamp>,
    #[command(flatten)]
    output: Output,
}

fn local(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse_local_as_utc(text).map_err(|error| error.to_string())
}

fn point(text: &str) -> Result<Point, String> {
    let wanted = || format!("`{text}` is no point: write latitude,longitude like 40.7527,-73.9772");
    let (lat, lon) = text.split_once(',').ok_or_else(wanted)?;
    let number = |text: &str| text.trim().parse::<f64>().map_err(|_| wanted());
    Point::new(number(lat)?, number(lon)?).map_err(|error| error.to_string())
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    ensure!(args.snap >= 0.0, "--snap takes metres, from 0 up");
    let city = CityFile::load(&args.city)?;
    let roads = Roads::assemble(Arc::new(city.graph), Arc::new(city.hierarchy));
    let roads = match args.at {
        Some(at) => {
            let hours = RoadsByHour::new(Arc::clone(roads.graph()), Arc::clone(roads.hierarchy()), city.week)?;
            roads.with_metric(hours.at_time(at))
        }
        None => roads,
    };
    let from = roads.snap(args.from, args.snap).context("A is not in the city")?;
    let to = roads.snap(args.to, args.snap).context("B is not in the city")?;
    let route = roads.route(from.node, to.node).context("no road leads from A to B")?;
    let time_s = f64::from(route.time_ms) / 1000.0;
    let corner = |node| roads.graph().external_id(node);
    let geometry: Vec<[f64; 2]> = route.geometry.iter().map(|point| [point.lon(), point.lat()]).collect();
    let value = json!({
        "time_s": time_s,
        "distance_m": route.length_m,
        "from": {"node": corner(from.node), "snap_m": from.distance_m},
        "to": {"node": corner(to.node), "snap_m": to.distance_m},
        "nodes": route.nodes.iter().map(|node| corner(*node)).collect::<Vec<_>>(),
        "geometry": geometry,
    });
    args.output.print(&value, || {
        let minutes = time_s / 60.0;
        let km = route.length_m / 1000.0;
        format!("{minutes:.1} min, {km:.2} km, {} street corners ({})", route.nodes.len(), city.name)
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::point;

    #[test]
    fn points_are_latitude_and_longitude() {
        assert_eq!(point("-33.8, 151.2").unwrap().lat(), -33.8);
        for bad in ["1", "a,b", "95,0", "NaN,1", "1,2,3"] {
            assert!(point(bad).is_err(), "{bad}");
        }
    }
}
