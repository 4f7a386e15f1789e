//! CPU time of this thread, of a process, and of a process with its children, from `/proc`.

use std::fs;

use anyhow::{Context, Result};

/// Linux reports process times in hundredths of a second on every platform we build for.
const TICKS_PER_SECOND: f64 = 100.0;

/// Seconds of CPU the calling thread has used, to the nanosecond.
///
/// # Errors
/// Where `/proc` has no scheduler statistics.
pub fn thread_seconds() -> Result<f64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").context("reading /proc/thread-self/schedstat")?;
    let nanos: u64 = text.split_whitespace().next().context("an empty schedstat")?.parse()?;
    Ok(nanos as f64 / 1e9)
}

/// One process as `/proc/<pid>/stat` shows it.
struct Stat {
    parent: u32,
    own: f64,
    reaped_children: f64,
}

fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold blanks; what follows the last bracket does not.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |i: usize| fields.get(i).and_then(|f| f.parse::<f64>().ok());
    Some(Stat {
        parent: fields.get(1)?.parse().ok()?,
        own: (ticks(11)? + ticks(12)?) / TICKS_PER_SECOND,
        reaped_children: (ticks(13)? + ticks(14)?) / TICKS_PER_SECOND,
    })
}

/// Seconds of CPU (user and system) a process has used, to the hundredth.
///
/// # Errors
/// Where there is no such process.
pub fn process_seconds(pid: u32) -> Result<f64> {
    Ok(stat(pid).with_context(|| format!("process {pid} is gone"))?.own)
}

/// Seconds of CPU a process, its children and its former children have used.
///
/// # Errors
/// Where there is no such process.
pub fn family_seconds(pid: u32) -> Result<f64> {
    let root = stat(pid).with_context(|| format!("process {pid} is gone"))?;
    let children = fs::read_dir("/proc")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(stat)
        .filter(|child| child.parent == pid)
        .map(|child| child.own + child.reaped_children);
    Ok(root.own + root.reaped_children + children.sum::<f64>())
}

/// Resident megabytes of a process.
///
/// # Errors
/// Where there is no such process.
pub fn resident_mb(pid: u32) -> Result<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).with_context(|| format!("process {pid} is gone"))?;
    let line = text.lines().find(|line| line.starts_with("VmRSS")).context("no VmRSS line")?;
    let kib: f64 = line.split_whitespace().nth(1).context("an empty VmRSS line")?.parse()?;
    Ok(kib * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_used_some_time_and_memory() {
        let pid = std::process::id();
        assert!(thread_seconds().expect("on Linux") >= 0.0);
        // In this order: the clock goes on between the two looks.
        let own = process_seconds(pid).expect("alive");
        assert!(family_seconds(pid).expect("alive") >= own);
        assert!(resident_mb(pid).expect("alive") > 0.1);
        assert!(process_seconds(u32::MAX).is_err());
    }
}
