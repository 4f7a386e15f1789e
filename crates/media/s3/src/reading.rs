//! Who reads an object, and what is told of it to whatever stands in front of the face.
//!
//! Every check of a read holds for a source as well: it takes the same way through `object_ops` and leaves it before
//! the bytes.

use std::sync::Arc;

use doorstep_objects::{AsSource, Bucket, Get, Granted, Object, ReadConditions};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use crate::access::caller;
use crate::operations::Operations;

/// Refuses an archived object that was not restored.
pub(crate) fn readable(face: &Operations, object: &Object) -> S3Result<()> {
    if object.readable(face.objects.now()) {
        return Ok(());
    }
    let message = "The object is archived: restore it first.";
    Err(S3Error::with_message(S3ErrorCode::InvalidObjectState, message))
}

/// Who reads, and what for.
pub(crate) struct Reader {
    who: Option<String>,
    query_signed: bool,
    pub(crate) as_source: bool,
}

impl Reader {
    pub(crate) fn of<T>(request: &S3Request<T>) -> S3Result<Self> {
        let who = caller(request)?.who.map(|who| who.tenant.to_string());
        // Version 4 signs the whole query, by header and in an address alike; version 2 does not.
        let by_header = request.headers.get(http::header::AUTHORIZATION);
        let by_header = by_header.is_some_and(|value| value.as_bytes().starts_with(b"AWS4-"));
        let by_query = request.uri.query().is_some_and(|query| query.contains("X-Amz-Signature="));
        let as_source = request.extensions.get::<AsSource>().is_some();
        Ok(Self { query_signed: who.is_some() && (by_header || by_query), who, as_source })
    }

    /// The answer with the mark on it.
    pub(crate) fn granted<O>(self, mut response: S3Response<O>, bucket: &Arc<Bucket>, object: Object) -> S3Response<O> {
        let Self { who, query_signed, .. } = self;
        response.extensions.insert(Granted { bucket: Arc::clone(bucket), object, who, query_signed });
        response
    }

    /// What is looked for: a source is the whole object, whatever the request says of a range or a condition.
    pub(crate) fn wants(&self, get: Get) -> Get {
        if !self.as_source {
            return get;
        }
        Get { range: None, part: None, conditions: ReadConditions::default(), ..get }
    }
}
