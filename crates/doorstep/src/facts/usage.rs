//! Usage records as rows, read from the meter's accounts while somebody asks for them: the same records, with the same
//! amounts, as on the bill.

use doorstep_journal::{
    Record,
    table::{LiveRows, Page, PageFuture},
};
use doorstep_meter::{Ledger, Month, RecordsQuery, UsageRecord, ledger};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// The rows of the table `usage`.
#[derive(Clone)]
pub(crate) struct UsageRows(pub(crate) Ledger);

impl std::fmt::Debug for UsageRows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UsageRows")
    }
}

/// Where a page begins: in which of the tenant's months, behind which record.
#[derive(Debug, Default, Deserialize, Serialize)]
struct Place {
    month: usize,
    after: Option<String>,
}

impl LiveRows for UsageRows {
    fn page<'a>(&'a self, tenant: &'a str, from: Option<String>, limit: usize) -> PageFuture<'a> {
        Box::pin(self.read(tenant, from, limit))
    }
}

impl UsageRows {
    async fn read(&self, tenant: &str, from: Option<String>, limit: usize) -> Page {
        let told = |error: doorstep_meter::MeterError| error.to_string();
        let place: Place =
            from.map_or(Ok(Place::default()), |text| serde_json::from_str(&text)).map_err(|e| e.to_string())?;
        // Oldest first, so that a month that begins meanwhile comes behind all others.
        let mut months: Vec<Month> = self.0.months(tenant).await.map_err(told)?;
        months.sort();
        let Some(month) = months.get(place.month) else { return Ok((Vec::new(), None)) };
        let query = RecordsQuery { resource: None, source: None, after: place.after, limit };
        let records = self.0.records(tenant, *month, &query).await.map_err(told)?;
        let next = match records.last() {
            Some(last) if records.len() == limit => Place { month: place.month, after: Some(ledger::cursor(last)) },
            _ => Place { month: place.month + 1, after: None },
        };
        let rows = records.iter().map(|record| row(tenant, record)).collect();
        Ok((rows, Some(serde_json::to_string(&next).map_err(|e| e.to_string())?)))
    }
}

fn row(tenant: &str, record: &UsageRecord) -> Record {
    let payload = json!({
        "tenant": tenant, "resource": record.resource, "unit": record.resource.base(), "source": record.source,
        "key": record.key, "speed": record.speed, "outcome": record.outcome.as_str(), "quantity": record.quantity,
        "nanos": record.amount.nanos, "currency": record.amount.currency.to_string(),
    });
    let payload = payload.to_string().into_bytes().into();
    Record { seq: 0, kind: String::new(), key: record.id.clone(), at: record.at, payload }
}
