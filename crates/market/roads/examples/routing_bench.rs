//! Measures the road engine beside plain bidirectional Dijkstra on one graph: `routing_bench NODES EDGES`.
#![allow(clippy::print_stdout)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::time::Instant;

use anyhow::Context as _;
use doorstep_roads::{Metric, NodeIx, RoadGraph, Roads, UNREACHABLE, dijkstra_to, import, tiles};

/// Plain bidirectional Dijkstra over the graph and its reverse.
struct Bidirectional {
    ahead: Vec<Vec<(NodeIx, u32)>>,
    back: Vec<Vec<(NodeIx, u32)>>,
    times: [Vec<u32>; 2],
    touched: Vec<NodeIx>,
}

impl Bidirectional {
    fn new(graph: &RoadGraph) -> Self {
        let n = graph.node_count();
        let (mut ahead, mut back) = (vec![Vec::new(); n], vec![Vec::new(); n]);
        for arc in 0..graph.arc_count() as u32 {
            let (a, b, time) = (graph.tail(arc), graph.head(arc), graph.arc_time_ms(arc));
            ahead[a as usize].push((b, time));
            back[b as usize].push((a, time));
        }
        Self { ahead, back, times: [vec![UNREACHABLE; n], vec![UNREACHABLE; n]], touched: Vec::new() }
    }

    fn time_ms(&mut self, from: NodeIx, to: NodeIx) -> u32 {
        for node in self.touched.drain(..) {
            self.times[0][node as usize] = UNREACHABLE;
            self.times[1][node as usize] = UNREACHABLE;
        }
        self.times[0][from as usize] = 0;
        self.times[1][to as usize] = 0;
        self.touched.extend([from, to]);
        let mut heaps = [BinaryHeap::from([Reverse((0_u32, from))]), BinaryHeap::from([Reverse((0_u32, to))])];
        let mut best = if from == to { 0 } else { UNREACHABLE };
        loop {
            let top = |heap: &BinaryHeap<Reverse<(u32, NodeIx)>>| heap.peek().map(|Reverse((t, _))| *t);
            let (Some(a), Some(b)) = (top(&heaps[0]), top(&heaps[1])) else { return best };
            if a.saturating_add(b) >= best {
                return best;
            }
            let side = usize::from(b < a);
            let Some(Reverse((time, node))) = heaps[side].pop() else { return best };
            if time > self.times[side][node as usize] {
                continue;
            }
            let arcs = if side == 0 { &self.ahead } else { &self.back };
            for (next, weight) in &arcs[node as usize] {
                let there = time + weight;
                if there < self.times[side][*next as usize] {
                    self.times[side][*next as usize] = there;
                    self.touched.push(*next);
                    heaps[side].push(Reverse((there, *next)));
                    best = best.min(there.saturating_add(self.times[1 - side][*next as usize]));
                }
            }
        }
    }
}

/// A reproducible stream of corners (SplitMix64).
struct Corners(u64, u64);

impl Iterator for Corners {
    type Item = NodeIx;
    fn next(&mut self) -> Option<NodeIx> {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Some(((z ^ (z >> 31)) % self.1) as NodeIx)
    }
}

/// Median seconds of `runs` runs, and the last result.
fn median<T>(runs: usize, mut work: impl FnMut() -> T) -> (f64, T) {
    let mut last = None;
    let mut seconds: Vec<f64> = (0..runs.max(1))
        .map(|_| {
            let start = Instant::now();
            last = Some(black_box(work()));
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    (seconds[seconds.len() / 2], last.expect("it ran at least once"))
}

fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let (nodes, edges) = (args.next().context("which node table?")?, args.next().context("which edge table?")?);
    let open = |path: &str| std::fs::File::open(path).with_context(|| path.to_owned());
    let graph = import::tables(open(&nodes)?, open(&edges)?)?.graph;
    let n = graph.node_count();

    let (build_s, roads) = median(1, || Roads::build(graph.clone()));
    let (customize_s, metric) = median(9, || Metric::customize(roads.hierarchy().clone(), graph.arc_times_ms()));
    let (up, down) = metric.kept_edges();
    println!(
        "graph: {n} nodes, {} arcs; hierarchy: {} edges, kept {up} up {down} down",
        graph.arc_count(),
        roads.hierarchy().edge_count()
    );
    println!("order + hierarchy + first metric: {:.1} ms", build_s * 1e3);
    println!("customize one hour: {:.2} ms", customize_s * 1e3);

    let pairs: Vec<(NodeIx, NodeIx)> = {
        let mut corners = Corners(1, n as u64);
        (0..10_000).filter_map(|_| Some((corners.next()?, corners.next()?))).collect()
    };
    let sum = |f: &mut dyn FnMut(NodeIx, NodeIx) -> u32| pairs.iter().map(|(a, b)| u64::from(f(*a, *b))).sum::<u64>();
    let (ours_s, ours) = median(5, || sum(&mut |a, b| metric.time_ms(a, b)));
    let mut plain = Bidirectional::new(&graph);
    let (plain_s, theirs) = median(3, || sum(&mut |a, b| plain.time_ms(a, b)));
    anyhow::ensure!(ours == theirs, "the two disagree: {ours} and {theirs}");
    let each = |seconds: f64| seconds * 1e6 / pairs.len() as f64;
    println!(
        "point to point: {:.2} us; bidirectional Dijkstra {:.1} us; ratio {:.0}",
        each(ours_s),
        each(plain_s),
        plain_s / ours_s
    );
    let (route_s, _) =
        median(3, || pairs.iter().filter_map(|(a, b)| roads.route(*a, *b)).map(|r| r.geometry.len()).sum::<usize>());
    println!("route with geometry: {:.2} us", each(route_s));

    let mut out = Vec::new();
    let (sweep_s, ()) = median(5, || (0..200).for_each(|s| metric.times_from(s, &mut out)));
    println!("one to all: {:.1} us", sweep_s * 1e6 / 200.0);
    let (matrix_s, _) = median(5, || metric.matrix());
    println!("matrix {n} x {n}: {:.1} ms", matrix_s * 1e3);

    // The tile at zoom 13 around the middle of the graph.
    let middle = graph.bounds().context("a graph without corners")?.center();
    let across = f64::from(1_u32 << 13);
    let x = ((middle.lon() + 180.0) / 360.0 * across) as u32;
    let y = ((0.5 - middle.lat().to_radians().sin().atanh() / (2.0 * std::f64::consts::PI)) * across) as u32;
    let (tile_s, tile) = median(9, || tiles::encode(&graph, 13, x, y));
    println!("tile 13/{x}/{y}: {:.2} ms, {} bytes", tile_s * 1e3, tile.len());

    let mut corners = Corners(2, n as u64);
    for size in [10, 100, 1_000] {
        let sources: Vec<NodeIx> = corners.by_ref().take(size).collect();
        let targets: Vec<NodeIx> = corners.by_ref().take(size).collect();
        let (table_s, table) = median(9, || metric.table(&sources, &targets));
        let runs = if size == 1_000 { 1 } else { 3 };
        // A thousand by a thousand takes plain Dijkstra minutes: a hundredth of the rows stands for all.
        let rows = if size == 1_000 { 10 } else { size };
        let (plain_s, plain_sum) = median(runs, || {
            sources[..rows]
                .iter()
                .flat_map(|s| targets.iter().map(move |t| (*s, *t)))
                .map(|(s, t)| u64::from(plain.time_ms(s, t)))
                .sum::<u64>()
        });
        let ours_sum: u64 = table[..rows * size].iter().map(|t| u64::from(*t)).sum();
        anyhow::ensure!(ours_sum == plain_sum, "the two disagree on a table of {size}");
        let plain_s = plain_s * size as f64 / rows as f64;
        let (column_s, _) =
            median(1, || targets[..rows].iter().map(|t| u64::from(dijkstra_to(&graph, *t)[0])).sum::<u64>());
        let column_s = column_s * size as f64 / rows as f64;
        println!(
            "table {size} x {size}: {:.2} ms; one Dijkstra per column {:.0} ms, ratio {:.0}; one bidirectional Dijkstra per cell {:.0} ms, ratio {:.0}{}",
            table_s * 1e3,
            column_s * 1e3,
            column_s / table_s,
            plain_s * 1e3,
            plain_s / table_s,
            if rows < size { " (both from 1% of the work)" } else { "" }
        );
    }
    Ok(())
}
