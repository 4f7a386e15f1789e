//! Charts as inline SVG: no script, nothing loaded from elsewhere. Colours come from the page's style.

use std::fmt::Write as _;

const WIDE: f64 = 640.0;
const HIGH: f64 = 260.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 14.0;
const BELOW: f64 = 46.0;

/// Points of a line; gaps split it.
pub(super) type Points = Vec<Option<(f64, f64)>>;

/// A line: its class in the style and its points.
pub(super) struct Line {
    pub(super) class: &'static str,
    pub(super) points: Points,
}

/// A chart of lines over common axes.
pub(super) fn lines(title: &str, x_label: &str, y_label: &str, y_from: Option<f64>, all: &[Line]) -> String {
    let points = || all.iter().flat_map(|l| l.points.iter().flatten());
    let (x_low, x_high) = range(points().map(|p| p.0));
    let (y_low, y_high) = range(points().map(|p| p.1).chain(y_from));
    let x_ticks = ticks(x_low, x_high);
    let y_ticks = ticks(y_low, y_high);
    let (y_low, y_high) = (y_low.min(y_ticks[0]), y_high.max(y_ticks[y_ticks.len() - 1]));
    let x = |v: f64| LEFT + (v - x_low) / (x_high - x_low) * (WIDE - LEFT - RIGHT);
    let y = |v: f64| HIGH - BELOW - (v - y_low) / (y_high - y_low) * (HIGH - BELOW - TOP);
    let mut svg = format!("<svg viewBox=\"0 0 {WIDE} {HIGH}\" role=\"img\" aria-label=\"{}\">", escape(title));
    for v in y_ticks {
        put(
            &mut svg,
            format_args!(
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{0}\" y1=\"{1:.1}\" y2=\"{1:.1}\"/><text x=\"{2}\" y=\"{3:.1}\" text-anchor=\"end\">{4}</text>",
                WIDE - RIGHT,
                y(v),
                LEFT - 6.0,
                y(v) + 4.0,
                short(v)
            ),
        );
    }
    for v in x_ticks {
        put(
            &mut svg,
            format_args!(
                "<line class=\"grid\" x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"{TOP}\" y2=\"{1}\"/><text x=\"{0:.1}\" y=\"{2}\" text-anchor=\"middle\">{3}</text>",
                x(v),
                HIGH - BELOW,
                HIGH - BELOW + 16.0,
                short(v)
            ),
        );
    }
    put(
        &mut svg,
        format_args!(
            "<text class=\"axis\" x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            (LEFT + WIDE - RIGHT) / 2.0,
            HIGH - 10.0,
            escape(x_label)
        ),
    );
    put(
        &mut svg,
        format_args!(
            "<text class=\"axis\" transform=\"translate(12 {:.1}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            (TOP + HIGH - BELOW) / 2.0,
            escape(y_label)
        ),
    );
    for line in all {
        for run in line.points.split(Option::is_none).filter(|run| !run.is_empty()) {
            let path: Vec<String> = run.iter().flatten().map(|p| format!("{:.1},{:.1}", x(p.0), y(p.1))).collect();
            put(&mut svg, format_args!("<polyline class=\"{}\" points=\"{}\"/>", line.class, path.join(" ")));
        }
    }
    svg.push_str("</svg>");
    svg
}

/// One row of a forest: a label, a difference with its interval in percent, and a class for its colour.
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) mean: f64,
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) class: &'static str,
}

/// Differences with their intervals around zero. What goes beyond the axis ends in an arrow.
pub(super) fn forest(title: &str, bars: &[Bar]) -> String {
    let (row, label_w, wide) = (24.0, 250.0, 860.0);
    let high = TOP + row * bars.len() as f64 + 40.0;
    let reach = bars.iter().map(|b| b.mean.abs()).filter(|r| r.is_finite()).fold(5.0, f64::max).min(100.0) * 1.15;
    let x = |v: f64| label_w + (v.clamp(-reach, reach) + reach) / (2.0 * reach) * (wide - label_w - 90.0);
    let bottom = TOP + row * bars.len() as f64;
    let mut svg = format!("<svg viewBox=\"0 0 {wide} {high}\" role=\"img\" aria-label=\"{}\">", escape(title));
    for v in ticks(-reach, reach) {
        let class = if v.abs() < 1e-9 { "zero" } else { "grid" };
        put(
            &mut svg,
            format_args!(
                "<line class=\"{class}\" x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"{TOP}\" y2=\"{bottom}\"/><text x=\"{0:.1}\" y=\"{1}\" text-anchor=\"middle\">{2} %</text>",
                x(v),
                bottom + 16.0,
                signed(v, 0)
            ),
        );
    }
    for (ix, bar) in bars.iter().enumerate() {
        let y = TOP + row * (ix as f64 + 0.5);
        put(
            &mut svg,
            format_args!(
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                label_w - 10.0,
                y + 4.0,
                escape(&bar.label)
            ),
        );
        if !bar.mean.is_finite() {
            continue;
        }
        put(
            &mut svg,
            format_args!(
                "<line class=\"span {}\" x1=\"{:.1}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>",
                bar.class,
                x(bar.low),
                x(bar.high)
            ),
        );
        let beyond = bar.mean.abs() > reach;
        let mark = if beyond && bar.mean > 0.0 {
            "▶"
        } else if beyond {
            "◀"
        } else {
            "●"
        };
        put(
            &mut svg,
            format_args!(
                "<text class=\"mark {}\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{mark}</text>",
                bar.class,
                x(bar.mean),
                y + 4.5
            ),
        );
        put(
            &mut svg,
            format_args!(
                "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{} %</text>",
                wide - 6.0,
                y + 4.0,
                signed(bar.mean, 1)
            ),
        );
    }
    svg.push_str("</svg>");
    svg
}

/// The difference of each seed as a dot beside zero.
pub(super) fn dots(gaps: &[f64], class: &str) -> String {
    let reach = gaps.iter().map(|g| g.abs()).fold(1e-12, f64::max);
    let mut svg = "<svg class=\"dots\" viewBox=\"0 0 120 16\" aria-hidden=\"true\"><line class=\"zero\" x1=\"60\" x2=\"60\" y1=\"1\" y2=\"15\"/>".to_owned();
    for gap in gaps {
        put(
            &mut svg,
            format_args!("<circle class=\"{class}\" cx=\"{:.1}\" cy=\"8\" r=\"3\"/>", 60.0 + 54.0 * gap / reach),
        );
    }
    svg.push_str("</svg>");
    svg
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// With its sign, and a true minus.
pub(super) fn signed(v: f64, digits: usize) -> String {
    let text = format!("{:.digits$}", v.abs());
    let zero = text.chars().all(|c| matches!(c, '0' | '.'));
    if zero {
        text
    } else if v < 0.0 {
        format!("−{text}")
    } else {
        format!("+{text}")
    }
}

fn put(svg: &mut String, text: std::fmt::Arguments<'_>) {
    // A String takes everything.
    let _ = svg.write_fmt(text);
}

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.filter(|v| v.is_finite()).fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(v), h.max(v)));
    if low > high {
        return (0.0, 1.0);
    }
    if high - low < 1e-9 { (low - 1.0, high + 1.0) } else { (low, high) }
}

/// Round values inside a range, about five.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / 5.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= rough).unwrap_or(rough);
    let (first, last) = ((low / step - 1e-9).ceil() as i64, (high / step + 1e-9).floor() as i64);
    let all: Vec<f64> = (first..=last).map(|i| i as f64 * step).collect();
    if all.is_empty() { vec![low] } else { all }
}

fn short(v: f64) -> String {
    let digits = usize::from(v.fract().abs() > 1e-9) + usize::from((v * 10.0).fract().abs() > 1e-9);
    let text = format!("{:.digits$}", v.abs());
    if v < 0.0 { format!("−{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks(0.0, 100.0), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(ticks(-7.0, 7.0), [-5.0, 0.0, 5.0]);
        assert!((4..=7).contains(&ticks(3.0, 3.1).len()));
        assert_eq!(
            (signed(-0.04, 1), signed(2.5, 1), signed(-3.0, 0)),
            ("0.0".to_owned(), "+2.5".to_owned(), "−3".to_owned())
        );
    }

    #[test]
    fn names_cannot_break_the_page() {
        let svg = lines("<b>\"x\"", "<i>", "&", None, &[]);
        assert!(!svg.contains("<b>") && !svg.contains("<i>") && svg.contains("&amp;"));
    }
}
