//! The report as one HTML page that needs nothing else.

use super::plot::{Bar, Line, Points, dots, escape, forest, lines, signed};
use super::{Metric, Report, Side};

const STYLE: &str = "\
:root{--ink:#1b1f24;--soft:#5b6570;--page:#fff;--card:#f6f7f9;--grid:#dde1e6;--a:#c2620a;--b:#1f6fb2;--good:#18794e;--bad:#b42318}
@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#a0a8b2;--page:#15181c;--card:#1e2227;--grid:#343a42;--a:#f0a35e;--b:#6cb2f0;--good:#5fce9a;--bad:#f2857b}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:1240px;margin:0 auto;padding:28px 20px 60px}h1{font-size:26px;line-height:1.25;margin:0 0 6px}h2{font-size:17px;margin:0 0 8px}
p{margin:6px 0}.soft{color:var(--soft)}.card{background:var(--card);border-radius:10px;padding:16px 18px;margin:18px 0}
.two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(480px,100%),1fr));gap:18px}.two .card{margin:0}
svg{width:100%;height:auto;display:block}svg text{font-size:13px;fill:var(--soft)}svg .axis{fill:var(--ink)}
.grid{stroke:var(--grid)}.zero{stroke:var(--soft);stroke-width:1.5}polyline{fill:none;stroke-width:2.5;stroke-linejoin:round}
polyline.a{stroke:var(--a)}polyline.b{stroke:var(--b);stroke-dasharray:7 3}.span{stroke-width:3;stroke-linecap:round}
.span.good{stroke:var(--good)}.span.bad{stroke:var(--bad)}.span.even{stroke:var(--soft)}
svg .mark.good,circle.good{fill:var(--good)}svg .mark.bad,circle.bad{fill:var(--bad)}svg .mark.even,circle.even{fill:var(--soft)}circle{fill-opacity:.6}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th,td{padding:6px 8px;border-bottom:1px solid var(--grid);text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left;white-space:normal}th{font-weight:600;color:var(--soft)}.wide{overflow-x:auto}.dots{width:120px;height:16px}
.key{display:inline-block;width:26px;height:0;border-top:3px solid var(--a);vertical-align:middle;margin:0 6px 0 0}.key.b{border-top:3px dashed var(--b);margin-left:14px}
.good{color:var(--good)}.bad{color:var(--bad)}ul{margin:6px 0;padding-left:20px}.hidden{position:absolute;width:0;height:0}\
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(180px,1fr));gap:12px;margin:18px 0}.tile{background:var(--card);border-radius:10px;padding:12px 14px}\
.tile h3{font-size:13px;font-weight:600;color:var(--soft);margin:0 0 4px}.tile .to{font-size:20px;font-weight:650;letter-spacing:-.01em;white-space:nowrap}.tile .from{color:var(--soft)}.tile p{margin:2px 0;font-size:13px}\
.sheets{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:14px}.sheets h3{font-size:14px;margin:0 0 6px}.sheet{background:var(--page);border-radius:8px}\
.street{fill:none;stroke:var(--grid);stroke-width:.8}rect.a{fill:var(--a)}rect.b{fill:var(--b)}rect.good{fill:var(--good)}rect.bad{fill:var(--bad)}\
circle.lost{fill:none;stroke:var(--bad);stroke-width:1.6}circle.ring{fill:none;stroke-width:1.6}circle.ring.good{stroke:var(--good)}circle.ring.bad{stroke:var(--bad);stroke-dasharray:3 2}\
.legend{display:flex;flex-wrap:wrap;gap:4px 22px;font-size:13px;color:var(--soft);align-items:center}.swatch{display:inline-block;width:22px;height:12px;vertical-align:-1px;margin-right:1px}\
tr.other td{font-weight:600}.mark-b{color:var(--b)}.mark-a{color:var(--a)}td.set{text-align:left;white-space:normal}th.set{text-align:left}\
@media print{body{font-size:12px}.card,.tile{break-inside:avoid}}@media(max-width:760px){.sheets{grid-template-columns:1fr}}";

/// Figures that stand at the top.
const FIRST: [&str; 6] =
    ["served_share", "mean_wait_s", "mean_delay_s", "earnings_mean", "rider_surplus", "platform_revenue"];

impl Report {
    /// The page.
    #[must_use]
    pub fn html(&self) -> String {
        let (a, b) = (escape(&self.a.policy), escape(&self.b.policy));
        let keys = format!("<p><span class=\"key\"></span>{a}<span class=\"key b\"></span>{b}</p>");
        let mut page = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
             <title>{b} against {a}</title><style>{STYLE}</style></head><body>{}<main><h1><span class=\"mark-b\">{b}</span> against <span class=\"mark-a\">{a}</span></h1>\
             <p class=\"soft\">{} requests in {} minutes from {}{}, {} {}, {} paired seeds. Money is in {}. Differences are {b} minus {a}, with 95 % confidence intervals (Student, by pairs).</p>",
            self.streets(),
            self.requests,
            (self.period_s + 59) / 60,
            escape(&self.start.replace('T', " ").replace(".000Z", "")),
            if self.recorded_live { " (UTC), recorded by the live city" } else { ", from tables" },
            self.fleet,
            if self.recorded_live { "shifts of drivers" } else { "cars" },
            self.seeds.len(),
            self.currency
        );
        page.push_str(&format!("<div class=\"tiles\">{}</div>", self.tiles()));
        page.push_str(&format!("<div class=\"card\"><h2>In short</h2>{}</div>", self.in_short()));
        page.push_str(&format!(
            "<div class=\"card\"><h2>Differences, relative to {a}</h2>{}<p class=\"soft\"><span class=\"good\">Green</span>: {b} is clearly better. <span class=\"bad\">Red</span>: clearly worse. Grey: the interval holds zero, or neither direction is better.</p></div>",
            self.forest()
        ));
        page.push_str(&format!(
            "<div class=\"card\"><h2>Where</h2><div class=\"sheets\"><div><h3 class=\"mark-a\">{a}</h3>{}</div><div><h3 class=\"mark-b\">{b}</h3>{}</div><div><h3>What {b} changes</h3>{}</div></div>{}</div>",
            self.sheet("a", &format!("Map of waits and riders not served under {}", self.a.policy), |cell| cell.a),
            self.sheet("b", &format!("Map of waits and riders not served under {}", self.b.policy), |cell| cell.b),
            self.sheet_of_differences("Map of the differences in waits and in riders served"),
            self.sheet_key()
        ));
        page.push_str("<div class=\"two\">");
        for (title, svg) in self.charts() {
            page.push_str(&format!("<div class=\"card\"><h2>{title}</h2>{keys}{svg}</div>"));
        }
        page.push_str("</div>");
        page.push_str(&format!(
            "<div class=\"card\"><h2>All figures</h2><div class=\"wide\">{}</div></div>",
            self.rows()
        ));
        page.push_str(&format!(
            "<div class=\"card\"><h2>What was compared</h2><div class=\"wide\">{}</div></div>",
            self.settings()
        ));
        page.push_str(&format!(
            "<div class=\"card\"><h2>What was assumed, and how to read this</h2>{}</div>",
            self.notes()
        ));
        page.push_str("</main></body></html>\n");
        page
    }

    fn tiles(&self) -> String {
        let tile = |m: &Metric| {
            let d = &m.difference;
            let word = match m.verdict() {
                Some(true) => "better",
                Some(false) => "worse",
                None => "unclear",
            };
            format!(
                "<div class=\"tile\"><h3>{}</h3><p><span class=\"from\">{} →</span> <span class=\"to\">{}</span></p><p class=\"{}\">{}, {word}</p><p class=\"soft\">{} … {}</p></div>",
                escape(m.label),
                self.amount(m, m.a, false),
                self.amount(m, m.b, false),
                class(m),
                self.amount(m, d.mean, true),
                signed(d.low, m.digits),
                signed(d.high, m.digits)
            )
        };
        FIRST.iter().filter_map(|key| self.metric(key)).map(tile).collect()
    }

    fn settings(&self) -> String {
        let (a, b) = (&self.a, &self.b);
        let mut rows = format!(
            "<table><thead><tr><th></th><th class=\"set\">{}</th><th class=\"set\">{}</th></tr></thead><tbody>",
            escape(&a.policy),
            escape(&b.policy)
        );
        let names = a.settings.iter().chain(b.settings.iter().filter(|s| a.settings.iter().all(|t| t[0] != s[0])));
        for [name, _] in names {
            let of = |side: &Side| {
                side.settings.iter().find(|s| s[0] == *name).map_or_else(|| "–".to_owned(), |s| escape(&s[1]))
            };
            let class = if of(a) == of(b) { "" } else { "other" };
            rows.push_str(&format!(
                "<tr class=\"{class}\"><td>{}</td><td class=\"set\">{}</td><td class=\"set\">{}</td></tr>",
                escape(name),
                of(a),
                of(b)
            ));
        }
        rows + "</tbody></table>"
    }

    fn in_short(&self) -> String {
        let told = |better: bool| -> Vec<String> {
            let of = self.metrics.iter().filter(|m| m.verdict() == Some(better));
            of.map(|m| format!("{} {}", escape(m.label).to_lowercase(), self.amount(m, m.difference.mean, true)))
                .collect()
        };
        let b = escape(&self.b.policy);
        let line = |word: &str, list: Vec<String>| {
            if list.is_empty() {
                format!("<p>{b} is clearly {word} in nothing.</p>")
            } else {
                format!("<p>{b} is clearly {word} in: {}.</p>", list.join("; "))
            }
        };
        line("better", told(true)) + &line("worse", told(false))
    }

    fn forest(&self) -> String {
        let bars: Vec<Bar> = self
            .metrics
            .iter()
            .filter(|m| m.a.abs() > 1e-9 && m.a_by_seed != m.b_by_seed)
            .map(|m| {
                let percent = |v: f64| 100.0 * v / m.a.abs();
                let d = &m.difference;
                let label = m.label.to_owned();
                Bar { label, mean: percent(d.mean), low: percent(d.low), high: percent(d.high), class: class(m) }
            })
            .collect();
        forest("Differences in percent with confidence intervals", &bars)
    }

    fn charts(&self) -> Vec<(&'static str, String)> {
        let both = |of: &dyn Fn(&Side) -> Points| {
            [Line { class: "a", points: of(&self.a) }, Line { class: "b", points: of(&self.b) }]
        };
        let shares = |values: &[f64]| values.iter().enumerate().map(|(p, v)| Some((*v, p as f64))).collect::<Vec<_>>();
        let minutes = |column: usize| (column as f64 + 0.5) * self.column_min as f64;
        let by_time = |side: &Side| {
            let points = side.served_by_time.iter().enumerate();
            points.map(|(column, share)| share.map(|share| (minutes(column), share))).collect()
        };
        let money = format!("earn at most, {} per hour", self.currency);
        vec![
            (
                "How long riders wait",
                lines(
                    "Waits",
                    "wait at most, seconds",
                    "% of those served",
                    Some(0.0),
                    &both(&|s| shares(&s.wait_percentiles_s)),
                ),
            ),
            (
                "How late riders arrive",
                lines(
                    "Delays",
                    "later than a direct trip at once, seconds",
                    "% of those served",
                    Some(0.0),
                    &both(&|s| shares(&s.delay_percentiles_s)),
                ),
            ),
            (
                "What drivers earn",
                lines("Earnings", &money, "% of drivers", Some(0.0), &both(&|s| shares(&s.earnings_percentiles))),
            ),
            (
                "Served over the period",
                lines("Served", "minutes from the start", "% of requests", Some(100.0), &both(&by_time)),
            ),
        ]
    }

    fn rows(&self) -> String {
        let mut table = format!(
            "<table><thead><tr><th></th><th>{}</th><th>{}</th><th>difference</th><th>95 % interval</th><th>bootstrap</th><th>each seed</th></tr></thead><tbody>",
            escape(&self.a.policy),
            escape(&self.b.policy)
        );
        for m in &self.metrics {
            let d = &m.difference;
            let gaps: Vec<f64> = m.a_by_seed.iter().zip(&m.b_by_seed).map(|(a, b)| b - a).collect();
            let span = |low, high| format!("{} … {}", signed(low, m.digits), signed(high, m.digits));
            table.push_str(&format!(
                "<tr><td>{}</td><td>{}</td><td>{}</td><td class=\"{}\">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                escape(m.label),
                self.amount(m, m.a, false),
                self.amount(m, m.b, false),
                class(m),
                self.amount(m, d.mean, true),
                span(d.low, d.high),
                span(d.boot_low, d.boot_high),
                dots(&gaps, class(m))
            ));
        }
        table + "</tbody></table>"
    }

    fn notes(&self) -> String {
        let (x, money) = (&self.assumptions, &self.currency);
        let seeds = if self.recorded_live {
            "The live city recorded the orders that riders made and the shifts of its drivers. A seed moves every request by up to half a minute, and the start of every driver by up to two blocks: the day as it could as well have been. Who saw a price and made no order is not in the record."
        } else {
            "A seed draws a fleet from the recorded taxis and the seconds of requests that were recorded in whole minutes."
        };
        format!(
            "<ul><li>{seeds} Both policies replay the same. The intervals speak of other such days in the same period, not of other days of the week. Requests left out: {}.</li>\
             <li>Earnings are the driver's part of the fares over the whole period, before costs; a driver who never got a ride counts with nothing. Gini is 0 where all earn the same.</li>\
             <li>Rider surplus: a ride is worth one to {} usual fares, drawn so that m times the fare is worth it to m to the minus {} of the riders; off go the fare paid and {} {money} for each hour of delay. Usual fares are those of the first policy without surge and sharing. Who is lost has waited for nothing.</li>\
             <li>Driver surplus: earnings less {} {money} for each hour of driving and {} {money} for each hour on shift, which is what a driver could have elsewhere.</li>\
             <li>With surge, riders hear prices minute by minute: multipliers come from all who ask and from the cars that those who stayed so far leave free. Who hears more than the ride is worth leaves, and has neither won nor lost. Drivers do not move for prices.</li>\
             <li>Waits are of those served: a policy that serves more of the far ones may show longer waits.</li></ul>",
            escape(self.left_out.trim_start_matches("left out: ")),
            x.most_worth,
            x.elasticity,
            x.value_of_time,
            x.driving_cost,
            x.reservation_wage
        )
    }

    fn amount(&self, m: &Metric, v: f64, sign: bool) -> String {
        let text = if sign { signed(v, m.digits) } else { signed(v, m.digits).trim_start_matches('+').to_owned() };
        match m.unit {
            "" => text,
            "money" => format!("{text} {}", self.currency),
            // A difference of shares is in points.
            "%" if sign => format!("{text} points"),
            unit => format!("{text} {unit}"),
        }
    }
}

fn class(m: &Metric) -> &'static str {
    match m.verdict() {
        Some(true) => "good",
        Some(false) => "bad",
        None => "even",
    }
}
