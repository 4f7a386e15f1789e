//! `doorstep city import`: reads and checks everything, then writes the city. Nothing is half imported.

use std::fs::File;
use std::io::{BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use doorstep_city::replay::{read_requests, read_taxis};
use doorstep_roads::{CityFile, LearnedWeek, Roads, Snapper, WeekProfile, import, learn_week};
use serde_json::json;

use super::super::output::{Output, note};

/// Recorded requests inside a city's directory.
pub(super) const TRIPS: &str = "trips.csv.gz";
/// Recorded taxis inside a city's directory.
pub(super) const TAXIS: &str = "taxis.csv.gz";

const EXAMPLE: &str = "\
Example:
  doorstep city import --nodes road_nodes.csv.gz --edges road_edges.csv.gz --name Manhattan --out my-city
  doorstep city import --nodes points.csv.gz --edges edges.csv.gz --weekday week.csv.gz --saturday sat.csv.gz \\
      --sunday sun.csv.gz --time-zone America/New_York --out my-city

Node table: node,lon,lat. Edge table: from,to,length (km),speed (km/h). Trips: request_time and
pu_lon,pu_lat,do_lon,do_lat (or pu_node_lon … of street corners). Tables are CSV, gzip or plain.

Times by the hour come from three tables without headings, id,h0,...,h23 with seconds for each street and hour of
the day; node and edge tables are then without headings too: id,lat,lon and id,from,to. Or they are learned from
how long trips took: a table pickup,dropoff (local times),pu_lon,pu_lat,do_lon,do_lat.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// Table of street corners: node,lon,lat
    #[arg(long, value_name = "FILE", requires = "edges", required_unless_present = "osm")]
    nodes: Option<PathBuf>,
    /// Table of streets: from,to,length (km),speed (km/h)
    #[arg(long, value_name = "FILE", requires = "nodes")]
    edges: Option<PathBuf>,
    /// OpenStreetMap extract (.osm.pbf, .osm, .osm.gz) instead of the two tables
    #[arg(long, value_name = "FILE", conflicts_with_all = ["nodes", "edges"])]
    osm: Option<PathBuf>,
    /// Seconds on each street in each hour of a weekday: id,h0,...,h23
    #[arg(long, value_name = "FILE", requires_all = ["nodes", "saturday", "sunday"])]
    weekday: Option<PathBuf>,
    /// The same of a Saturday
    #[arg(long, value_name = "FILE", requires = "weekday")]
    saturday: Option<PathBuf>,
    /// The same of a Sunday
    #[arg(long, value_name = "FILE", requires = "weekday")]
    sunday: Option<PathBuf>,
    /// How long trips took, to learn the hours of the week from
    #[arg(long, value_name = "FILE", conflicts_with = "weekday")]
    trip_times: Option<PathBuf>,
    /// Recorded requests; `city replay` takes them when it is given no others
    #[arg(long, value_name = "FILE")]
    trips: Option<PathBuf>,
    /// Where taxis stood; `city replay` takes them when it is given no others
    #[arg(long, value_name = "FILE")]
    taxis: Option<PathBuf>,
    /// What people call the city [default: the name of the directory]
    #[arg(long)]
    name: Option<String>,
    /// The city's id in the API: small letters, digits, dashes [default: from its name]
    #[arg(long)]
    id: Option<String>,
    /// ISO 4217 code of its money
    #[arg(long, default_value = "USD")]
    currency: String,
    /// IANA name of its time zone
    #[arg(long, default_value = "UTC")]
    time_zone: String,
    /// Where the data come from, to be shown with the city; may come several times
    #[arg(long = "source", value_name = "TEXT")]
    sources: Vec<String>,
    /// The directory of the city
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    output: Output,
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let started = doorstep_clock::monotonic();
    let directory = args.out.file_name().map_or_else(|| "city".to_owned(), |name| name.to_string_lossy().into_owned());
    let name = args.name.unwrap_or(directory);
    let id = args.id.unwrap_or_else(|| id_of(&name));
    ensure!(is_id(&id), "--id `{id}` will not do: use small letters, digits and dashes, beginning with a letter");
    let currency: doorstep_money::Currency = args.currency.parse().context("--currency")?;
    let (imported, week) = match (&args.nodes, &args.edges, &args.osm) {
        (Some(nodes), Some(edges), _) => tables(nodes, edges, [&args.weekday, &args.saturday, &args.sunday])?,
        (_, _, Some(osm)) => (osm_file(osm)?, None),
        _ => anyhow::bail!("give --nodes and --edges, or --osm"),
    };
    let dropped = imported.dropped;
    let corners = Snapper::new(&imported.graph);
    let trips = match &args.trips {
        Some(path) => {
            let period = read_requests(std::slice::from_ref(path), &corners, None, None)?;
            Some((period.requests.len(), period.left_out, packed(path)?))
        }
        None => None,
    };
    let taxis = match &args.taxis {
        Some(path) => Some((read_taxis(path, &corners)?.len(), packed(path)?)),
        None => None,
    };
    let roads = Roads::build(imported.graph);
    let (week, learned) = match (week, &args.trip_times) {
        (Some(week), _) => (week, None),
        (None, Some(path)) => {
            let learned = learn(path, &roads)?;
            (learned.profile, Some(learned.trips))
        }
        (None, None) => (WeekProfile::flat(roads.graph().arc_count()), None),
    };
    let hourly = !week.is_flat();
    let city = CityFile {
        id,
        name,
        currency: currency.to_string(),
        time_zone: args.time_zone,
        week,
        hierarchy: (**roads.hierarchy()).clone(),
        graph: (**roads.graph()).clone(),
        sources: args.sources,
    };
    city.save(&args.out)?;
    if let Some((_, _, bytes)) = &trips {
        put(&args.out.join(TRIPS), bytes)?;
    }
    if let Some((_, bytes)) = &taxis {
        put(&args.out.join(TAXIS), bytes)?;
    }
    let wall_s = started.elapsed().as_secs_f64();
    if let Some((_, left_out, _)) = trips.as_ref().filter(|_| !args.output.json) {
        note(&format!("trips {left_out}"));
    }
    let (nodes, arcs) = (city.graph.node_count(), city.graph.arc_count());
    let value = json!({
        "id": city.id, "name": city.name, "nodes": nodes, "arcs": arcs,
        "dropped": dropped, "hourly": hourly, "learned_from": learned,
        "trips": trips.as_ref().map(|t| t.0), "trips_left_out": trips.as_ref().map(|t| t.1),
        "taxis": taxis.as_ref().map(|t| t.0), "wall_s": wall_s,
    });
    args.output.print(&value, || {
        let mut text = format!(
            "{} ({}) in {}: {nodes} corners, {arcs} streets; left out {} corners from which one cannot come back",
            city.name,
            city.id,
            args.out.display(),
            dropped.nodes
        );
        if let Some(count) = learned {
            text += &format!("; hours learned from {count} trips");
        } else if hourly {
            text += "; times by the hour";
        }
        if let Some((count, ..)) = trips {
            text += &format!("; {count} recorded trips");
        }
        if let Some((count, _)) = taxis {
            text += &format!("; {count} taxis");
        }
        text + &format!("; {wall_s:.1} s")
    })
}

fn open(path: &Path) -> anyhow::Result<File> {
    File::open(path).with_context(|| format!("{} cannot be opened", path.display()))
}

/// Reads node and edge tables, with times by the hour where all three kinds of day are given.
fn tables(
    nodes: &Path,
    edges: &Path,
    days: [&Option<PathBuf>; 3],
) -> anyhow::Result<(import::Imported, Option<WeekProfile>)> {
    let named = || format!("{} and {}", nodes.display(), edges.display());
    let [Some(weekday), Some(saturday), Some(sunday)] = days else {
        return Ok((import::tables(open(nodes)?, open(edges)?).with_context(named)?, None));
    };
    let read = import::hours(open(nodes)?, open(edges)?, open(weekday)?, open(saturday)?, open(sunday)?);
    let (imported, week) = read.with_context(named)?;
    Ok((imported, Some(week)))
}

/// Trips farther than this from every corner are elsewhere, metres.
const TRIP_SNAP_M: f64 = 300.0;

/// The roads' week from how long trips took.
fn learn(path: &Path, roads: &Roads) -> anyhow::Result<LearnedWeek> {
    let (trips, elsewhere) =
        import::trip_times(open(path)?, roads, TRIP_SNAP_M).with_context(|| path.display().to_string())?;
    let learned = learn_week(roads, &trips);
    ensure!(
        learned.trips > 0,
        "{}: none of {} trips is of use: {elsewhere} are elsewhere, the others too short or too far from what the \
         roads allow",
        path.display(),
        trips.len() + elsewhere
    );
    Ok(learned)
}

/// Reads an OpenStreetMap extract: PBF when its name says so, else XML, plain or gzip.
fn osm_file(path: &Path) -> anyhow::Result<import::Imported> {
    let name = path.file_name().map(|n| n.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let file = BufReader::new(open(path)?);
    let read = if name.ends_with(".pbf") { import::osm_pbf(file) } else { import::osm_xml(file) };
    read.with_context(|| path.display().to_string())
}

/// The file's bytes as gzip.
fn packed(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut plain = Vec::new();
    let input = import::maybe_gzip(BufReader::new(open(path)?))?.read_to_end(&mut plain);
    input.with_context(|| format!("{} cannot be read", path.display()))?;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&plain)?;
    Ok(gzip.finish()?)
}

/// Writes a file that is there whole or not at all.
fn put(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = File::create(&fresh).with_context(|| format!("{} cannot be written", fresh.display()))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(std::fs::rename(fresh, path)?)
}

fn id_of(name: &str) -> String {
    let words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty());
    words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

fn is_id(id: &str) -> bool {
    id.len() <= 40
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::{id_of, is_id};

    #[test]
    fn ids_come_from_names() {
        assert_eq!(id_of("New York, NY"), "new-york-ny");
        assert!(is_id("new-york-ny"));
        for bad in ["", "北京", "3rd", "A", "a b", "-a"] {
            assert!(!is_id(bad), "{bad}");
        }
    }
}
