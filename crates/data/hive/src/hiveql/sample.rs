//! TABLESAMPLE: a share of the rows, or the first few.

use datafusion::sql::sqlparser::ast::{Ident, TableAlias, TableFactor, TableSampleKind, TableSampleUnit};

use super::parse;
use crate::HiveError;

/// Puts a query that takes the sample in the table's place.
pub(super) fn replace(factor: &mut TableFactor) -> Result<(), HiveError> {
    let TableFactor::Table { name, alias, sample, .. } = factor else { return Ok(()) };
    let Some(TableSampleKind::BeforeTableAlias(how) | TableSampleKind::AfterTableAlias(how)) = sample.take() else {
        return Ok(());
    };
    let refused = || {
        HiveError::unsupported(
            "TABLESAMPLE by buckets or bytes",
            "write TABLESAMPLE (10 PERCENT) or TABLESAMPLE (100 ROWS)",
        )
    };
    let Some(quantity) = how.quantity.filter(|_| how.bucket.is_none()) else { return Err(refused()) };
    let amount = quantity.value.to_string().parse::<f64>().map_err(|_| refused())?;
    let wanted = match quantity.unit {
        Some(TableSampleUnit::Percent) if (0.0..=100.0).contains(&amount) => {
            format!("select * from {name} where rand() < {}", amount / 100.0)
        }
        Some(TableSampleUnit::Rows) if amount >= 0.0 && amount.fract() == 0.0 => {
            format!("select * from {name} limit {amount}")
        }
        _ => return Err(refused()),
    };
    let subquery = parse::read_query(&wanted)?;
    let own = name.0.last().and_then(|part| part.as_ident()).map_or_else(|| "t".to_owned(), |i| i.value.clone());
    let alias = alias.take().unwrap_or_else(|| TableAlias {
        explicit: true,
        name: Ident::new(own),
        columns: Vec::new(),
        at: None,
    });
    *factor = TableFactor::Derived { lateral: false, subquery, alias: Some(alias), sample: None };
    Ok(())
}
