//! Reviews in the store.

use doorstep_clock::Timestamp;
use doorstep_store::{StoreError, Tx, Value, outbox, params};

use super::error::RatingsError;
use super::review::{OrderReview, Side};

/// The journal stream of a city's reviews.
#[must_use]
pub fn stream(city: &str) -> String {
    format!("reviews.{city}")
}

fn decode(body: &str) -> Result<OrderReview, StoreError> {
    serde_json::from_str(body).map_err(|e| StoreError::Decode { key: "review".to_owned(), reason: e.to_string() })
}

fn several(tx: &mut dyn Tx, sql: &str, params: &[Value]) -> Result<Vec<OrderReview>, RatingsError> {
    let rows = tx.query(sql, params)?;
    let mut all = Vec::with_capacity(rows.len());
    for row in &rows {
        all.push(decode(&row.text("body")?)?);
    }
    Ok(all)
}

/// Both sides' reviews of an order, as far as they are written.
pub(super) fn of_order(tx: &mut dyn Tx, tenant: &str, order: &str) -> Result<Vec<OrderReview>, RatingsError> {
    let sql = "SELECT body FROM reviews WHERE order_id = $1 AND tenant = $2 ORDER BY side DESC";
    several(tx, sql, params![order, tenant])
}

pub(super) fn get(tx: &mut dyn Tx, tenant: &str, order: &str, side: Side) -> Result<OrderReview, RatingsError> {
    let sql = "SELECT body FROM reviews WHERE order_id = $1 AND tenant = $2 AND side = $3";
    several(tx, sql, params![order, tenant, side.as_str()])?
        .pop()
        .ok_or_else(|| RatingsError::NotFound { order: order.to_owned(), side })
}

/// Reviews about somebody that everybody may see, from the latest order back; `before` is the last order of
/// the page before.
pub(super) fn about(
    tx: &mut dyn Tx,
    tenant: &str,
    subject: (Side, &str),
    now: Timestamp,
    before: Option<&str>,
    limit: usize,
) -> Result<Vec<OrderReview>, RatingsError> {
    let mut values = params![tenant, subject.0.other().as_str(), subject.1, now].to_vec();
    let mut older = "";
    if let Some(before) = before {
        values.push(before.into());
        older = "AND order_id < $5";
    }
    let sql = format!(
        "SELECT body FROM reviews WHERE tenant = $1 AND side = $2 AND subject = $3 {older}
         AND (both_wrote = 1 OR closes_at <= $4) AND moderation IN ('visible', 'under_appeal')
         ORDER BY order_id DESC LIMIT {limit}"
    );
    several(tx, &sql, &values)
}

/// Writes a review and the event that tells of it.
pub(super) fn put(tx: &mut dyn Tx, tenant: &str, review: &OrderReview, event: &str) -> Result<(), RatingsError> {
    let payload = serde_json::to_value(review).expect("a review has string keys and whole numbers");
    tx.execute(
        "INSERT INTO reviews (order_id, side, tenant, author, subject, stars, moderation, both_wrote, closes_at, version, body)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (order_id, side) DO UPDATE SET stars = $6, moderation = $7, both_wrote = $8, version = $10, body = $11",
        params![
            review.order.as_str(),
            review.side.as_str(),
            tenant,
            review.author.as_str(),
            review.subject.as_str(),
            i64::from(review.words.stars),
            review.moderation.as_str(),
            review.both_at.is_some(),
            review.closes_at,
            review.version,
            payload.to_string(),
        ],
    )?;
    // What is not revealed, and what is private, stays out of a stream that others read.
    let revealed = review.both_at.is_some();
    let told = serde_json::json!({
        "tenant": tenant, "order": review.order, "side": review.side, "author": review.author,
        "subject": review.subject, "stars": revealed.then_some(review.words.stars),
        "moderation": review.moderation, "version": review.version, "both_wrote": revealed,
    });
    outbox::append(tx, &stream(&review.city), event, &review.order, &told, review.changed_at)?;
    Ok(())
}

/// One row of what counts, for the estimate.
pub(super) struct Counted {
    pub(super) order: String,
    pub(super) author: String,
    pub(super) subject: String,
    pub(super) at: i64,
    pub(super) stars: u8,
}

/// Everything that counts about one side's people.
pub(super) fn counted(
    tx: &mut dyn Tx,
    tenant: &str,
    subject: Side,
    now: Timestamp,
) -> Result<Vec<Counted>, RatingsError> {
    let rows = tx.query(
        "SELECT order_id, author, subject, stars, closes_at FROM reviews WHERE tenant = $1 AND side = $2
         AND (both_wrote = 1 OR closes_at <= $3) AND moderation IN ('visible', 'under_appeal')",
        params![tenant, subject.other().as_str(), now],
    )?;
    let mut all = Vec::with_capacity(rows.len());
    for row in &rows {
        all.push(Counted {
            order: row.text("order_id")?,
            author: row.text("author")?,
            subject: row.text("subject")?,
            at: row.int("closes_at")?,
            stars: u8::try_from(row.int("stars")?).unwrap_or(1).clamp(1, 5),
        });
    }
    Ok(all)
}

/// Writes that two will not meet again.
pub(super) fn block(
    tx: &mut dyn Tx,
    tenant: &str,
    pair: (&str, &str),
    by: Side,
    order: &str,
    at: Timestamp,
) -> Result<(), RatingsError> {
    tx.execute(
        "INSERT INTO review_blocks (tenant, rider, driver, side, order_id, at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant, rider, driver, side) DO NOTHING",
        params![tenant, pair.0, pair.1, by.as_str(), order, at],
    )?;
    Ok(())
}

/// Takes a block back; the other side's stays.
pub(super) fn unblock(tx: &mut dyn Tx, tenant: &str, pair: (&str, &str), by: Side) -> Result<bool, RatingsError> {
    let gone = tx.execute(
        "DELETE FROM review_blocks WHERE tenant = $1 AND rider = $2 AND driver = $3 AND side = $4",
        params![tenant, pair.0, pair.1, by.as_str()],
    )?;
    Ok(gone > 0)
}

/// Whom somebody will not meet again, whoever of the two wished it.
pub(super) fn blocked(tx: &mut dyn Tx, tenant: &str, side: Side, who: &str) -> Result<Vec<String>, RatingsError> {
    let sql = match side {
        Side::Rider => {
            "SELECT DISTINCT driver AS other FROM review_blocks WHERE tenant = $1 AND rider = $2 ORDER BY other"
        }
        Side::Driver => {
            "SELECT DISTINCT rider AS other FROM review_blocks WHERE tenant = $1 AND driver = $2 ORDER BY other"
        }
    };
    let rows = tx.query(sql, params![tenant, who])?;
    let mut all = Vec::with_capacity(rows.len());
    for row in &rows {
        all.push(row.text("other")?);
    }
    Ok(all)
}

/// What stands against somebody: status, since when, reasons.
pub(super) fn warning(
    tx: &mut dyn Tx,
    tenant: &str,
    side: Side,
    subject: &str,
) -> Result<Option<(String, Timestamp)>, RatingsError> {
    let sql = "SELECT status, since FROM review_warnings WHERE tenant = $1 AND side = $2 AND subject = $3";
    match tx.query_opt(sql, params![tenant, side.as_str(), subject])? {
        Some(row) => Ok(Some((row.text("status")?, Timestamp::from_millis(row.int("since")?)))),
        None => Ok(None),
    }
}

/// Writes what stands against somebody.
pub(super) fn warn(
    tx: &mut dyn Tx,
    tenant: &str,
    side: Side,
    subject: &str,
    status: &str,
    since: Timestamp,
    reasons: &[String],
) -> Result<(), RatingsError> {
    tx.execute(
        "INSERT INTO review_warnings (tenant, side, subject, status, since, reasons) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant, side, subject) DO UPDATE SET status = $4, since = $5, reasons = $6",
        params![tenant, side.as_str(), subject, status, since, reasons.join("\n")],
    )?;
    Ok(())
}
