//! Numbers written into texts: `format_number`, `printf`.

use std::fmt::Write as _;
use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use super::kernel::{Body, Kernel, Row, Want, made};
use super::text::MOST;

const KERNELS: &[Kernel] = &[
    Kernel {
        name: "hive_format_number",
        wants: &[Want::Double, Want::Int],
        count: (2, 2),
        strict: true,
        body: Body::Text(format_number),
    },
    Kernel { name: "hive_printf", wants: &[Want::Text], count: (1, 100), strict: false, body: Body::Text(printf) },
];

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    made(KERNELS)
}

/// `1,234,567.89`.
fn format_number(row: &Row<'_>) -> Option<String> {
    let (value, digits) = (row.double(0)?, usize::try_from(row.int(1)?).ok().filter(|d| *d <= 50)?);
    let text = format!("{:.digits$}", value.abs());
    let (whole, part) = text.split_once('.').map_or((text.as_str(), None), |(w, p)| (w, Some(p)));
    let mut out = String::new();
    if value < 0.0 && text.bytes().any(|b| (b'1'..=b'9').contains(&b)) {
        out.push('-');
    }
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(part) = part {
        let _ = write!(out, ".{part}");
    }
    Some(out)
}

/// The conversions d, s, f, e, x, X, o, c, b and %, with flags, width and precision.
fn printf(row: &Row<'_>) -> Option<String> {
    let format = row.text(0)?;
    let mut out = String::new();
    let mut next = 1;
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut flags = String::new();
        while let Some(flag) = chars.next_if(|c| "-+ 0,#".contains(*c)) {
            flags.push(flag);
        }
        let mut number = |first: bool| -> Option<usize> {
            if !first {
                chars.next_if_eq(&'.')?;
            }
            let mut digits = String::new();
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            digits.parse().ok()
        };
        let (width, precision) = (number(true).unwrap_or(0), number(false));
        if width > 10_000 || precision.is_some_and(|p| p > 1_000) {
            return None;
        }
        let conversion = chars.next()?;
        if conversion == '%' {
            out.push('%');
            continue;
        }
        if conversion == 'n' {
            out.push('\n');
            continue;
        }
        let value = row.text(next).unwrap_or("null");
        next += 1;
        let body = convert(conversion, value, precision, &flags)?;
        let missing = width.saturating_sub(body.chars().count());
        if flags.contains('-') {
            out.push_str(&body);
            out.extend(std::iter::repeat_n(' ', missing));
        } else if flags.contains('0') && !matches!(conversion, 's' | 'c' | 'b') {
            let (sign, digits) = body.split_at(usize::from(body.starts_with(['-', '+'])));
            out.push_str(sign);
            out.extend(std::iter::repeat_n('0', missing));
            out.push_str(digits);
        } else {
            out.extend(std::iter::repeat_n(' ', missing));
            out.push_str(&body);
        }
        if i64::try_from(out.len()).ok()? > MOST {
            return None;
        }
    }
    Some(out)
}

fn convert(conversion: char, value: &str, precision: Option<usize>, flags: &str) -> Option<String> {
    let plus = |text: String| if flags.contains('+') && !text.starts_with('-') { format!("+{text}") } else { text };
    if value == "null" {
        return Some(value.to_owned());
    }
    Some(match conversion {
        'd' => plus(value.parse::<i64>().ok()?.to_string()),
        'f' => plus(format!("{:.*}", precision.unwrap_or(6), value.parse::<f64>().ok()?)),
        'e' => {
            let text = format!("{:.*e}", precision.unwrap_or(6), value.parse::<f64>().ok()?);
            let (digits, exponent) = text.split_once('e')?;
            let exponent: i32 = exponent.parse().ok()?;
            plus(format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs()))
        }
        'x' => format!("{:x}", value.parse::<i64>().ok()?),
        'X' => format!("{:X}", value.parse::<i64>().ok()?),
        'o' => format!("{:o}", value.parse::<i64>().ok()?),
        'c' => value.chars().take(1).collect(),
        's' | 'b' => value.chars().take(precision.unwrap_or(usize::MAX)).collect(),
        'S' => value.to_uppercase(),
        _ => return None,
    })
}
