//! Whole answers as faces send them: one JSON object, or rows as they come.

use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};

use crate::encode::{self, Encoder, Form};
use crate::{LakeError, Running};

/// `{"query":…,"columns":[…],"rows":[{…}],"truncated":…,"statistics":{…}}` with at most `max_rows` rows. What comes
/// after them is not computed.
///
/// # Errors
/// The query's.
///
/// # Panics
/// Never: columns and statistics are plain JSON.
pub async fn object(mut running: Running, max_rows: usize) -> Result<Vec<u8>, LakeError> {
    let mut encoder = Encoder::new(Form::JsonItems, running.schema.clone());
    let columns = serde_json::to_string(&encode::columns(&running.schema)).expect("columns are plain JSON");
    let mut text = format!(r#"{{"query":"{}","columns":{columns},"rows":["#, running.query.id()).into_bytes();
    let (mut rows, mut truncated) = (0, false);
    while let Some(batch) = running.rows.next().await {
        let batch = batch?;
        let left = max_rows - rows;
        truncated = batch.num_rows() > left;
        let batch = if truncated { batch.slice(0, left) } else { batch };
        rows += batch.num_rows();
        text.extend_from_slice(&encoder.rows(&batch)?);
        if truncated {
            break;
        }
    }
    let query = running.query;
    drop(running.rows);
    let statistics = if truncated { query.statistics() } else { query.finished().await };
    let statistics = serde_json::to_string(&statistics).expect("statistics are plain numbers");
    text.extend_from_slice(format!(r#"],"truncated":{truncated},"statistics":{statistics}}}"#).as_bytes());
    Ok(text)
}

/// Rows as they come. With `statistics`, JSON lines end with a line of what the query took. A failure in the middle
/// ends JSON lines with a line `{"error":…}`, the others by breaking off.
pub fn stream(
    running: Running,
    form: Form,
    statistics: bool,
) -> impl Stream<Item = Result<Bytes, LakeError>> + Send + 'static {
    let encoder = Encoder::new(form, running.schema.clone());
    stream::unfold(Some((running, encoder)), move |state| async move {
        let (mut running, mut encoder) = state?;
        match running.rows.next().await {
            Some(Ok(batch)) => {
                let bytes = encoder.rows(&batch);
                Some((bytes, Some((running, encoder))))
            }
            Some(Err(error)) => Some((failure(form, LakeError::from(error)), None)),
            None => {
                let taken = running.query.finished().await;
                let mut last = encoder.finish();
                if let (Ok(bytes), true, Form::JsonLines) = (&last, statistics, form) {
                    let line = encode::statistics_line(running.query.id(), &taken);
                    last = Ok([bytes.clone(), line].concat().into());
                }
                Some((last, None))
            }
        }
    })
}

fn failure(form: Form, error: LakeError) -> Result<Bytes, LakeError> {
    if form != Form::JsonLines {
        return Err(error);
    }
    let line = serde_json::json!({"error": {"code": error.code(), "detail": error.to_string()}});
    Ok(format!("{line}\n").into())
}
