//! Solves many instances and prints one line each: `sweep FORMAT SECONDS BKS.csv FILES…`.
//!
//! The best known values come from a table whose first column is the instance; for `darp` the column
//! `best_cost`, otherwise `bks_vehicles` and the column after it. Every plan goes through the checker.
//! The environment has SEED, THREADS, VERBOSE=1 and PLANS, a directory into which plans are written as JSON.
#![allow(clippy::print_stdout, reason = "an example prints what it measures")]

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use doorstep_pooling::check;
use doorstep_pooling::formats::{self, Companions, Format};
use doorstep_pooling::search::{Settings, solve};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [format, seconds, table, files @ ..] = args.as_slice() else {
        return Err("wanted: sweep li-lim|darp|sartori|hga SECONDS BKS.csv FILES…".into());
    };
    let format = match format.as_str() {
        "li-lim" => Format::LiLim,
        "darp" => Format::Darp,
        "sartori" => Format::Sartori,
        "hga" => Format::Hga,
        other => return Err(format!("no format {other}").into()),
    };
    let time = Duration::try_from_secs_f64(seconds.parse()?)?;
    let setting = |name: &str, or: u64| std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(or);
    let known = best_known(Path::new(table))?;
    let (mut gaps, mut vehicles, mut more) = (Vec::new(), [0_usize; 4], 0_i64);
    for file in files {
        let path = Path::new(file);
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let name = name.trim_end_matches(".gz").trim_end_matches(".txt");
        let instance = formats::read(format, path, &Companions::default())?;
        let settings = Settings {
            time: Some(time),
            iterations: u64::MAX,
            seed: setting("SEED", 1),
            threads: setting("THREADS", 1) as usize,
        };
        let started = doorstep_clock::monotonic();
        let cpu_before = cpu_s();
        let verbose = setting("VERBOSE", 0) > 0;
        let solution = solve(&instance, &settings, |news| {
            if verbose {
                println!("   {news:?} {:.2}", started.elapsed().as_secs_f64());
            }
        });
        let wall = started.elapsed().as_secs_f64();
        if let Some(directory) = std::env::var_os("PLANS") {
            let plan = Path::new(&directory).join(format!("{name}.json"));
            std::fs::write(plan, serde_json::to_vec(&solution)?)?;
        }
        let cpu = cpu_s() - cpu_before;
        let report = check::judge(&instance, &solution.plan);
        let (best_vehicles, best_cost) = known.get(name).copied().unwrap_or((0, f64::NAN));
        let over = solution.vehicles as i64 - best_vehicles;
        let gap = 100.0 * (report.cost / best_cost - 1.0);
        if best_vehicles == 0 || over == 0 {
            gaps.push(gap);
        }
        vehicles[over.clamp(0, 3) as usize] += 1;
        more += over;
        println!(
            "{name:<12} {:>4} of {best_vehicles:>4} {:>12.2} of {best_cost:>12.2} {gap:>7.2}% {:>9} it {wall:>7.2} s {cpu:>6.2} cpu ok={} {}",
            solution.vehicles,
            report.cost,
            solution.iterations,
            report.ok,
            report.problems.join("; ")
        );
    }
    let mean = gaps.iter().sum::<f64>() / gaps.len().max(1) as f64;
    let worst = gaps.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    println!(
        "vehicles as best known {} / +1 {} / +2 {} / more {} (sum {more:+}); where equal ({}): cost {mean:+.2}% on average, {worst:+.2}% at worst",
        vehicles[0],
        vehicles[1],
        vehicles[2],
        vehicles[3],
        gaps.len()
    );
    Ok(())
}

/// Processor time of this process, in seconds; zero where the system does not tell.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after.split_whitespace().skip(11).take(2).filter_map(|f| f.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

fn best_known(path: &Path) -> Result<HashMap<String, (i64, f64)>, Failure> {
    let Ok(text) = formats::text(path) else { return Ok(HashMap::new()) };
    let mut lines = text.lines();
    let head: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let column = |name: &str| head.iter().position(|h| *h == name);
    let mut known = HashMap::new();
    for line in lines {
        let fields: Vec<&str> = line.split(',').collect();
        let entry = match (column("best_cost"), column("bks_vehicles")) {
            (Some(cost), _) => (0, fields[cost].parse().ok()),
            (None, Some(vehicles)) => (fields[vehicles].parse().unwrap_or(0), fields[vehicles + 1].parse().ok()),
            _ => continue,
        };
        let entry = (entry.0, entry.1.unwrap_or(f64::NAN));
        known.insert(fields[0].to_owned(), entry);
    }
    Ok(known)
}
