//! Numbers: bases, banker's rounding, signs, powers.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use super::kernel::{Body, Kernel, Row, Want, made};

const KERNELS: &[Kernel] = &[
    Kernel {
        name: "hive_conv",
        wants: &[Want::Text, Want::Int, Want::Int],
        count: (3, 3),
        strict: true,
        body: Body::Text(conv),
    },
    Kernel {
        name: "hive_bround",
        wants: &[Want::Double, Want::Int],
        count: (1, 2),
        strict: true,
        body: Body::Double(bround),
    },
    Kernel {
        name: "hive_sign",
        wants: &[Want::Double],
        count: (1, 1),
        strict: true,
        body: Body::Double(|r| r.double(0).map(|v| if v == 0.0 || v.is_nan() { v } else { v.signum() })),
    },
    Kernel {
        name: "hive_rint",
        wants: &[Want::Double],
        count: (1, 1),
        strict: true,
        body: Body::Double(|r| r.double(0).map(f64::round_ties_even)),
    },
    Kernel {
        name: "hive_pow",
        wants: &[Want::Double, Want::Double],
        count: (2, 2),
        strict: true,
        body: Body::Double(|r| Some(r.double(0)?.powf(r.double(1)?))),
    },
];

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    made(KERNELS)
}

/// As MySQL's and Hive's: unsigned 64 bits, digits up to the first that is none; a negative target base
/// makes the answer signed.
fn conv(row: &Row<'_>) -> Option<String> {
    let (text, from, to) = (row.text(0)?.trim(), row.int(1)?, row.int(2)?);
    if !(2..=36).contains(&from) || !(2..=36).contains(&to.abs()) {
        return None;
    }
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let base = u32::try_from(from).ok()?;
    let mut value: u64 = 0;
    for digit in digits.chars().map_while(|c| c.to_digit(base)) {
        value = value.checked_mul(u64::from(base)).and_then(|v| v.checked_add(u64::from(digit))).unwrap_or(u64::MAX);
    }
    if negative {
        value = value.wrapping_neg();
    }
    let (sign, mut rest) = match i64::try_from(value) {
        _ if to > 0 => ("", value),
        Ok(_) => ("", value),
        Err(_) => ("-", value.wrapping_neg()),
    };
    let base = to.unsigned_abs();
    let mut out = Vec::new();
    loop {
        out.push(char::from_digit(u32::try_from(rest % base).ok()?, u32::try_from(base).ok()?)?.to_ascii_uppercase());
        rest /= base;
        if rest == 0 {
            break;
        }
    }
    Some(sign.chars().chain(out.into_iter().rev()).collect())
}

/// Rounds half to even.
fn bround(row: &Row<'_>) -> Option<f64> {
    let value = row.double(0)?;
    let digits = if row.count() == 2 { row.int(1)?.clamp(-300, 300) } else { 0 };
    let by = 10_f64.powi(i32::try_from(digits).ok()?);
    let scaled = value * by;
    if !scaled.is_finite() {
        return Some(value);
    }
    // What was meant as a half may lie beside it by the last bit.
    let near = (scaled * 2.0).round() / 2.0;
    let half = (scaled - near).abs() < 1e-9 * scaled.abs().max(1.0);
    Some(if half { near.round_ties_even() } else { scaled.round() } / by)
}
