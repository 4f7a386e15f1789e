//! Maps of both policies as inline SVG: the city's streets, how long riders waited where, and where they were not
//! served.

use std::collections::HashSet;
use std::fmt::Write as _;

use doorstep_roads::RoadGraph;

use super::plot::escape;
use super::{Cell, CellSide, Report};

/// Pieces of street that are drawn at most, the longest first.
const STREETS: usize = 30_000;
const WIDE: f64 = 380.0;
/// Waits at and above this are darkest.
const LONG_S: f64 = 300.0;
/// And so are differences of waits at and above this.
const FAR_S: f64 = 120.0;
/// The largest circle's radius.
const RADIUS: f64 = 15.0;

/// The streets, drawn once for all maps.
#[derive(Debug, Clone, Default)]
pub(super) struct Ground {
    west: f64,
    north: f64,
    /// Units of the picture in a degree of longitude and of latitude.
    scale: (f64, f64),
    wide: f64,
    high: f64,
    path: String,
}

impl Ground {
    pub(super) fn of(graph: &RoadGraph) -> Self {
        let Some(b) = graph.bounds() else { return Self::default() };
        let squeeze = ((b.south + b.north) / 2.0).to_radians().cos().max(0.01);
        let x = WIDE / (b.east - b.west).max(1e-6);
        // A city that is much higher than wide is drawn less wide.
        let x = x.min(2.0 * WIDE / (b.north - b.south).max(1e-6) * squeeze);
        let scale = (x, x / squeeze);
        let mut ground = Self {
            west: b.west,
            north: b.north,
            scale,
            wide: (b.east - b.west) * scale.0,
            high: (b.north - b.south) * scale.1,
            path: String::new(),
        };
        let mut pieces: Vec<(f32, u32, u32)> = Vec::new();
        let mut drawn = HashSet::new();
        for tail in 0..graph.node_count() as u32 {
            for arc in graph.arcs_of(tail) {
                let head = graph.head(arc);
                if drawn.insert((tail.min(head), tail.max(head))) {
                    pieces.push((graph.arc_length_m(arc), tail, head));
                }
            }
        }
        pieces.sort_by(|one, other| other.0.total_cmp(&one.0));
        for (_, tail, head) in pieces.into_iter().take(STREETS) {
            let (from, to) = (graph.point(tail), graph.point(head));
            let ((x1, y1), (x2, y2)) = (ground.at(from.lat(), from.lon()), ground.at(to.lat(), to.lon()));
            let _ = write!(ground.path, "M{x1:.1} {y1:.1}L{x2:.1} {y2:.1}");
        }
        ground
    }

    fn at(&self, lat: f64, lon: f64) -> (f64, f64) {
        ((lon - self.west) * self.scale.0, (self.north - lat) * self.scale.1)
    }
}

impl Report {
    /// The streets for the maps below, to stand once in a page.
    pub(super) fn streets(&self) -> String {
        format!(
            "<svg class=\"hidden\" aria-hidden=\"true\"><defs><path id=\"streets\" d=\"{}\"/></defs></svg>",
            self.ground.path
        )
    }

    /// One policy's map.
    pub(super) fn sheet(&self, class: &str, title: &str, of: impl Fn(&Cell) -> CellSide) -> String {
        let most = self.most_lost();
        let square = |cell: &Cell| {
            let wait_s = of(cell).wait_s?;
            let share = (wait_s / LONG_S).clamp(0.03, 1.0);
            Some((format!("{class} wait"), share, format!("mean wait {wait_s:.0} s")))
        };
        let circle = |cell: &Cell| {
            let lost = cell.asked - of(cell).served;
            let told = format!("{lost:.1} of {:.1} not served", cell.asked);
            (lost >= 0.05).then(|| ("lost".to_owned(), lost / most, told))
        };
        self.drawn(title, square, circle)
    }

    /// The map of what the second policy changes.
    pub(super) fn sheet_of_differences(&self, title: &str) -> String {
        let most = self.most_lost();
        let class = |better: bool| if better { "good" } else { "bad" };
        let square = |cell: &Cell| {
            let gap = cell.b.wait_s? - cell.a.wait_s?;
            let share = (gap.abs() / FAR_S).clamp(0.0, 1.0);
            Some((format!("{} wait", class(gap < 0.0)), share, format!("wait {gap:+.0} s")))
        };
        let circle = |cell: &Cell| {
            let more = cell.b.served - cell.a.served;
            let told = format!("{more:+.1} of {:.1} served", cell.asked);
            (more.abs() >= 0.05).then(|| (format!("{} ring", class(more > 0.0)), more.abs() / most, told))
        };
        self.drawn(title, square, circle)
    }

    fn most_lost(&self) -> f64 {
        let lost = self.cells.iter().flat_map(|c| [c.asked - c.a.served, c.asked - c.b.served]);
        lost.fold(1.0, f64::max)
    }

    fn drawn(
        &self,
        title: &str,
        square: impl Fn(&Cell) -> Option<(String, f64, String)>,
        circle: impl Fn(&Cell) -> Option<(String, f64, String)>,
    ) -> String {
        let ground = &self.ground;
        let (high, edge) = (ground.high, 8.0);
        let mut svg = format!(
            "<svg class=\"sheet\" viewBox=\"{} {} {:.0} {:.0}\" role=\"img\" aria-label=\"{}\"><use href=\"#streets\" class=\"street\"/>",
            -edge,
            -edge,
            ground.wide + 2.0 * edge,
            high + 2.0 * edge,
            escape(title)
        );
        let (wide, tall) = (self.cell_deg[1] * ground.scale.0, self.cell_deg[0] * ground.scale.1);
        for cell in &self.cells {
            let (x, y) = ground.at(cell.lat + self.cell_deg[0], cell.lon);
            if let Some((class, share, told)) = square(cell) {
                let _ = write!(
                    svg,
                    "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill-opacity=\"{:.2}\"><title>{told}</title></rect>",
                    wide - 0.6,
                    tall - 0.6,
                    0.75 * share
                );
            }
        }
        for cell in &self.cells {
            let (x, y) = ground.at(cell.lat + self.cell_deg[0] / 2.0, cell.lon + self.cell_deg[1] / 2.0);
            if let Some((class, share, told)) = circle(cell) {
                let _ = write!(
                    svg,
                    "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{:.1}\"><title>{told}</title></circle>",
                    (RADIUS * share.sqrt()).max(0.8)
                );
            }
        }
        svg.push_str("</svg>");
        svg
    }

    /// What the maps' marks mean.
    pub(super) fn sheet_key(&self) -> String {
        let steps = |class: &str| {
            let step = |share: f64| {
                format!(
                    "<svg class=\"swatch\" viewBox=\"0 0 22 12\" aria-hidden=\"true\"><rect class=\"{class} wait\" width=\"22\" height=\"12\" fill-opacity=\"{:.2}\"/></svg>",
                    0.75 * share
                )
            };
            [0.15, 0.4, 0.7, 1.0].map(step).concat()
        };
        format!(
            "<p class=\"legend\"><span>{}{} mean wait 0 to {LONG_S:.0} s and more</span><span><svg class=\"swatch\" viewBox=\"0 0 22 12\" aria-hidden=\"true\"><circle class=\"lost\" cx=\"11\" cy=\"6\" r=\"5\"/></svg> riders not served, by area; the largest stands for {:.0} in the period</span>\
             <span>{}{} right: shorter waits, longer waits, up to {FAR_S:.0} s</span></p>",
            steps("a"),
            steps("b"),
            self.most_lost(),
            steps("good"),
            steps("bad")
        )
    }
}
