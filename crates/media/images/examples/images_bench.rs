//! One pipeline over one picture, again and again: what it costs. `images_bench PIPELINE FILE ROUNDS [OUT]`.
#![allow(clippy::print_stdout, reason = "an example prints its figures")]

use std::fs;

use anyhow::{Context as _, Result};
use doorstep_images::{Limits, grammar::iopcmd, process};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [query, file, rounds, rest @ ..] = arguments.as_slice() else {
        anyhow::bail!("images_bench PIPELINE FILE ROUNDS [OUT]");
    };
    let (pipeline, rounds) = (iopcmd::parse(query)?, rounds.parse::<u32>()?.max(1));
    let nothing = |_: &str| Err("no watermarks here".to_owned());
    let mut last = None;
    // The first round loads what is loaded once.
    let mut before = 0.0;
    for round in 0..=rounds {
        if round == 1 {
            before = cpu_ms()?;
        }
        // Read anew each time, as a server does.
        let source = fs::read(file)?;
        last = Some(process(&source, &pipeline, &Limits::default(), &nothing)?);
    }
    let cpu = (cpu_ms()? - before) / f64::from(rounds);
    let output = last.context("at least one round")?;
    if let Some(out) = rest.first() {
        fs::write(out, &output.body)?;
    }
    let summary = serde_json::json!({
        "cpu_ms": (cpu * 100.0).round() / 100.0,
        "peak_kb": peak_kb()?,
        "width": output.width,
        "height": output.height,
        "bytes": output.body.len(),
        "shrink": output.plan.shrink,
    });
    println!("{summary}");
    Ok(())
}

fn cpu_ms() -> Result<f64> {
    let text = fs::read_to_string("/proc/self/schedstat")?;
    let nanoseconds: f64 = text.split_whitespace().next().context("an empty schedstat")?.parse()?;
    Ok(nanoseconds / 1e6)
}

/// The most memory that the process ever had.
fn peak_kb() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
