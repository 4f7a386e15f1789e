//! Time spans on the command line.

use std::time::Duration;

/// `500ms`, `30s`, `5m`, `1h`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wanted = || format!("`{text}` is no time span: write a number and ms, s, m or h, like 30s");
    let at = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wanted)?;
    let (number, unit) = text.split_at(at);
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(wanted()),
    };
    let number: f64 = number.trim().parse().map_err(|_| wanted())?;
    Duration::try_from_secs_f64(number * seconds).ok().filter(|d| d.as_secs() <= 31 * 86_400).ok_or_else(wanted)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn time_spans_have_units() {
        assert_eq!(duration("30s").unwrap(), Duration::from_secs(30));
        assert_eq!(duration("1.5m").unwrap(), Duration::from_secs(90));
        assert_eq!(duration("250ms").unwrap(), Duration::from_millis(250));
        for bad in ["30", "s", "-1s", "NaNs", "1e99h", "3 weeks", ""] {
            assert!(duration(bad).is_err(), "{bad}");
        }
    }
}
