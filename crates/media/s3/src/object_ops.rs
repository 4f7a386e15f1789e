//! One object: put, read, deleted, described.

use doorstep_objects::acl::Permission;
use doorstep_objects::{ByteRange, Delete as DeleteOne, Get, Object, Put, ReadConditions, WriteConditions, body};
use futures::StreamExt as _;
use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};
use sync_wrapper::SyncStream;

use crate::access::{bucket, caller, owned};
use crate::acl_ops;
use crate::convert::{self, set_sum, sums};
use crate::encryption;
use crate::error::{argument, s3};
use crate::form::ByForm;
use crate::operations::Operations;
use crate::reading::{Reader, readable};

/// Most keys of one call that deletes many.
const MOST_DELETES: usize = 1000;

/// The version's id for an answer: none where the bucket never kept versions.
pub(crate) fn version_id(object: &Object, versioned: bool) -> Option<String> {
    (versioned || !object.unversioned).then(|| object.version().to_owned())
}

pub(crate) async fn put_object(
    face: &Operations,
    request: S3Request<PutObjectInput>,
) -> S3Result<S3Response<PutObjectOutput>> {
    let (bucket, caller) = (bucket(&request)?, caller(&request)?);
    let (headers, trailing) = (request.headers, request.trailing_headers);
    let input = request.input;
    let encrypt = encryption::asked_of!(input)?;
    let mut meta = convert::meta!(input)?;
    let mut lists = acl_ops::of_upload!(input);
    // The model of the wire leaves this one out.
    let write = headers.get("x-amz-grant-write").and_then(|v| v.to_str().ok()).map(str::to_owned);
    lists.headers.extend(write.map(|value| (Permission::Write, value)));
    lists.headers.sort_by_key(|(may, _)| *may as u8);
    acl_ops::apply(face, &caller, &bucket, &mut meta, &lists).await?;
    convert::asked_lock!(input, &mut meta, bucket.settings.lockable)?;
    let checksum = convert::expected(&sums!(input), input.checksum_algorithm.as_ref(), &headers, trailing)?;
    let put = Put {
        meta,
        length: convert::length(input.content_length)?,
        md5: convert::md5(input.content_md5.as_deref())?,
        checksum,
        conditions: write_conditions(input.if_match.as_ref(), input.if_none_match.as_ref()),
        encrypt,
        by_form: request.extensions.get::<ByForm>().is_some(),
    };
    let bytes = match input.body {
        Some(bytes) => bytes.boxed(),
        None => body(bytes::Bytes::new()),
    };
    let written = face.objects.put(&bucket, &input.key, bytes, put).await.map_err(s3)?;
    let object = written.object;
    let mut output = PutObjectOutput {
        e_tag: Some(convert::etag(&object)),
        version_id: version_id(&object, false),
        ..PutObjectOutput::default()
    };
    if let Some(checksum) = &object.meta.checksum {
        output.checksum_type = Some(convert::checksum_type(checksum));
        set_sum!(output, checksum.algorithm, checksum.value.clone());
    }
    encryption::tell!(output, object.meta, input.sse_customer_key_md5);
    output.expiration = convert::expiration(face.objects.expiry(&bucket, &object));
    Ok(S3Response::new(output))
}

pub(crate) fn write_conditions(if_match: Option<&IfMatch>, if_none_match: Option<&IfNoneMatch>) -> WriteConditions {
    WriteConditions {
        if_match: if_match.map(convert::condition),
        if_none_match: if_none_match.map(convert::condition),
        ..WriteConditions::default()
    }
}

pub(crate) fn range(range: Option<&Range>) -> Option<ByteRange> {
    match range? {
        Range::Int { first, last } => Some(ByteRange::From { first: *first, last: *last }),
        Range::Suffix { length } => Some(ByteRange::Last(*length)),
    }
}

pub(crate) fn part_number(number: Option<i32>) -> S3Result<Option<u32>> {
    match number {
        None => Ok(None),
        Some(n) => match u32::try_from(n) {
            Ok(n) if (1..=10_000).contains(&n) => Ok(Some(n)),
            _ => Err(argument("Part number must be an integer between 1 and 10000, inclusive")),
        },
    }
}

/// Fills what the answers to GET and HEAD have in common.
macro_rules! describe {
    ($output:expr, $object:expr, $found:expr, $sums:expr, $now:expr) => {{
        let (object, found) = (&$object, &$found);
        let headers = &object.meta.headers;
        $output.accept_ranges = Some("bytes".to_owned());
        $output.cache_control = headers.cache_control.clone();
        $output.content_disposition = headers.content_disposition.clone();
        $output.content_encoding = headers.content_encoding.clone();
        $output.content_language = headers.content_language.clone();
        $output.content_type = Some(headers.content_type.clone().unwrap_or_else(|| "binary/octet-stream".to_owned()));
        $output.expires = headers.expires.as_ref().and_then(|e| Timestamp::parse(TimestampFormat::HttpDate, e).ok());
        $output.website_redirect_location = headers.redirect.clone();
        $output.content_length = Some(convert::size(found.range.end - found.range.start));
        $output.content_range = found
            .partial
            .then(|| format!("bytes {}-{}/{}", found.range.start, found.range.end.saturating_sub(1), object.size));
        $output.e_tag = Some(convert::etag(object));
        $output.last_modified = Some(convert::time(object.modified));
        $output.metadata = (!object.meta.user.is_empty()).then(|| object.meta.user.clone().into_iter().collect());
        $output.object_lock_mode =
            object.meta.retention.map(|r| ObjectLockMode::from_static(convert::mode_word(r.mode)));
        $output.object_lock_retain_until_date = object.meta.retention.map(|r| convert::time(r.until));
        $output.object_lock_legal_hold_status =
            object.meta.legal_hold.then(|| ObjectLockLegalHoldStatus::from_static(ObjectLockLegalHoldStatus::ON));
        $output.storage_class = convert::storage_class(object);
        $output.restore = object
            .meta
            .restored_until
            .filter(|at| $now < *at)
            .map(|at| format!("ongoing-request=\"false\", expiry-date=\"{}\"", convert::http_date(at)));
        if let Some(checksum) = object.meta.checksum.as_ref().filter(|_| $sums && !found.partial) {
            $output.checksum_type = Some(convert::checksum_type(checksum));
            set_sum!($output, checksum.algorithm, checksum.value.clone());
        }
    }};
}

/// What was asked of a read.
macro_rules! reading {
    ($input:expr) => {
        Get {
            key: encryption::customer!($input).key()?,
            version: $input.version_id.clone(),
            range: range($input.range.as_ref()),
            part: part_number($input.part_number)?,
            conditions: ReadConditions {
                if_match: $input.if_match.as_ref().map(convert::condition),
                if_none_match: $input.if_none_match.as_ref().map(convert::condition),
                modified_since: $input.if_modified_since.as_ref().map(convert::moment),
                unmodified_since: $input.if_unmodified_since.as_ref().map(convert::moment),
            },
        }
    };
}

/// The headers that a signed request may ask to be answered differently.
macro_rules! overrides {
    ($output:expr, $input:expr) => {{
        if $input.response_cache_control.is_some() {
            $output.cache_control = $input.response_cache_control.clone();
        }
        if $input.response_content_disposition.is_some() {
            $output.content_disposition = $input.response_content_disposition.clone();
        }
        if $input.response_content_encoding.is_some() {
            $output.content_encoding = $input.response_content_encoding.clone();
        }
        if $input.response_content_language.is_some() {
            $output.content_language = $input.response_content_language.clone();
        }
        if $input.response_content_type.is_some() {
            $output.content_type = $input.response_content_type.clone();
        }
        if $input.response_expires.is_some() {
            $output.expires = $input.response_expires.clone();
        }
    }};
}

pub(crate) async fn get_object(
    face: &Operations,
    request: S3Request<GetObjectInput>,
) -> S3Result<S3Response<GetObjectOutput>> {
    let (bucket, caller) = (bucket(&request)?, caller(&request)?);
    encryption::not_asked(&request.headers)?;
    let reader = Reader::of(&request)?;
    let input = request.input;
    if input.range.is_some() && input.part_number.is_some() {
        return Err(S3Error::with_message(
            S3ErrorCode::InvalidRequest,
            "Cannot specify both Range header and partNumber",
        ));
    }
    let wanted = reader.wants(reading!(input));
    let found = match reader.as_source {
        true => face.objects.peek(&bucket, &input.key, wanted).await.map_err(s3)?,
        false => face.objects.get(&bucket, &input.key, wanted).await.map_err(s3)?,
    };
    let object = found.object.clone();
    owned(&caller, &bucket, &object.meta, Permission::Read)?;
    readable(face, &object)?;
    if reader.as_source {
        return Ok(reader.granted(S3Response::new(GetObjectOutput::default()), &bucket, object));
    }
    let mut output = GetObjectOutput::default();
    describe!(output, object, found, input.checksum_mode.is_some(), face.objects.now());
    overrides!(output, input);
    encryption::tell!(output, object.meta, input.sse_customer_key_md5.clone());
    let due = face.objects.expiry(&bucket, &object).filter(|_| input.version_id.is_none());
    output.expiration = convert::expiration(due);
    output.version_id = version_id(&object, bucket.settings.versioning != doorstep_objects::Versioning::Off);
    output.tag_count = i32::try_from(object.meta.tags.len()).ok().filter(|n| *n > 0);
    output.parts_count = input.part_number.and_then(|_| i32::try_from(object.meta.parts).ok()).filter(|n| *n > 0);
    if let (Some(number), Some(sum)) =
        (input.part_number, object.meta.checksum.as_ref().filter(|_| object.meta.parts > 0))
    {
        let after = u32::try_from(number - 1).unwrap_or(0);
        let part = face.objects.parts_of(&object, after, 1).await.map_err(s3)?.into_iter().next();
        if let Some(value) = part.and_then(|part| part.checksum) {
            output.checksum_type = Some(convert::checksum_type(sum));
            set_sum!(output, sum.algorithm, value);
        }
    }
    output.body = Some(StreamingBlob::wrap(SyncStream::new(found.body)));
    Ok(reader.granted(S3Response::new(output), &bucket, object))
}

pub(crate) async fn head_object(
    face: &Operations,
    request: S3Request<HeadObjectInput>,
) -> S3Result<S3Response<HeadObjectOutput>> {
    let (bucket, caller) = (bucket(&request)?, caller(&request)?);
    encryption::not_asked(&request.headers)?;
    let reader = Reader::of(&request)?;
    let input = request.input;
    let found = face.objects.peek(&bucket, &input.key, reader.wants(reading!(input))).await.map_err(s3)?;
    let object = found.object.clone();
    owned(&caller, &bucket, &object.meta, Permission::Read)?;
    if reader.as_source {
        readable(face, &object)?;
        return Ok(reader.granted(S3Response::new(HeadObjectOutput::default()), &bucket, object));
    }
    let mut output = HeadObjectOutput::default();
    describe!(output, object, found, input.checksum_mode.is_some(), face.objects.now());
    overrides!(output, input);
    encryption::tell!(output, object.meta, input.sse_customer_key_md5.clone());
    let due = face.objects.expiry(&bucket, &object).filter(|_| input.version_id.is_none());
    output.expiration = convert::expiration(due);
    output.version_id = version_id(&object, bucket.settings.versioning != doorstep_objects::Versioning::Off);
    output.parts_count = input.part_number.and_then(|_| i32::try_from(object.meta.parts).ok()).filter(|n| *n > 0);
    let mut response = S3Response::new(output);
    if !object.meta.tags.is_empty() {
        response.headers.insert("x-amz-tagging-count", object.meta.tags.len().into());
    }
    if found.partial {
        response.status = Some(http::StatusCode::PARTIAL_CONTENT);
    }
    Ok(reader.granted(response, &bucket, object))
}

pub(crate) async fn delete_object(
    face: &Operations,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<S3Response<DeleteObjectOutput>> {
    let bucket = bucket(&request)?;
    let input = request.input;
    let delete = DeleteOne {
        key: input.key,
        version: input.version_id,
        conditions: WriteConditions {
            if_match: input.if_match.as_ref().map(convert::condition),
            modified: input.if_match_last_modified_time.as_ref().map(convert::moment),
            size: convert::length(input.if_match_size)?,
            ..WriteConditions::default()
        },
        bypass_governance: input.bypass_governance_retention.unwrap_or(false),
        ..DeleteOne::default()
    };
    let deleted = face.objects.delete(&bucket, delete).await.map_err(s3)?;
    let output = DeleteObjectOutput {
        delete_marker: deleted.marker.then_some(true),
        version_id: deleted.version,
        ..DeleteObjectOutput::default()
    };
    Ok(S3Response::with_status(output, http::StatusCode::NO_CONTENT))
}

pub(crate) async fn delete_objects(
    face: &Operations,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<S3Response<DeleteObjectsOutput>> {
    let bucket = bucket(&request)?;
    let input = request.input;
    if input.delete.objects.len() > MOST_DELETES {
        return Err(S3Error::with_message(S3ErrorCode::MalformedXML, "at most 1000 keys are deleted at once"));
    }
    let bypass = input.bypass_governance_retention.unwrap_or(false);
    let one = |wanted: &ObjectIdentifier| {
        Ok(DeleteOne {
            key: wanted.key.clone(),
            version: wanted.version_id.clone().filter(|v| !v.is_empty()),
            conditions: WriteConditions {
                if_match: wanted.e_tag.as_ref().map(|tag| tag.value().to_owned()),
                modified: wanted.last_modified_time.as_ref().map(convert::moment),
                size: convert::length(wanted.size)?,
                ..WriteConditions::default()
            },
            bypass_governance: bypass,
            ..DeleteOne::default()
        })
    };
    let deletes = input.delete.objects.iter().map(one).collect::<S3Result<Vec<_>>>()?;
    let quiet = input.delete.quiet.unwrap_or(false);
    let answers = face.objects.delete_many(&bucket, deletes).await.map_err(s3)?;
    let (mut deleted, mut errors) = (Vec::new(), Vec::new());
    for (wanted, answer) in input.delete.objects.into_iter().zip(answers) {
        match answer {
            Ok(_) if quiet => {}
            Ok(done) => deleted.push(DeletedObject {
                delete_marker: done.marker.then_some(true),
                delete_marker_version_id: done.version.filter(|_| done.marker),
                key: Some(wanted.key),
                version_id: wanted.version_id,
            }),
            Err(refused) => {
                let refused = s3(refused);
                errors.push(Error {
                    code: Some(refused.code().as_str().to_owned()),
                    key: Some(wanted.key),
                    message: refused.message().map(str::to_owned),
                    version_id: wanted.version_id,
                });
            }
        }
    }
    Ok(S3Response::new(DeleteObjectsOutput {
        deleted: Some(deleted),
        errors: Some(errors),
        ..DeleteObjectsOutput::default()
    }))
}

pub(crate) async fn get_object_attributes(
    face: &Operations,
    request: S3Request<GetObjectAttributesInput>,
) -> S3Result<S3Response<GetObjectAttributesOutput>> {
    let bucket = bucket(&request)?;
    let input = request.input;
    let get = Get { version: input.version_id.clone(), key: encryption::customer!(input).key()?, ..Get::default() };
    let object = face.objects.peek(&bucket, &input.key, get).await.map_err(s3)?.object;
    let wants = |word: &str| input.object_attributes.iter().any(|a| a.as_str().split(',').any(|a| a.trim() == word));
    let mut output = GetObjectAttributesOutput {
        last_modified: Some(convert::time(object.modified)),
        version_id: version_id(&object, bucket.settings.versioning != doorstep_objects::Versioning::Off),
        ..GetObjectAttributesOutput::default()
    };
    if wants(ObjectAttributes::ETAG) {
        output.e_tag = Some(convert::etag(&object));
    }
    if wants(ObjectAttributes::OBJECT_SIZE) {
        output.object_size = Some(convert::size(object.size));
    }
    if wants(ObjectAttributes::STORAGE_CLASS) {
        output.storage_class = Some(StorageClass::from_static(object.meta.class.s3()));
    }
    if let (true, Some(sum)) = (wants(ObjectAttributes::CHECKSUM), &object.meta.checksum) {
        let mut checksum = Checksum { checksum_type: Some(convert::checksum_type(sum)), ..Checksum::default() };
        set_sum!(checksum, sum.algorithm, sum.value.clone());
        output.checksum = Some(checksum);
    }
    if wants(ObjectAttributes::OBJECT_PARTS) && object.meta.parts > 0 {
        let (after, limit) = (input.part_number_marker.unwrap_or(0), convert::limit(input.max_parts)?);
        output.object_parts = Some(object_parts(face, &object, after, limit).await?);
    }
    Ok(S3Response::new(output))
}

async fn object_parts(
    face: &Operations,
    object: &Object,
    after: i32,
    limit: usize,
) -> S3Result<GetObjectAttributesParts> {
    let above = u32::try_from(after).map_err(|_| argument("the part number marker is negative"))?;
    let mut parts = face.objects.parts_of(object, above, limit + 1).await.map_err(s3)?;
    let more = parts.len() > limit;
    parts.truncate(limit);
    let last = parts.last().and_then(|p| i32::try_from(p.number).ok());
    let algorithm = object.meta.checksum.as_ref().map(|c| c.algorithm);
    let listed = parts.into_iter().map(|part| {
        let mut one = ObjectPart {
            part_number: i32::try_from(part.number).ok(),
            size: Some(convert::size(part.size)),
            ..ObjectPart::default()
        };
        if let (Some(algorithm), Some(value)) = (algorithm, part.checksum) {
            set_sum!(one, algorithm, value);
        }
        one
    });
    Ok(GetObjectAttributesParts {
        parts: Some(listed.collect()),
        is_truncated: Some(more),
        max_parts: i32::try_from(limit).ok(),
        part_number_marker: Some(after),
        next_part_number_marker: last,
        total_parts_count: i32::try_from(object.meta.parts).ok(),
    })
}
