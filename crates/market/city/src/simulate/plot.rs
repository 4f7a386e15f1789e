//! A self-contained page with line charts: no script, nothing loaded from elsewhere.

use std::fmt::Write as _;

use super::{Minute, OutageReport, StepReport, WelfareReport, WgcReport, WgcRow};

const COLOURS: [&str; 4] = ["#c0392b", "#1f6fb2", "#2e8b57", "#8a6d3b"];
const WIDE: f64 = 720.0;
const HIGH: f64 = 280.0;
const LEFT: f64 = 60.0;
const BELOW: f64 = 44.0;

/// A line with its name.
type Line<'a> = (&'a str, Vec<(f64, f64)>);

/// A page of charts.
#[derive(Clone, Debug, Default)]
pub struct Page {
    body: String,
}

impl Page {
    /// The page of the wild goose chase.
    #[must_use]
    pub fn wgc(report: &WgcReport) -> String {
        let line = |of: fn(&WgcRow) -> f64| report.rows.iter().map(|r| (r.riders_per_min, of(r))).collect();
        let mut page = Self::default();
        page.text("The wild goose chase: demand rises, the number of cars does not");
        let rides: [Line<'_>; 3] = [
            ("flat fare", line(|r| r.flat.rides_per_hour)),
            ("surge", line(|r| r.surge.rides_per_hour)),
            ("flat fare, near cars only", line(|r| r.radius.rides_per_hour)),
        ];
        page.chart("Rides per hour", "riders per minute at the usual fare", &rides);
        let pickup: [Line<'_>; 3] = [
            ("flat fare", line(|r| r.flat.pickup_s)),
            ("surge", line(|r| r.surge.pickup_s)),
            ("flat fare, near cars only", line(|r| r.radius.pickup_s)),
        ];
        page.chart("Pickup time, seconds", "riders per minute at the usual fare", &pickup);
        page.close()
    }

    /// The page of the outage.
    #[must_use]
    pub fn outage(report: &OutageReport) -> String {
        let mut page = Self::default();
        let (from, to) = report.out;
        page.text(&format!("A New Year's Eve: surge is out of order from minute {from} to {to}"));
        let eta: [Line<'_>; 2] =
            [("with the outage", over(&report.outage, |m| m.eta_s)), ("without", over(&report.surge, |m| m.eta_s))];
        page.chart("Pickup time shown, seconds", "minute", &eta);
        let multiplier: [Line<'_>; 2] = [
            ("with the outage", over(&report.outage, |m| m.multiplier)),
            ("without", over(&report.surge, |m| m.multiplier)),
        ];
        page.chart("Multiplier", "minute", &multiplier);
        page.close()
    }

    /// The page of the step.
    #[must_use]
    pub fn step(report: &StepReport) -> String {
        let mut page = Self::default();
        page.text(&format!("Demand steps to {} times the recorded one at minute 80 and back at 200", report.height));
        page.chart("Multiplier", "minute", &[("surge", over(&report.minutes, |m| m.multiplier))]);
        page.chart("Pickup time shown, seconds", "minute", &[("surge", over(&report.minutes, |m| m.eta_s))]);
        page.close()
    }

    /// The page of the welfare comparison.
    #[must_use]
    pub fn welfare(report: &WelfareReport) -> String {
        let mut page = Self::default();
        page.text("Welfare by fare level, as a share of the gross revenue at the best uniform fare");
        let lines: [Line<'_>; 2] =
            [("uniform fare", report.uniform_tried.clone()), ("surge", report.surge_tried.clone())];
        page.chart("Welfare", "fare as a multiple of the usual", &lines);
        page.close()
    }

    fn text(&mut self, text: &str) {
        self.put(format_args!("<h1>{text}</h1>"));
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // A String takes everything.
        let _ = self.body.write_fmt(text);
        self.body.push('\n');
    }

    fn chart(&mut self, title: &str, below: &str, lines: &[Line<'_>]) {
        let all = || lines.iter().flat_map(|(_, points)| points);
        let (low_x, high_x) = range(all().map(|p| p.0));
        let (low_y, high_y) = range(all().map(|p| p.1).chain([0.0]));
        let x = |v: f64| LEFT + (v - low_x) / (high_x - low_x) * (WIDE - LEFT - 20.0);
        let y = |v: f64| HIGH - BELOW - (v - low_y) / (high_y - low_y) * (HIGH - BELOW - 20.0);
        self.put(format_args!(
            "<h2>{title}</h2><svg viewBox=\"0 0 {WIDE} {HIGH}\" role=\"img\" aria-label=\"{title}\">"
        ));
        for tick in 0..=4 {
            let share = f64::from(tick) / 4.0;
            let (value, across) = (low_y + share * (high_y - low_y), low_x + share * (high_x - low_x));
            let (right, at) = (WIDE - 20.0, y(value));
            self.put(format_args!(
                "<line x1=\"{LEFT}\" x2=\"{right}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#ddd\"/>"
            ));
            let label = short(value);
            self.put(format_args!(
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
                LEFT - 6.0,
                at + 4.0
            ));
            let label = short(across);
            let low = HIGH - BELOW + 16.0;
            self.put(format_args!("<text x=\"{:.1}\" y=\"{low}\" text-anchor=\"middle\">{label}</text>", x(across)));
        }
        for ((name, points), colour) in lines.iter().zip(COLOURS) {
            let path: Vec<String> = points.iter().map(|(a, b)| format!("{:.1},{:.1}", x(*a), y(*b))).collect();
            let path = path.join(" ");
            self.put(format_args!(
                "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{path}\"><title>{name}</title></polyline>"
            ));
        }
        let low = HIGH - 6.0;
        self.put(format_args!("<text x=\"{}\" y=\"{low}\" text-anchor=\"middle\">{below}</text></svg><p>", WIDE / 2.0));
        for ((name, _), colour) in lines.iter().zip(COLOURS) {
            self.put(format_args!("<span style=\"color:{colour}\">&#9632; {name}</span> "));
        }
        self.put(format_args!("</p>"));
    }

    fn close(self) -> String {
        format!(
            "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Doorstep simulation</title>\n<style>body{{font:15px \
             system-ui,sans-serif;max-width:760px;margin:2em auto;padding:0 1em}}svg{{width:100%}}svg text{{font-size:12px;fill:#444}}\
             h1{{font-size:1.3em}}h2{{font-size:1em;margin-bottom:0}}</style>\n{}</html>\n",
            self.body
        )
    }
}

fn over(minutes: &[Minute], figure: fn(&Minute) -> f64) -> Vec<(f64, f64)> {
    minutes.iter().enumerate().map(|(ix, minute)| (ix as f64, figure(minute))).collect()
}

/// From least to most, never empty.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let finite = values.filter(|v| v.is_finite());
    let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
    if high > low { (low, high) } else { (low.min(0.0), low.max(0.0) + 1.0) }
}

fn short(value: f64) -> String {
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}
