//! Hive's functions, under names that begin with `hive_` so that plain SQL keeps its own meaning.
//!
//! Where the library of Spark's functions has one with Hive's meaning it is taken; the rest is here.

mod calendar;
mod cast;
mod collection;
mod divide;
mod json;
mod kernel;
mod mask;
mod number;
mod pattern;
mod renamed;
mod round;
mod text;
mod texts;
mod time;
mod word;

use std::sync::Arc;

use datafusion::logical_expr::{AggregateUDF, ScalarUDF};

pub(crate) use cast::hive_cast;
pub(crate) use texts::to_text;

/// The functions that the engine must know so that HiveQL runs.
#[must_use]
pub(crate) fn scalars() -> Vec<Arc<ScalarUDF>> {
    let mut all = cast::functions();
    all.extend(divide::functions());
    all.extend(text::functions());
    all.extend(word::functions());
    all.extend(mask::functions());
    all.extend(pattern::functions());
    all.extend(json::functions());
    all.extend(number::functions());
    all.extend(time::functions());
    all.extend(collection::functions());
    all.extend(renamed::functions());
    all.extend(round::functions());
    all
}

/// The aggregates likewise.
#[must_use]
pub(crate) fn aggregates() -> Vec<Arc<AggregateUDF>> {
    use datafusion_spark::function::aggregate::{collect_list, collect_set};
    vec![collect_list(), collect_set()]
}
