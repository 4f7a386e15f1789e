//! `doorstep bill`: what a tenant used in a month and what it costs, straight from the store.

use std::sync::Arc;

use clap::ArgAction;
use doorstep_clock::{Clock as _, SystemClock};
use doorstep_identity::MAIN_TENANT;
use doorstep_meter::{Bill, BillLine, Ledger, Month, RecordsQuery, Resource, UnknownResource, UsageRecord, ledger};
use serde_json::json;

use super::{
    key::Which,
    output::{self, Output},
};
use crate::api::schema;

const EXAMPLE: &str = "\
Examples:
  doorstep bill                                  this month, line by line
  doorstep bill --month 2026-11 --json           a JSON object for each line, and one for the total
  doorstep bill --records --resource query_cpu   the single records that a line adds up from
  doorstep bill --tenant night-cabs --records --source photos

Amounts are exact; the bill is rounded once, at its end. A running Doorstep brings usage into the bill within a second
or two. Prices and caps are set through the API: PUT /v1/price-book and /v1/caps.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// The month, UTC; the present one without it
    #[arg(long, value_name = "YYYY-MM", value_parser = month)]
    month: Option<Month>,
    /// Whose bill
    #[arg(long, value_name = "ID", default_value = MAIN_TENANT)]
    tenant: String,
    /// Show single records, newest first, instead of lines
    #[arg(long, action = ArgAction::SetTrue)]
    records: bool,
    /// Records of this resource only
    #[arg(long, requires = "records", value_parser = resource)]
    resource: Option<Resource>,
    /// Records about this only, such as a bucket
    #[arg(long, requires = "records")]
    source: Option<String>,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    output: Output,
}

/// Records read at once.
const PAGE: usize = 1000;

fn month(text: &str) -> Result<Month, String> {
    text.parse().map_err(|error: doorstep_meter::NotAMonth| error.to_string())
}

fn resource(text: &str) -> Result<Resource, String> {
    text.parse().map_err(|error: UnknownResource| format!("{error}; choose among {}", UnknownResource::known()))
}

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(show(args))
}

async fn show(args: Args) -> anyhow::Result<()> {
    let ledger = Ledger::new(args.which.store()?, Arc::new(SystemClock));
    let month = args.month.unwrap_or_else(|| Month::of(SystemClock.now()));
    if args.records {
        return records(&ledger, month, args).await;
    }
    let bill = ledger.bill(&args.tenant, month).await?;
    if !args.output.json {
        return output::line(&table(&bill));
    }
    let told = schema::Bill::of(&bill, &[]);
    for line in &told.lines {
        output::line(&serde_json::to_string(line)?)?;
    }
    let total = json!({
        "tenant": told.tenant, "month": told.month, "final": told.r#final, "total": told.total,
        "currency": told.currency, "due": told.due,
    });
    output::line(&total.to_string())
}

async fn records(ledger: &Ledger, month: Month, args: Args) -> anyhow::Result<()> {
    let mut query = RecordsQuery { resource: args.resource, source: args.source, after: None, limit: PAGE };
    loop {
        let page = ledger.records(&args.tenant, month, &query).await?;
        for record in &page {
            let text = if args.output.json {
                serde_json::to_string(&schema::UsageRecord::of(record))?
            } else {
                record_line(record)
            };
            output::line(&text)?;
        }
        match page.last() {
            Some(last) if page.len() == PAGE => query.after = Some(ledger::cursor(last)),
            _ => return Ok(()),
        }
    }
}

/// The bill as people read it.
fn table(bill: &Bill) -> String {
    let state = if bill.is_final { "final" } else { "open" };
    let mut text = format!("{}  {}  ({state})\n\n", bill.tenant, bill.month);
    if bill.lines.is_empty() {
        text.push_str("nothing was used\n\n");
    } else {
        text.push_str(&row(["service", "resource", "speed", "quantity", "", "records", "amount"]));
    }
    for line in &bill.lines {
        let BillLine { resource, speed, records, amount, .. } = line;
        let ((units, unit), records) = (told(*resource, line.quantity), records.to_string());
        text.push_str(&row([
            resource.service().as_str(),
            resource.as_str(),
            speed,
            &units,
            &unit,
            &records,
            &amount.decimal(),
        ]));
    }
    text.push_str(&format!("total {}, to pay {}", bill.total, bill.due));
    text
}

fn row([service, resource, speed, units, unit, records, amount]: [&str; 7]) -> String {
    let line = format!("{service:<8} {resource:<15} {speed:<9} {units:>14} {unit:<12} {records:>8} {amount:>14}");
    format!("{}\n", line.trim_end())
}

fn record_line(record: &UsageRecord) -> String {
    let UsageRecord { id, resource, at, source, outcome, quantity, amount, .. } = record;
    let (units, unit) = told(*resource, *quantity);
    let amount = amount.to_string();
    let about = if source == id { String::new() } else { format!("  {source}") };
    let outcome = if outcome.is_charged() { "" } else { "  failed, free" };
    format!("{at}  {resource:<15} {units:>12} {unit:<12} {amount:>18}  {id}{about}{outcome}")
}

/// A quantity and its unit for people: requests by number, everything else in what a price is for.
fn told(resource: Resource, quantity: i64) -> (String, String) {
    if resource.is_count() {
        let several = if quantity == 1 { "" } else { "s" };
        return (quantity.to_string(), format!("{}{several}", resource.base()));
    }
    (shortened(&resource.in_units(quantity)), resource.unit().to_owned())
}

/// Six digits behind the point are enough for people; what is smaller shows as such.
fn shortened(decimal: &str) -> String {
    let Some((whole, part)) = decimal.split_once('.') else { return decimal.to_owned() };
    let cut = part.get(..6).unwrap_or(part).trim_end_matches('0');
    match (whole, cut) {
        ("0", "") => "<0.000001".to_owned(),
        (whole, "") => whole.to_owned(),
        (whole, cut) => format!("{whole}.{cut}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_short() {
        for (text, wanted) in [
            ("12", "12"),
            ("0.25", "0.25"),
            ("3.123456789", "3.123456"),
            ("0.000000004", "<0.000001"),
            ("7.0000001", "7"),
        ] {
            assert_eq!(shortened(text), wanted);
        }
    }
}
