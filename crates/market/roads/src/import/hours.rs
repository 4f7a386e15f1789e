//! Roads whose times are known for each hour of the day: tables without header rows, as the Manhattan network
//! of Alonso-Mora et al. (PNAS 2017) is published. Nodes `id,lat,lon`; edges `id,from,to`; three files
//! `id,h0,…,h23` with seconds in hour 0 to 23 on weekdays, Saturdays and Sundays.

use std::collections::HashMap;
use std::io::{BufReader, Read};

use csv::StringRecord;
use doorstep_geo::{Point, haversine_m};

use super::tables::{broken, number};
use super::{Imported, maybe_gzip};
use crate::graph::ArcRow;
use crate::{HOURS, ImportError, RoadClass, RoadGraph, WeekProfile};

const MAX_ROWS: usize = 5_000_000;
const DAY: usize = 24;

/// Reads a road graph and its week. The graph's base time of an arc is its mean over the three kinds of day.
///
/// # Errors
/// [`ImportError`] with the line and the reason; nothing of a refused table is kept.
pub fn hours(
    nodes: impl Read,
    edges: impl Read,
    weekday: impl Read,
    saturday: impl Read,
    sunday: impl Read,
) -> Result<(Imported, WeekProfile), ImportError> {
    let mut points: Vec<(i64, Point)> = Vec::new();
    let mut by_id: HashMap<i64, u32> = HashMap::new();
    each_row("nodes", nodes, 3, |row| {
        let id: i64 = number(&row[0], "id")?;
        let point = Point::new(number(&row[1], "lat")?, number(&row[2], "lon")?).map_err(|e| e.to_string())?;
        if by_id.insert(id, points.len() as u32).is_some() {
            return Err(format!("node {id} stands twice"));
        }
        points.push((id, point));
        Ok(())
    })?;
    let mut ends: Vec<(u32, u32)> = Vec::new();
    let mut edge_at: HashMap<i64, usize> = HashMap::new();
    each_row("edges", edges, 3, |row| {
        let id: i64 = number(&row[0], "id")?;
        let end = |text: &str, column| -> Result<u32, String> {
            let node: i64 = number(text, column)?;
            by_id.get(&node).copied().ok_or_else(|| format!("{column}: there is no node {node} in the node table"))
        };
        if edge_at.insert(id, ends.len()).is_some() {
            return Err(format!("edge {id} stands twice"));
        }
        ends.push((end(&row[1], "from")?, end(&row[2], "to")?));
        Ok(())
    })?;
    let columns =
        [day("weekday", weekday, &edge_at)?, day("saturday", saturday, &edge_at)?, day("sunday", sunday, &edge_at)?];
    let times = |edge: usize| columns.iter().flat_map(move |c| &c[edge * DAY..(edge + 1) * DAY]);
    let arcs: Vec<ArcRow> = ends
        .iter()
        .enumerate()
        .map(|(edge, (tail, head))| {
            let metres = haversine_m(points[*tail as usize].1, points[*head as usize].1);
            let time_ms = times(edge).map(|t| u64::from(*t)).sum::<u64>() / (3 * DAY as u64);
            let kmh = metres * 3_600.0 / (time_ms.max(1) as f64);
            ArcRow {
                tail: *tail,
                head: *head,
                length_m: metres as f32,
                time_ms: time_ms as u32,
                class: RoadClass::from_speed(kmh),
                shape: Vec::new(),
                name: String::new(),
            }
        })
        .collect();
    let (nodes, count) = (points.len(), arcs.len());
    // A graph keeps one arc from one corner to another: the quickest, the first among equals.
    let mut edge_of: HashMap<(i64, i64), usize> = HashMap::new();
    for (edge, arc) in arcs.iter().enumerate() {
        let key = (points[arc.tail as usize].0, points[arc.head as usize].0);
        let slot = edge_of.entry(key).or_insert(edge);
        if arc.time_ms < arcs[*slot].time_ms {
            *slot = edge;
        }
    }
    let base: Vec<u32> = arcs.iter().map(|a| a.time_ms).collect();
    let (graph, dropped) = RoadGraph::build(&points, arcs);
    if graph.arc_count() == 0 {
        return Err(ImportError::Empty { nodes, arcs: count });
    }
    let edges: Vec<usize> = (0..graph.arc_count() as u32)
        .map(|arc| edge_of[&(graph.external_id(graph.tail(arc)), graph.external_id(graph.head(arc)))])
        .collect();
    let permille = (0..3 * DAY)
        .map(|class| {
            edges.iter().map(|edge| permille(columns[class / DAY][edge * DAY + class % DAY], base[*edge])).collect()
        })
        .collect();
    let class_of_hour =
        (0..HOURS).map(|hour| [0, 0, 0, 0, 0, 1, 2][hour / DAY] * DAY as u8 + (hour % DAY) as u8).collect();
    let week = WeekProfile::new(class_of_hour, permille, graph.arc_count())
        .expect("72 classes for 168 hours, each over all arcs");
    Ok((Imported { graph, dropped }, week))
}

fn permille(time: u32, base: u32) -> u16 {
    let share = (u64::from(time) * 1000 + u64::from(base) / 2) / u64::from(base.max(1));
    u16::try_from(share).unwrap_or(u16::MAX)
}

/// The times of a kind of day, milliseconds: 24 for each edge.
fn day(file: &'static str, input: impl Read, edge_at: &HashMap<i64, usize>) -> Result<Vec<u32>, ImportError> {
    let mut times = vec![u32::MAX; edge_at.len() * DAY];
    each_row(file, input, DAY + 1, |row| {
        let id: i64 = number(&row[0], "id")?;
        let edge = *edge_at.get(&id).ok_or_else(|| format!("there is no edge {id} in the edge table"))?;
        for hour in 0..DAY {
            let seconds: f64 = number(&row[hour + 1], "seconds")?;
            if !(0.0..=86_400.0).contains(&seconds) {
                return Err(format!("hour {hour} takes {seconds}: write seconds from 0 to 86400"));
            }
            times[edge * DAY + hour] = (seconds * 1000.0).round() as u32;
        }
        Ok(())
    })?;
    match edge_at.iter().filter(|(_, at)| times[**at * DAY] == u32::MAX).map(|(id, _)| *id).min() {
        None => Ok(times),
        Some(id) => {
            Err(ImportError::Broken { file, at: "the end".to_owned(), reason: format!("edge {id} has no times") })
        }
    }
}

fn each_row(
    file: &'static str,
    input: impl Read,
    columns: usize,
    mut row: impl FnMut(&StringRecord) -> Result<(), String>,
) -> Result<(), ImportError> {
    let input = maybe_gzip(BufReader::new(input)).map_err(|source| ImportError::Io { file, source })?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(input);
    let (mut record, mut rows) = (StringRecord::new(), 0);
    while reader.read_record(&mut record).map_err(|e| broken(file, &e))? {
        rows += 1;
        if rows > MAX_ROWS {
            return Err(ImportError::TooLarge { file, limit: MAX_ROWS as u64, what: "rows" });
        }
        let line = record.position().map_or(0, csv::Position::line);
        let checked = if record.len() == columns {
            row(&record)
        } else {
            Err(format!("{} columns, {columns} are wanted", record.len()))
        };
        checked.map_err(|reason| ImportError::Row { file, line, reason })?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const NODES: &str = "1,40.70,-74.00\n2,40.71,-74.00\n";
    const EDGES: &str = "5,1,2\n6,2,1\n";

    fn day_of(seconds: &str) -> String {
        format!("6{0}\n5{0}\n", format!(",{seconds}").repeat(24))
    }

    fn import(weekday: &str) -> Result<(Imported, WeekProfile), ImportError> {
        let (other, sunday) = (day_of("20"), day_of("30"));
        hours(NODES.as_bytes(), EDGES.as_bytes(), weekday.as_bytes(), other.as_bytes(), sunday.as_bytes())
    }

    #[test]
    fn each_kind_of_day_has_its_times() {
        let (imported, week) = import(&day_of("10")).unwrap();
        let at = |hour: usize| week.arc_times_ms(&imported.graph, week.class(hour));
        assert_eq!(
            (at(0), at(119), at(120), at(167)),
            (vec![10_000; 2], vec![10_000; 2], vec![20_000; 2], vec![30_000; 2])
        );
        assert_eq!(imported.graph.arc_times_ms(), [20_000, 20_000]);
    }

    #[test]
    fn mistakes_name_line_and_reason() {
        for (weekday, want) in [
            ("5,1,2\n".to_owned(), "weekday, line 1: 3 columns, 25 are wanted"),
            (day_of("-1"), "hour 0 takes -1"),
            (day_of("x"), "seconds: `x` is not a number"),
            (day_of("1").lines().next().unwrap().to_owned(), "edge 5 has no times"),
            (day_of("1").replace("6,", "7,"), "there is no edge 7"),
        ] {
            let error = import(&weekday).unwrap_err().to_string();
            assert!(error.contains(want), "{error} does not say {want}");
        }
    }
}
