//! Hiding letters and digits: upper case becomes X, lower case x, digits n.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

use super::kernel::{Body, Kernel, Row, Want, made};

const KERNELS: &[Kernel] = &[
    Kernel { name: "hive_mask", wants: &[Want::Text], count: (1, 4), strict: true, body: Body::Text(mask) },
    Kernel {
        name: "hive_mask_first_n",
        wants: &[Want::Text, Want::Int],
        count: (1, 2),
        strict: true,
        body: Body::Text(|r| part(r, |at, n, _| at < n)),
    },
    Kernel {
        name: "hive_mask_last_n",
        wants: &[Want::Text, Want::Int],
        count: (1, 2),
        strict: true,
        body: Body::Text(|r| part(r, |at, n, all| at + n >= all)),
    },
    Kernel {
        name: "hive_mask_show_first_n",
        wants: &[Want::Text, Want::Int],
        count: (1, 2),
        strict: true,
        body: Body::Text(|r| part(r, |at, n, _| at >= n)),
    },
    Kernel {
        name: "hive_mask_show_last_n",
        wants: &[Want::Text, Want::Int],
        count: (1, 2),
        strict: true,
        body: Body::Text(|r| part(r, |at, n, all| at + n < all)),
    },
];

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    made(KERNELS)
}

fn hidden(c: char, with: [char; 3]) -> char {
    match c {
        c if c.is_uppercase() => with[0],
        c if c.is_lowercase() => with[1],
        c if c.is_ascii_digit() => with[2],
        other => other,
    }
}

fn mask(row: &Row<'_>) -> Option<String> {
    let with = |n: usize, usual: char| row.text(n).and_then(|t| t.chars().next()).unwrap_or(usual);
    let with = [with(1, 'X'), with(2, 'x'), with(3, 'n')];
    Some(row.text(0)?.chars().map(|c| hidden(c, with)).collect())
}

/// Hides where `hides` says so, by the place, the number given (4 without one) and the length.
fn part(row: &Row<'_>, hides: fn(usize, usize, usize) -> bool) -> Option<String> {
    let text = row.text(0)?;
    let n = if row.count() == 2 { usize::try_from(row.int(1)?.max(0)).ok()? } else { 4 };
    let all = text.chars().count();
    Some(
        text.chars()
            .enumerate()
            .map(|(at, c)| if hides(at, n, all) { hidden(c, ['X', 'x', 'n']) } else { c })
            .collect(),
    )
}
