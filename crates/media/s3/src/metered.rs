//! What requests are charged as, and to whom: the bucket's owner, for what the gate has let through.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use doorstep_meter::{Resource, SharedMetering};
use http::{Response, StatusCode};
use http_body::{Body, Frame, SizeHint};

/// What is not about any bucket is told under this word.
const NO_BUCKET: &str = "buckets";

/// Who pays for a request. The face lays an empty one into it, the gate fills it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Payer(Arc<OnceLock<Payment>>);

#[derive(Debug)]
struct Payment {
    tenant: String,
    source: String,
    requests: Option<Resource>,
}

impl Payer {
    /// `tenant` pays for this operation on `bucket`.
    pub(crate) fn pays(&self, tenant: &str, bucket: Option<&str>, operation: &str) {
        let payment = Payment {
            tenant: tenant.to_owned(),
            source: bucket.unwrap_or(NO_BUCKET).to_owned(),
            requests: class(operation),
        };
        // A request passes the gate once.
        let _ = self.0.set(payment);
    }

    /// Counts the request by its answer, and the answer's bytes as they are sent. A fault of ours is free.
    pub(crate) fn charge(&self, meter: &SharedMetering, response: Response<s3s::Body>) -> Response<s3s::Body> {
        let Some(payment) = self.0.get() else { return response };
        if response.status().is_server_error() {
            return response;
        }
        if let Some(class) = payment.requests {
            meter.count(&payment.tenant, &payment.source, class, 1);
        }
        let sent = response.status().is_success() || response.status() == StatusCode::PARTIAL_CONTENT;
        if !sent || response.body().is_end_stream() {
            return response;
        }
        let (payer, meter) = (self.clone(), Arc::clone(meter));
        response.map(|body| s3s::Body::http_body_unsync(Counted { body, sent: 0, payer, meter }))
    }
}

/// The class of an operation by its name in the model; deleting costs nothing.
fn class(operation: &str) -> Option<Resource> {
    match operation {
        "DeleteObject" | "DeleteObjects" | "AbortMultipartUpload" | "DeleteBucket" => None,
        "CopyObject"
        | "CreateBucket"
        | "CreateMultipartUpload"
        | "CompleteMultipartUpload"
        | "PostObject"
        | "RestoreObject" => Some(Resource::RequestsWrite),
        listed if listed.starts_with("List") => Some(Resource::RequestsWrite),
        written if written.starts_with("Put") || written.starts_with("Upload") => Some(Resource::RequestsWrite),
        _ => Some(Resource::RequestsRead),
    }
}

/// A body whose bytes are counted as they leave; what a client did not fetch costs nothing.
struct Counted {
    body: s3s::Body,
    sent: u64,
    payer: Payer,
    meter: SharedMetering,
}

impl Body for Counted {
    type Data = Bytes;
    type Error = <s3s::Body as Body>::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            self.sent += data.len() as u64;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if let Some(payment) = self.payer.0.get() {
            self.meter.count(&payment.tenant, &payment.source, Resource::Egress, self.sent);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_have_their_class() {
        for (operation, wanted) in [
            ("GetObject", Some(Resource::RequestsRead)),
            ("HeadObject", Some(Resource::RequestsRead)),
            ("PutObject", Some(Resource::RequestsWrite)),
            ("UploadPartCopy", Some(Resource::RequestsWrite)),
            ("ListObjectsV2", Some(Resource::RequestsWrite)),
            ("GetBucketPolicy", Some(Resource::RequestsRead)),
            ("DeleteObjects", None),
        ] {
            assert_eq!(class(operation), wanted, "{operation}");
        }
    }
}
