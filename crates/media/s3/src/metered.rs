//! What requests are charged as, and to whom: the bucket's owner, for what the gate has let through.

use std::sync::{Arc, OnceLock};

use doorstep_meter::{Resource, SharedMetering};
use doorstep_objects::Served;
use http::Response;

use crate::form::POST_OBJECT;

/// What is not about any bucket is told under this word.
const NO_BUCKET: &str = "buckets";

/// What is asked of which bucket, and who pays for it. The face lays an empty one into a request, the gate fills it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Payer(Arc<Told>);

#[derive(Debug, Default)]
struct Told {
    asked: OnceLock<Served>,
    payment: OnceLock<Payment>,
}

#[derive(Debug)]
struct Payment {
    tenant: String,
    source: String,
    requests: Option<Resource>,
}

impl Payer {
    /// Takes down what is asked, whether or not it is let through. A request passes the gate once.
    pub(crate) fn asks(&self, served: Served) {
        let _ = self.0.asked.set(served);
    }

    /// `tenant` pays for this operation on `bucket`.
    pub(crate) fn pays(&self, tenant: &str, bucket: Option<&str>, operation: &str) {
        let payment = Payment {
            tenant: tenant.to_owned(),
            source: bucket.unwrap_or(NO_BUCKET).to_owned(),
            requests: class(operation),
        };
        let _ = self.0.payment.set(payment);
    }

    /// Counts the request by its answer, and marks the answer. A fault of ours is free.
    pub(crate) fn charge(&self, meter: &SharedMetering, mut response: Response<s3s::Body>) -> Response<s3s::Body> {
        let payment = self.0.payment.get();
        if let Some(asked) = self.0.asked.get() {
            response.extensions_mut().insert(Served { let_in: payment.is_some(), ..asked.clone() });
        }
        if let Some(Payment { tenant, source, requests: Some(class) }) = payment
            && !response.status().is_server_error()
        {
            meter.count(tenant, source, *class, 1);
        }
        response
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
        | POST_OBJECT
        | "RestoreObject" => Some(Resource::RequestsWrite),
        listed if listed.starts_with("List") => Some(Resource::RequestsWrite),
        written if written.starts_with("Put") || written.starts_with("Upload") => Some(Resource::RequestsWrite),
        _ => Some(Resource::RequestsRead),
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
            (POST_OBJECT, Some(Resource::RequestsWrite)),
            ("UploadPartCopy", Some(Resource::RequestsWrite)),
            ("ListObjectsV2", Some(Resource::RequestsWrite)),
            ("GetBucketPolicy", Some(Resource::RequestsRead)),
            ("DeleteObjects", None),
        ] {
            assert_eq!(class(operation), wanted, "{operation}");
        }
    }
}
