//! Restoring archived objects.

use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use crate::access::bucket;
use crate::answer::Status;
use crate::error::{argument, s3};
use crate::operations::Operations;

pub(crate) async fn restore_object(
    face: &Operations,
    request: S3Request<RestoreObjectInput>,
) -> S3Result<S3Response<RestoreObjectOutput>> {
    let bucket = bucket(&request)?;
    let input = request.input;
    let wanted = input.restore_request.unwrap_or_default();
    if wanted.type_.is_some() || wanted.select_parameters.is_some() || wanted.output_location.is_some() {
        let message = "Objects are restored, not queried: write Days.";
        return Err(S3Error::with_message(S3ErrorCode::NotImplemented, message));
    }
    let days = wanted.days.and_then(|days| u32::try_from(days).ok());
    let days = days.ok_or_else(|| argument("Days is the number of days that the object can be read"))?;
    let restored = face.objects.restore(&bucket, &input.key, input.version_id.as_deref(), days).await.map_err(s3)?;
    let mut response = S3Response::new(RestoreObjectOutput::default());
    if !restored.again {
        response.extensions.insert(Status(http::StatusCode::ACCEPTED));
    }
    Ok(response)
}
