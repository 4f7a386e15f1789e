//! What a query is likely to use, from what queries used: for `EXPLAIN COST`. Pure; learns a little from each query.

use super::query::Statistics;

/// How much of what is known one more query changes.
const WEIGHT: f64 = 0.05;
/// Queries that read less than this tell nothing of the price of reading, bytes.
const TELLING: u64 = 64 << 10;

/// What queries used lately.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rates {
    /// Of the bytes in a query's files, those that it read.
    read: f64,
    /// CPU for each byte read, nanoseconds.
    cpu_ns: f64,
    /// CPU of a query that reads nothing, milliseconds.
    cpu_ms: f64,
    /// Memory over time for each byte read, MiB × milliseconds.
    mib_ms: f64,
}

impl Default for Rates {
    /// Of plain scans and joins on one core of the day; soon corrected by what is seen.
    fn default() -> Self {
        Self { read: 0.5, cpu_ns: 8.0, cpu_ms: 3.0, mib_ms: 1e-4 }
    }
}

/// What a query is likely to use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Guess {
    /// Bytes read.
    pub(super) scan_bytes: u64,
    /// CPU, milliseconds.
    pub(super) cpu_ms: u64,
    /// MiB × milliseconds.
    pub(super) memory_mib_ms: u64,
}

impl Rates {
    /// Learns of a query that was done.
    pub(super) fn learn(&mut self, seen: &Statistics) {
        let toward = |known: &mut f64, seen: f64| *known += WEIGHT * (seen - *known);
        let bytes = seen.bytes_scanned;
        if bytes < TELLING {
            toward(&mut self.cpu_ms, seen.cpu_ms as f64);
            return;
        }
        let own = (seen.cpu_ms as f64 - self.cpu_ms).max(0.0);
        toward(&mut self.cpu_ns, own * 1e6 / bytes as f64);
        toward(&mut self.mib_ms, seen.memory_mib_ms as f64 / bytes as f64);
        if seen.bytes_planned > 0 {
            toward(&mut self.read, (bytes as f64 / seen.bytes_planned as f64).min(1.0));
        }
    }

    /// Of a query whose files have so many bytes.
    pub(super) fn guess(&self, bytes_planned: u64) -> Guess {
        let bytes = bytes_planned as f64 * self.read;
        Guess {
            scan_bytes: bytes as u64,
            cpu_ms: (self.cpu_ms + bytes * self.cpu_ns / 1e6).ceil() as u64,
            memory_mib_ms: (bytes * self.mib_ms).ceil() as u64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_come_to_what_is_seen() {
        let mut rates = Rates::default();
        let seen = Statistics {
            bytes_planned: 1 << 30,
            bytes_scanned: 1 << 28,
            cpu_ms: 1_500,
            memory_mib_ms: 40_000,
            ..Statistics::default()
        };
        for _ in 0..300 {
            rates.learn(&seen);
        }
        let guess = rates.guess(1 << 30);
        assert!((1_490..1_510).contains(&guess.cpu_ms), "{guess:?}");
        assert!((39_000..41_000).contains(&guess.memory_mib_ms), "{guess:?}");
        assert!(guess.scan_bytes.abs_diff(1 << 28) < 1 << 20, "{guess:?}");
        assert!(rates.guess(0).cpu_ms <= 4);
    }
}
