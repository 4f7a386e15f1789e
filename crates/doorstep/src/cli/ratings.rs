//! `doorstep ratings`: reputations from a table of reviews.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use doorstep_ratings::{Decay, Report, Reviews, Settings, score};
use flate2::read::MultiGzDecoder;
use serde::Serialize;

use super::output::{Output, note};

const EXAMPLE: &str = "\
Example:
  doorstep ratings score --reviews reviews.csv.gz --json

The table has a head and the columns time, order, rater, subject and stars (1 to 5), in any order. The answer
holds every subject, best lower bound first, and every rater whose reviews count less, with the reason. A
rater's later review of one order takes the place of the earlier. What old reviews count is learned from the
table; --half-life sets it, in the unit of the time column (milliseconds where times are written out).";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: RatingsCommand,
}

#[derive(Debug, Subcommand)]
enum RatingsCommand {
    /// Score every subject of a table of reviews, and name the raters who are not believed
    Score(ScoreArgs),
}

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
struct ScoreArgs {
    /// Table of reviews (gzip when the name ends in .gz)
    #[arg(long, value_name = "FILE")]
    reviews: PathBuf,
    /// Time after which a review counts half; 0 forgets nothing [default: learned from the table]
    #[arg(long, value_name = "TIME", value_parser = half_life)]
    half_life: Option<f64>,
    #[command(flatten)]
    output: Output,
}

#[derive(Debug, Serialize)]
struct Answer<'a> {
    subjects: Vec<Subject<'a>>,
    discounted_raters: Vec<Rater<'a>>,
    /// Reviews that count, and those left out because their rater had reviewed the same order.
    reviews: usize,
    duplicates: usize,
    half_life: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Subject<'a> {
    subject: &'a str,
    score: f64,
    lower: f64,
    reviews: u32,
}

#[derive(Debug, Serialize)]
struct Rater<'a> {
    rater: &'a str,
    weight: f64,
    reason: String,
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    match args.command {
        RatingsCommand::Score(args) => run_score(&args),
    }
}

fn run_score(args: &ScoreArgs) -> anyhow::Result<()> {
    let named = || format!("the reviews {}", args.reviews.display());
    let reviews = Reviews::read(open(&args.reviews).with_context(named)?).with_context(named)?;
    let decay = match args.half_life {
        None => Decay::Learned,
        Some(0.0) => Decay::None,
        // Times are kept with three digits after the point.
        Some(time) => Decay::HalfLife(reviews.in_units(time)),
    };
    let report = score(&reviews.market(), &Settings { decay });
    let answer = answer(&reviews, &report);
    if answer.duplicates > 0 {
        note(&format!("{} reviews left out: their raters wrote later ones of the same orders", answer.duplicates));
    }
    args.output.print(&answer, || table(&answer))
}

/// Opens a table, unpacked when its name says so.
fn open(path: &Path) -> anyhow::Result<Box<dyn Read>> {
    let file = File::open(path)?;
    let packed = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("gz"));
    Ok(if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}

fn answer<'a>(reviews: &'a Reviews, report: &Report) -> Answer<'a> {
    let mut order: Vec<u32> = (0..reviews.subjects.len() as u32).collect();
    let standing = |s: u32| &report.standings[s as usize];
    order.sort_by(|&a, &b| standing(b).lower.total_cmp(&standing(a).lower).then(a.cmp(&b)));
    Answer {
        subjects: order
            .iter()
            .map(|&s| {
                let standing = standing(s);
                Subject {
                    subject: reviews.subjects.name(s),
                    score: standing.score,
                    lower: standing.lower,
                    reviews: standing.reviews,
                }
            })
            .collect(),
        discounted_raters: report
            .discounts
            .iter()
            .map(|d| Rater {
                rater: reviews.raters.name(d.rater),
                weight: (1_000.0 * d.weight).round() / 1_000.0,
                reason: d.reason.sentence(|s| reviews.subjects.name(s)),
            })
            .collect(),
        reviews: reviews.rows.len() - report.duplicates,
        duplicates: report.duplicates,
        half_life: report.half_life.map(|time| reviews.from_units(time)),
    }
}

fn table(answer: &Answer<'_>) -> String {
    const SHOWN: usize = 20;
    let mut lines = vec![format!("{:<24} {:>6} {:>6} {:>8}", "subject", "score", "lower", "reviews")];
    let subjects = answer.subjects.iter().take(SHOWN);
    lines.extend(subjects.map(|s| format!("{:<24} {:>6.3} {:>6.3} {:>8}", s.subject, s.score, s.lower, s.reviews)));
    if answer.subjects.len() > SHOWN {
        lines.push(format!("… and {} more (all of them with --json)", answer.subjects.len() - SHOWN));
    }
    lines.push(format!("{} raters count less", answer.discounted_raters.len()));
    let raters = answer.discounted_raters.iter().take(SHOWN);
    lines.extend(raters.map(|r| format!("{:<24} {:>6.3} {}", r.rater, r.weight, r.reason)));
    lines.join("\n")
}

fn half_life(text: &str) -> Result<f64, String> {
    let time = text.parse::<f64>().ok().filter(|t| t.is_finite() && *t >= 0.0);
    time.ok_or_else(|| format!("`{text}` is no half-life: write a number that is not negative"))
}
