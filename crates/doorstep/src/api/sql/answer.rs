//! Rows on their way to the caller.

use axum::{
    body::Body,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use doorstep_lake::{
    LakeError, Running,
    encode::{Encoder, Form},
    replies,
};
use futures::{StreamExt as _, stream};

/// The query's id, in the head of every answer with rows.
pub(crate) const QUERY_HEADER: &str = "doorstep-query";

/// The form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// One JSON object.
    Json,
    /// Rows as they come.
    Stream(Form),
}

impl Shape {
    /// From a media type.
    pub(super) fn of(kind: &str) -> Option<Self> {
        match kind {
            "application/json" | "application/*" | "*/*" => Some(Self::Json),
            "application/x-ndjson" | "application/jsonl" => Some(Self::Stream(Form::JsonLines)),
            "text/csv" | "text/*" => Some(Self::Stream(Form::Csv)),
            "application/vnd.apache.arrow.stream" => Some(Self::Stream(Form::Arrow)),
            _ => None,
        }
    }
}

fn media(form: Form) -> &'static str {
    match form {
        Form::JsonItems => "application/json",
        Form::JsonLines => "application/x-ndjson",
        Form::Csv => "text/csv; charset=utf-8",
        Form::Arrow => "application/vnd.apache.arrow.stream",
    }
}

/// All rows up to `max_rows` in one object.
pub(super) async fn json(running: Running, max_rows: usize) -> Result<Response, LakeError> {
    let id = running.query.id().to_owned();
    let text = replies::object(running, max_rows).await?;
    Ok(headed(Body::from(text), "application/json", &id))
}

fn headed(body: Body, media: &'static str, query: &str) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(query) {
        headers.insert(QUERY_HEADER, id);
    }
    response
}

/// Rows as they come.
pub(super) fn stream(running: Running, form: Form, statistics: bool) -> Response {
    let id = running.query.id().to_owned();
    // Fused: compression asks once more behind the end.
    headed(Body::from_stream(replies::stream(running, form, statistics).fuse()), media(form), &id)
}

/// Rows that lie ready, in the caller's form.
pub(super) fn ready(
    rows: impl Iterator<Item = Result<doorstep_lake::Batch, LakeError>> + Send + 'static,
    schema: doorstep_lake::Columns,
    form: Form,
    query: &str,
) -> Response {
    let encoder = Encoder::new(form, schema);
    let body = stream::unfold(Some((rows, encoder)), move |state| async move {
        let (mut rows, mut encoder) = state?;
        // A batch comes from disk; the reader is quick, but not a matter of the runtime's threads.
        let next = tokio::task::spawn_blocking(move || {
            let bytes = match rows.next() {
                Some(Ok(batch)) => Some(encoder.rows(&batch)),
                Some(Err(error)) => Some(Err(error)),
                None => None,
            };
            (bytes, rows, encoder)
        });
        match next.await {
            Ok((Some(bytes), rows, encoder)) => Some((bytes, Some((rows, encoder)))),
            Ok((None, _, mut encoder)) => Some((encoder.finish(), None)),
            Err(failed) => Some((Err(LakeError::Execution(failed.to_string())), None)),
        }
    });
    headed(Body::from_stream(body.fuse()), media(form), query)
}
