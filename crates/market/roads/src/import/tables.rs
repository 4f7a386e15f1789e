//! Roads from two CSV tables: `node,lon,lat` and `from,to,length` (km) `,speed` (km/h). Further columns are
//! passed over; the order of columns does not matter; gzip is recognised.

use std::collections::HashMap;
use std::io::{BufReader, Read};

use csv::StringRecord;
use doorstep_geo::Point;

use super::{Imported, maybe_gzip};
use crate::graph::ArcRow;
use crate::{ImportError, RoadClass, RoadGraph};

/// Most rows of one table.
const MAX_ROWS: u64 = 20_000_000;
/// Slowest speed that is believed, km/h; a slower row is a mistake, not a jam.
const SLOWEST_KMH: f64 = 0.5;
const FASTEST_KMH: f64 = 250.0;

/// Reads a road graph from its two tables.
///
/// # Errors
/// [`ImportError`] with the line and the reason; nothing of a refused table is kept.
pub fn tables(nodes: impl Read, edges: impl Read) -> Result<Imported, ImportError> {
    let mut points: Vec<(i64, Point)> = Vec::new();
    let mut by_id: HashMap<i64, u32> = HashMap::new();
    each_row("nodes", nodes, ["node", "lon", "lat"], |[id, lon, lat]| {
        let id: i64 = number(id, "node")?;
        let point = Point::new(number(lat, "lat")?, number(lon, "lon")?).map_err(|e| e.to_string())?;
        let ix = u32::try_from(points.len()).map_err(|_| "too many nodes".to_owned())?;
        if by_id.insert(id, ix).is_some() {
            return Err(format!("node {id} stands twice"));
        }
        points.push((id, point));
        Ok(())
    })?;
    let mut arcs: Vec<ArcRow> = Vec::new();
    each_row("edges", edges, ["from", "to", "length", "speed"], |[from, to, length, speed]| {
        let end = |text: &str, column| -> Result<u32, String> {
            let id: i64 = number(text, column)?;
            by_id.get(&id).copied().ok_or_else(|| format!("{column}: there is no node {id} in the node table"))
        };
        let (tail, head) = (end(from, "from")?, end(to, "to")?);
        let km: f64 = number(length, "length")?;
        if !(0.0..=1_000.0).contains(&km) {
            return Err(format!("length is {km}: write kilometres from 0 to 1000"));
        }
        let kmh: f64 = number(speed, "speed")?;
        if !(SLOWEST_KMH..=FASTEST_KMH).contains(&kmh) {
            return Err(format!("speed is {kmh}: write km/h from {SLOWEST_KMH} to {FASTEST_KMH}"));
        }
        let hours = km / kmh;
        if hours > 24.0 {
            return Err(format!(
                "{km} km at {kmh} km/h take {hours:.0} hours, at most 24 are believed: check the units"
            ));
        }
        arcs.push(ArcRow {
            tail,
            head,
            length_m: (km * 1000.0) as f32,
            time_ms: (hours * 3_600_000.0).round() as u32,
            class: RoadClass::from_speed(kmh),
            shape: Vec::new(),
            name: String::new(),
        });
        Ok(())
    })?;
    let (nodes, count) = (points.len(), arcs.len());
    let (graph, dropped) = RoadGraph::build(&points, arcs);
    if graph.arc_count() == 0 {
        return Err(ImportError::Empty { nodes, arcs: count });
    }
    Ok(Imported { graph, dropped })
}

pub(super) fn number<T: std::str::FromStr>(text: &str, column: &'static str) -> Result<T, String> {
    text.trim()
        .parse()
        .map_err(|_| format!("{column}: `{}` is not a number", text.chars().take(40).collect::<String>()))
}

/// Calls `row` with the wanted columns of each row; its complaint becomes an error with the line.
pub(super) fn each_row<const N: usize>(
    file: &'static str,
    input: impl Read,
    columns: [&'static str; N],
    mut row: impl FnMut([&str; N]) -> Result<(), String>,
) -> Result<(), ImportError> {
    let input = maybe_gzip(BufReader::new(input)).map_err(|source| ImportError::Io { file, source })?;
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(input);
    let header = reader.headers().map_err(|e| broken(file, &e))?.clone();
    let mut at = [0; N];
    for (slot, column) in at.iter_mut().zip(columns) {
        *slot = header.iter().position(|h| h.trim() == column).ok_or_else(|| ImportError::NoColumn {
            file,
            column,
            header: header.iter().take(20).collect::<Vec<_>>().join(","),
        })?;
    }
    let mut record = StringRecord::new();
    let mut rows = 0;
    while reader.read_record(&mut record).map_err(|e| broken(file, &e))? {
        rows += 1;
        if rows > MAX_ROWS {
            return Err(ImportError::TooLarge { file, limit: MAX_ROWS, what: "rows" });
        }
        let line = record.position().map_or(0, csv::Position::line);
        row(at.map(|ix| record.get(ix).unwrap_or_default())).map_err(|reason| ImportError::Row {
            file,
            line,
            reason,
        })?;
    }
    Ok(())
}

pub(super) fn broken(file: &'static str, error: &csv::Error) -> ImportError {
    let at = error.position().map_or_else(|| "the start".to_owned(), |p| format!("line {}", p.line()));
    ImportError::Broken { file, at, reason: error.to_string() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NODES: &str = "node,lon,lat\n7,-73.9,40.7\n8,-73.91,40.71\n";

    #[test]
    fn two_tables_make_a_graph() {
        let edges = "speed,from,to,length\n36,7,8,1.0\n18,8,7,0.5\n";
        let graph = tables(NODES.as_bytes(), edges.as_bytes()).unwrap().graph;
        assert_eq!((graph.node_count(), graph.arc_count()), (2, 2));
        assert_eq!((graph.external_id(0), graph.arc_time_ms(0), graph.arc_length_m(1)), (7, 100_000, 500.0));
    }

    #[test]
    fn mistakes_name_line_and_reason() {
        for (nodes, edges, want) in [
            (NODES, "from,to,length,speed\n7,9,1,30\n", "edges, line 2: to: there is no node 9"),
            (NODES, "from,to,length,speed\n7,8,-1,30\n", "length is -1"),
            (NODES, "from,to,length,speed\n7,8,1,0\n", "speed is 0"),
            (NODES, "from,to,length,speed\n7,8,900,1\n", "take 900 hours"),
            (NODES, "from,to,length,speed\n7,8,x,30\n", "length: `x` is not a number"),
            (NODES, "from,to,length\n7,8,1\n", "no column `speed`"),
            (NODES, "from,to,length,speed\n7,8,1\n", "edges: at line 2"),
            (NODES, "from,to,length,speed\n7,8,1,30\n", "no usable road network"),
            ("node,lon,lat\n1,0,0\n1,0,0\n", "from,to,length,speed\n", "nodes, line 3: node 1 stands twice"),
            ("node,lon,lat\n1,0,NaN\n", "from,to,length,speed\n", "lat is not a finite number"),
        ] {
            let error = tables(nodes.as_bytes(), edges.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(want), "{error} does not say {want}");
        }
    }
}
