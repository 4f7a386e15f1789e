//! Uploads in parts.

use doorstep_objects::{Algorithm, Complete, CompletedPart as Named, ListUploads, NewUpload, PutPart, body};
use futures::StreamExt as _;
use http::{HeaderName, HeaderValue};
use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use crate::access::{bucket, caller};
use crate::acl_ops::{self, owner};
use crate::convert::{self, limit, set_sum, sums};
use crate::encryption;
use crate::error::{argument, s3};
use crate::object_ops::write_conditions;
use crate::operations::Operations;

const KEY_MD5: HeaderName = HeaderName::from_static("x-amz-server-side-encryption-customer-key-md5");
/// The least that every part but the last has, bytes.
const LEAST_PART: u64 = 5 << 20;

/// The number of a part, 1 to 10,000.
pub(crate) fn number(part: i32) -> S3Result<u32> {
    let number = crate::object_ops::part_number(Some(part))?;
    number.ok_or_else(|| argument("a part has a number"))
}

fn initiator(tenant: &str) -> Initiator {
    Initiator { display_name: Some(tenant.to_owned()), id: Some(tenant.to_owned()) }
}

fn algorithm_word(algorithm: Algorithm) -> ChecksumAlgorithm {
    ChecksumAlgorithm::from_static(algorithm.as_str())
}

fn type_word(full: bool) -> ChecksumType {
    ChecksumType::from_static(if full { ChecksumType::FULL_OBJECT } else { ChecksumType::COMPOSITE })
}

pub(crate) async fn create_multipart_upload(
    face: &Operations,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<S3Response<CreateMultipartUploadOutput>> {
    let (bucket, caller) = (bucket(&request)?, caller(&request)?);
    let input = request.input;
    let encrypt = encryption::asked_of!(input)?;
    let mut meta = convert::meta!(input)?;
    acl_ops::apply(face, &caller, &bucket, &mut meta, &acl_ops::of_upload!(input)).await?;
    convert::asked_lock!(input, &mut meta, bucket.settings.lockable)?;
    let algorithm = input.checksum_algorithm.as_ref().map(convert::algorithm).transpose()?;
    let full = match input.checksum_type.as_ref().map(ChecksumType::as_str) {
        Some(ChecksumType::FULL_OBJECT) => true,
        Some(ChecksumType::COMPOSITE) if algorithm == Some(Algorithm::Crc64nvme) => {
            let message = "The COMPOSITE checksum type cannot be used with the crc64nvme checksum algorithm.";
            return Err(S3Error::with_message(S3ErrorCode::InvalidRequest, message));
        }
        Some(ChecksumType::COMPOSITE) => false,
        Some(_) => return Err(argument("the checksum type is FULL_OBJECT or COMPOSITE")),
        // CRC-64 knows no other kind.
        None => algorithm == Some(Algorithm::Crc64nvme),
    };
    if full && algorithm.is_some_and(|a| !a.combines()) {
        let message = "The FULL_OBJECT checksum type cannot be used with this checksum algorithm.";
        return Err(S3Error::with_message(S3ErrorCode::InvalidRequest, message));
    }
    let new = NewUpload { meta, algorithm, full, encrypt };
    let upload = face.objects.create_upload(&bucket, &input.key, new).await.map_err(s3)?;
    let mut output = CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(upload.id),
        checksum_algorithm: algorithm.map(algorithm_word),
        checksum_type: algorithm.map(|_| type_word(full)),
        ..CreateMultipartUploadOutput::default()
    };
    encryption::tell!(output, upload.plan.meta, input.sse_customer_key_md5);
    Ok(S3Response::new(output))
}

pub(crate) async fn upload_part(
    face: &Operations,
    request: S3Request<UploadPartInput>,
) -> S3Result<S3Response<UploadPartOutput>> {
    let bucket = bucket(&request)?;
    let (headers, trailing) = (request.headers, request.trailing_headers);
    let input = request.input;
    let number = number(input.part_number)?;
    let checksum = convert::expected(&sums!(input), input.checksum_algorithm.as_ref(), &headers, trailing)?;
    let algorithm = checksum.as_ref().map(|(algorithm, _)| *algorithm);
    let put = PutPart {
        length: convert::length(input.content_length)?,
        md5: convert::md5(input.content_md5.as_deref())?,
        checksum,
        key: encryption::customer!(input).key()?,
        content_type: None, // S3's is that of the upload
    };
    let bytes = match input.body {
        Some(bytes) => bytes.boxed(),
        None => body(bytes::Bytes::new()),
    };
    let plan = face.objects.upload(&bucket, &input.key, &input.upload_id).await.map_err(s3)?.plan;
    let part = face.objects.put_part(&bucket, &input.key, &input.upload_id, number, bytes, put).await.map_err(s3)?;
    let mut output = UploadPartOutput {
        server_side_encryption: encryption::word(&plan.meta),
        ssekms_key_id: encryption::name(&plan.meta),
        e_tag: Some(ETag::Strong(part.etag)),
        sse_customer_algorithm: input.sse_customer_algorithm,
        sse_customer_key_md5: input.sse_customer_key_md5,
        ..UploadPartOutput::default()
    };
    if let (Some(algorithm), Some(value)) = (algorithm, part.checksum) {
        set_sum!(output, algorithm, value);
    }
    Ok(S3Response::new(output))
}

pub(crate) async fn complete_multipart_upload(
    face: &Operations,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
    let bucket = bucket(&request)?;
    let input = request.input;
    let one = |part: &CompletedPart| {
        Ok(Named {
            number: number(part.part_number.unwrap_or(0))?,
            etag: part.e_tag.as_ref().map(|tag| tag.value().to_owned()).unwrap_or_default(),
            checksum: sums!(part).sent()?.map(|(_, value)| value),
        })
    };
    let parts = input.multipart_upload.as_ref().and_then(|m| m.parts.as_ref());
    let parts = parts.into_iter().flatten().map(one).collect::<S3Result<Vec<_>>>()?;
    let customer = input.sse_customer_key_md5.clone();
    let complete = Complete {
        parts,
        conditions: write_conditions(input.if_match.as_ref(), input.if_none_match.as_ref()),
        least: LEAST_PART,
        customer: encryption::customer!(input).key()?,
        checksum: whole(&input),
        size: convert::length(input.mpu_object_size)?,
        ..Complete::default()
    };
    let written = face.objects.complete_upload(&bucket, &input.key, &input.upload_id, complete).await.map_err(s3)?;
    let object = written.object;
    let mut output = CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, convert::url_encoded(&input.key))),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(convert::etag(&object)),
        version_id: crate::object_ops::version_id(&object, false),
        ..CompleteMultipartUploadOutput::default()
    };
    output.server_side_encryption = encryption::word(&object.meta);
    output.ssekms_key_id = encryption::name(&object.meta);
    if let Some(checksum) = &object.meta.checksum {
        output.checksum_type = Some(convert::checksum_type(checksum));
        set_sum!(output, checksum.algorithm, checksum.value.clone());
    }
    let mut response = S3Response::new(output);
    if let (Some(md5), Some(doorstep_objects::Sealed::Customer { .. })) = (customer, &object.meta.sealed) {
        // The model of the wire leaves these out.
        response.headers.insert("x-amz-server-side-encryption-customer-algorithm", HeaderValue::from_static("AES256"));
        response.headers.extend(HeaderValue::from_str(&md5).ok().map(|md5| (KEY_MD5, md5)));
    }
    Ok(response)
}

/// The checksum of the whole that the caller announces; a composite one may carry its number of parts.
fn whole(input: &CompleteMultipartUploadInput) -> Option<String> {
    let all = [
        &input.checksum_crc32,
        &input.checksum_crc32c,
        &input.checksum_crc64nvme,
        &input.checksum_sha1,
        &input.checksum_sha256,
    ];
    all.into_iter().find_map(Clone::clone)
}

pub(crate) async fn abort_multipart_upload(
    face: &Operations,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<S3Response<AbortMultipartUploadOutput>> {
    let bucket = bucket(&request)?;
    let input = request.input;
    face.objects.abort_upload(&bucket, &input.key, &input.upload_id).await.map_err(s3)?;
    Ok(S3Response::with_status(AbortMultipartUploadOutput::default(), http::StatusCode::NO_CONTENT))
}

pub(crate) async fn list_parts(
    face: &Operations,
    request: S3Request<ListPartsInput>,
) -> S3Result<S3Response<ListPartsOutput>> {
    let bucket = bucket(&request)?;
    let input = request.input;
    let limit = limit(input.max_parts)?;
    let after = input.part_number_marker.map(|n| u32::try_from(n).map_err(|_| argument("the marker is negative")));
    let page = face
        .objects
        .list_parts(&bucket, Some(&input.key), &input.upload_id, after.transpose()?, limit)
        .await
        .map_err(s3)?;
    let plan = &page.upload.plan;
    let one = |part: doorstep_objects::Part| {
        let mut listed = Part {
            e_tag: Some(ETag::Strong(part.etag)),
            last_modified: Some(convert::time(part.modified)),
            part_number: i32::try_from(part.number).ok(),
            size: Some(convert::size(part.size)),
            ..Part::default()
        };
        if let (Some(algorithm), Some(value)) = (plan.algorithm, part.checksum) {
            set_sum!(listed, algorithm, value);
        }
        listed
    };
    let parts = page.parts.into_iter().map(one).collect();
    Ok(S3Response::new(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        part_number_marker: Some(input.part_number_marker.unwrap_or(0)),
        next_part_number_marker: page.next.and_then(|n| i32::try_from(n).ok()),
        max_parts: i32::try_from(limit).ok(),
        is_truncated: Some(page.next.is_some()),
        parts: Some(parts),
        initiator: Some(initiator(bucket.owner_of(&plan.meta))),
        owner: Some(owner(bucket.owner_of(&plan.meta))),
        storage_class: Some(StorageClass::from_static(plan.meta.class.s3())),
        checksum_algorithm: plan.algorithm.map(algorithm_word),
        checksum_type: plan.algorithm.map(|_| type_word(plan.full)),
        ..ListPartsOutput::default()
    }))
}

pub(crate) async fn list_multipart_uploads(
    face: &Operations,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<S3Response<ListMultipartUploadsOutput>> {
    let bucket = bucket(&request)?;
    let input = request.input;
    let limit = limit(input.max_uploads)?;
    let url = input.encoding_type.as_ref().is_some_and(|e| e.as_str() == "url");
    let spell = |text: String| if url { convert::url_encoded(&text) } else { text };
    let list = ListUploads {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone().filter(|d| !d.is_empty()),
        after: input.key_marker.clone().filter(|k| !k.is_empty()),
        after_id: input.upload_id_marker.clone().filter(|i| !i.is_empty()),
        limit,
    };
    let page = face.objects.list_uploads(&bucket, list).await.map_err(s3)?;
    let one = |upload: doorstep_objects::Upload| MultipartUpload {
        initiated: Some(convert::time(upload.initiated)),
        initiator: Some(initiator(bucket.owner_of(&upload.plan.meta))),
        owner: Some(owner(bucket.owner_of(&upload.plan.meta))),
        storage_class: Some(StorageClass::from_static(upload.plan.meta.class.s3())),
        checksum_algorithm: upload.plan.algorithm.map(algorithm_word),
        checksum_type: upload.plan.algorithm.map(|_| type_word(upload.plan.full)),
        upload_id: Some(upload.id),
        key: Some(spell(upload.key)),
    };
    let truncated = page.next.is_some();
    let (next_key, next_id) = page.next.map_or((None, None), |(key, id)| (Some(spell(key)), Some(id)));
    let uploads = page.uploads.into_iter().map(one).collect();
    let prefixes = page.prefixes.into_iter().map(|p| CommonPrefix { prefix: Some(spell(p)) }).collect();
    Ok(S3Response::new(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        prefix: Some(spell(input.prefix.unwrap_or_default())),
        delimiter: input.delimiter.map(spell),
        key_marker: Some(spell(input.key_marker.unwrap_or_default())),
        upload_id_marker: Some(input.upload_id_marker.unwrap_or_default()),
        next_key_marker: next_key,
        next_upload_id_marker: next_id,
        max_uploads: i32::try_from(limit).ok(),
        is_truncated: Some(truncated),
        uploads: Some(uploads),
        common_prefixes: Some(prefixes),
        encoding_type: input.encoding_type,
        ..ListMultipartUploadsOutput::default()
    }))
}
