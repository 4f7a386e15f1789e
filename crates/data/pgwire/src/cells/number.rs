//! Numbers in PostgreSQL's formats.

use std::fmt::Write as _;

/// A float as PostgreSQL 12 and later write it: the fewest digits that give it back.
pub(super) fn float_text(value: f64, shortest: &str, scientific: &str, out: &mut String) {
    if value.is_nan() {
        return out.push_str("NaN");
    }
    if value.is_infinite() {
        return out.push_str(if value > 0.0 { "Infinity" } else { "-Infinity" });
    }
    match scientific.split_once('e') {
        Some((digits, power)) => {
            let power: i32 = power.parse().unwrap_or(0);
            if (-4..15).contains(&power) {
                out.push_str(shortest);
            } else {
                let sign = if power < 0 { '-' } else { '+' };
                let _ = write!(out, "{digits}e{sign}{:02}", power.abs());
            }
        }
        None => out.push_str(shortest),
    }
}

/// A decimal: the digits of its whole number, and how many of them stand behind the point.
pub(super) struct Decimal {
    negative: bool,
    digits: String,
    scale: usize,
}

impl Decimal {
    /// Of a whole number written in digits, to be divided by ten as often as `scale` says.
    pub(super) fn new(whole: &str, scale: i8) -> Self {
        let (negative, digits) = whole.strip_prefix('-').map_or((false, whole), |digits| (true, digits));
        let mut digits = digits.to_owned();
        if scale < 0 && digits != "0" {
            digits.extend(std::iter::repeat_n('0', usize::from(scale.unsigned_abs())));
        }
        let scale = usize::try_from(scale).unwrap_or(0);
        if digits.len() <= scale {
            digits.insert_str(0, &"0".repeat(scale + 1 - digits.len()));
        }
        Self { negative, digits, scale }
    }

    pub(super) fn text(&self, out: &mut String) {
        if self.negative {
            out.push('-');
        }
        let (whole, part) = self.digits.split_at(self.digits.len() - self.scale);
        out.push_str(whole);
        if !part.is_empty() {
            out.push('.');
            out.push_str(part);
        }
    }

    /// Groups of four digits from the point in both directions, with the weight of the first (`numeric_send`).
    pub(super) fn binary(&self, out: &mut Vec<u8>) {
        let (whole, part) = self.digits.split_at(self.digits.len() - self.scale);
        let padded =
            format!("{}{whole}{part}{}", "0".repeat((4 - whole.len() % 4) % 4), "0".repeat((4 - part.len() % 4) % 4));
        let group = |four: &[u8]| four.iter().fold(0_u16, |n, digit| n * 10 + u16::from(digit - b'0'));
        let groups: Vec<u16> = padded.as_bytes().chunks(4).map(group).collect();
        let whole_groups = whole.len().div_ceil(4);
        let first = groups.iter().position(|g| *g != 0);
        let last = groups.iter().rposition(|g| *g != 0);
        let (kept, weight) = match (first, last) {
            (Some(first), Some(last)) => (&groups[first..=last], whole_groups as i16 - 1 - first as i16),
            _ => (&[][..], 0),
        };
        out.extend_from_slice(&(kept.len() as u16).to_be_bytes());
        out.extend_from_slice(&weight.to_be_bytes());
        out.extend_from_slice(&(if self.negative { 0x4000_u16 } else { 0 }).to_be_bytes());
        out.extend_from_slice(&(self.scale as u16).to_be_bytes());
        kept.iter().for_each(|g| out.extend_from_slice(&g.to_be_bytes()));
    }
}

/// A decimal's text from PostgreSQL's groups of four digits; none if they are no number that there is.
pub(crate) fn decimal_of_binary(bytes: &[u8]) -> Option<String> {
    let (head, groups) = bytes.split_at_checked(8)?;
    let word = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
    let (count, weight, sign, scale) = (usize::from(word(0)), word(2).cast_signed(), word(4), usize::from(word(6)));
    // What has more digits than this fits no type of the lake.
    if groups.len() != count * 2 || !(-80..80).contains(&weight) || count > 80 || scale > 200 || sign & !0x4000 != 0 {
        return None;
    }
    let groups: Vec<u16> = groups.chunks(2).map(|two| u16::from_be_bytes([two[0], two[1]])).collect();
    if groups.iter().any(|g| *g > 9_999) {
        return None;
    }
    let at = |place: i16| usize::try_from(weight - place).ok().and_then(|n| groups.get(n)).copied().unwrap_or(0);
    let mut text = if sign == 0 { String::new() } else { "-".to_owned() };
    let mut whole = String::new();
    for place in (0..=weight.max(0)).rev() {
        let _ = write!(whole, "{:04}", at(place));
    }
    let whole = whole.trim_start_matches('0');
    text.push_str(if whole.is_empty() { "0" } else { whole });
    if scale > 0 {
        let mut part = String::new();
        let mut place = -1;
        while part.len() < scale {
            let _ = write!(part, "{:04}", at(place));
            place -= 1;
        }
        text.push('.');
        text.push_str(&part[..scale]);
    }
    Some(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn text(whole: &str, scale: i8) -> String {
        let mut out = String::new();
        Decimal::new(whole, scale).text(&mut out);
        out
    }

    #[test]
    fn decimals_are_written_whole() {
        for (whole, scale, expected) in
            [("125", 2, "1.25"), ("-5", 3, "-0.005"), ("0", 2, "0.00"), ("12", -3, "12000"), ("7", 0, "7")]
        {
            assert_eq!(text(whole, scale), expected);
        }
        let mut out = Vec::new();
        Decimal::new("123456789", 4).binary(&mut out);
        assert_eq!(out, [0, 3, 0, 1, 0, 0, 0, 4, 0, 1, 9, 41, 26, 133], "1, 2345, 6789");
    }

    #[test]
    fn floats_are_postgres_own() {
        for (value, expected) in [
            (1.0, "1"),
            (0.1, "0.1"),
            (1e15, "1e+15"),
            (123_456_789_012_345.0, "123456789012345"),
            (1e-5, "1e-05"),
            (-0.0, "-0"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            let mut out = String::new();
            float_text(value, &value.to_string(), &format!("{value:e}"), &mut out);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        assert_eq!(decimal_of_binary(&[]), None);
        assert_eq!(decimal_of_binary(&[0, 1, 0x7f, 0xff, 0, 0, 0, 0, 0, 1]), None);
        assert_eq!(decimal_of_binary(&[0, 0, 0, 0, 0xc0, 0, 0, 0]), None, "NaN");
        assert_eq!(decimal_of_binary(&[0, 1, 0, 0, 0, 0, 0, 0, 0xff, 0xff]), None);
    }

    proptest::proptest! {
        #[test]
        fn binary_comes_back(whole: i128, scale in 0_i8..30) {
            let whole = whole.to_string();
            let mut out = Vec::new();
            Decimal::new(&whole, scale).binary(&mut out);
            proptest::prop_assert_eq!(decimal_of_binary(&out).unwrap(), text(&whole, scale));
        }
    }
}
