//! Access lists on the wire: read, written, and those that come with an upload.

use doorstep_objects::acl::{Canned, Grant as Line, Grantee as To, Permission as May, is_public};
use doorstep_objects::{Bucket, Meta, Ownership};
use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use crate::access::{Caller, bucket, caller, owned};
use crate::error::{argument, denied, s3};
use crate::operations::Operations;

const EVERYBODY: &str = "http://acs.amazonaws.com/groups/global/AllUsers";
const SIGNED: &str = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers";

pub(crate) fn owner(id: &str) -> Owner {
    Owner { display_name: Some(id.to_owned()), id: Some(id.to_owned()) }
}

/// The headers `x-amz-grant-*`.
pub(crate) struct Headers<'a>(pub(crate) [(May, Option<&'a String>); 5]);

macro_rules! headers {
    ($input:expr) => {
        $crate::acl_ops::Headers([
            (May::Read, $input.grant_read.as_ref()),
            (May::Write, $input.grant_write.as_ref()),
            (May::ReadAcp, $input.grant_read_acp.as_ref()),
            (May::WriteAcp, $input.grant_write_acp.as_ref()),
            (May::FullControl, $input.grant_full_control.as_ref()),
        ])
    };
}

/// The list that comes with an upload.
macro_rules! of_upload {
    ($input:expr) => {
        $crate::acl_ops::Asked {
            canned: $input.acl.as_ref().map(|word| word.as_str().to_owned()),
            headers: $crate::acl_ops::headers_of([
                ("READ", $input.grant_read.as_ref()),
                ("READ_ACP", $input.grant_read_acp.as_ref()),
                ("WRITE_ACP", $input.grant_write_acp.as_ref()),
                ("FULL_CONTROL", $input.grant_full_control.as_ref()),
            ]),
        }
    };
}
pub(crate) use of_upload;

/// A list as it is asked for, but for the written-out form.
pub(crate) struct Asked {
    pub(crate) canned: Option<String>,
    pub(crate) headers: Vec<(May, String)>,
}

pub(crate) fn headers_of<'a>(all: impl IntoIterator<Item = (&'static str, Option<&'a String>)>) -> Vec<(May, String)> {
    all.into_iter().filter_map(|(word, value)| Some((May::parse(word)?, value?.clone()))).collect()
}

impl Headers<'_> {
    fn sent(&self) -> Vec<(May, String)> {
        self.0.iter().filter_map(|(may, value)| Some((*may, (*value)?.clone()))).collect()
    }
}

fn unsupported() -> S3Error {
    let mut error = S3Error::with_message(
        S3ErrorCode::Custom("AccessControlListNotSupported".into()),
        "The bucket does not allow ACLs",
    );
    error.set_status_code(http::StatusCode::BAD_REQUEST);
    error
}

async fn known(face: &Operations, id: &str) -> S3Result<To> {
    match face.keys.knows(id).await {
        Ok(true) => Ok(To::Id(id.to_owned())),
        Ok(false) => Err(argument("Invalid id")),
        Err(error) => Err(crate::error::identity(&error)),
    }
}

/// A grantee in a header: `id="…"`, `uri="…"` or `emailAddress="…"`.
async fn of_header(face: &Operations, text: &str) -> S3Result<To> {
    let (kind, value) = text.trim().split_once('=').ok_or_else(|| argument("a grantee is id=… or uri=…"))?;
    let value = value.trim().trim_matches('"');
    match kind.trim().to_ascii_lowercase().as_str() {
        "id" => known(face, value).await,
        "uri" => group(value),
        "emailaddress" => Err(by_email()),
        _ => Err(argument("a grantee is id=… or uri=…")),
    }
}

fn group(uri: &str) -> S3Result<To> {
    match uri {
        EVERYBODY => Ok(To::Everybody),
        SIGNED => Ok(To::Signed),
        _ => Err(argument("Invalid group uri")),
    }
}

fn by_email() -> S3Error {
    let message = "Nobody is known by an e-mail address here: name a tenant or a key by its id.";
    S3Error::with_message(S3ErrorCode::UnresolvableGrantByEmailAddress, message)
}

/// The lines that headers and a canned list ask for; nothing where nothing is asked.
async fn lines(face: &Operations, asked: &Asked, owner: &str, bucket_owner: &str) -> S3Result<Option<Vec<Line>>> {
    if asked.canned.is_some() && !asked.headers.is_empty() {
        let message = "Specifying both Canned ACLs and Header Grants is not allowed";
        return Err(S3Error::with_message(S3ErrorCode::InvalidRequest, message));
    }
    if let Some(word) = &asked.canned {
        let canned = Canned::parse(word).ok_or_else(|| argument("there is no such canned ACL"))?;
        return Ok(Some(canned.grants(owner, bucket_owner)));
    }
    let mut lines = Vec::new();
    for (may, text) in &asked.headers {
        for one in text.split(',').filter(|one| !one.trim().is_empty()) {
            lines.push(Line { to: of_header(face, one).await?, may: *may });
        }
    }
    Ok((!lines.is_empty()).then_some(lines))
}

async fn written(face: &Operations, policy: &AccessControlPolicy) -> S3Result<Vec<Line>> {
    let mut lines = Vec::new();
    for grant in policy.grants.iter().flatten() {
        let malformed = || S3Error::from(S3ErrorCode::MalformedACLError);
        let may = grant.permission.as_ref().and_then(|p| May::parse(p.as_str())).ok_or_else(malformed)?;
        let to = grant.grantee.as_ref().ok_or_else(malformed)?;
        let to = match (&to.id, &to.uri, &to.email_address) {
            (Some(id), _, _) => known(face, id).await?,
            (None, Some(uri), _) => group(uri)?,
            (None, None, Some(_)) => return Err(by_email()),
            (None, None, None) => return Err(malformed()),
        };
        lines.push(Line { to, may });
    }
    Ok(lines)
}

fn shown(lines: Vec<Line>) -> Vec<Grant> {
    let one = |line: Line| {
        let (id, uri) = match line.to {
            To::Id(id) => (Some(id), None),
            To::Everybody => (None, Some(EVERYBODY.to_owned())),
            To::Signed => (None, Some(SIGNED.to_owned())),
        };
        let word = if uri.is_some() { Type::GROUP } else { Type::CANONICAL_USER };
        let type_ = Type::from_static(word);
        let grantee = Grantee { display_name: id.clone(), email_address: None, id, type_, uri };
        Grant { grantee: Some(grantee), permission: Some(Permission::from_static(line.may.as_str())) }
    };
    // Groups first, as S3 has them in the lists that it makes itself.
    let (groups, named): (Vec<Line>, Vec<Line>) = lines.into_iter().partition(|line| !matches!(line.to, To::Id(_)));
    groups.into_iter().chain(named).map(one).collect()
}

fn blocked(bucket: &Bucket, lines: Option<&[Line]>) -> S3Result<()> {
    if bucket.settings.public_block.is_some_and(|block| block.block_acls) && lines.is_some_and(is_public) {
        return Err(denied("The bucket's public access block refuses ACLs for everybody."));
    }
    Ok(())
}

/// Writes into `meta` whose a new object is and who else may what with it.
pub(crate) async fn apply(
    face: &Operations,
    caller: &Caller,
    bucket: &Bucket,
    meta: &mut Meta,
    asked: &Asked,
) -> S3Result<()> {
    // What comes without a key belongs to the bucket's owner, who pays for it.
    let writer = caller.who.as_ref().map_or(bucket.tenant.as_str(), |who| who.tenant.as_str());
    let full = asked.canned.as_deref() == Some("bucket-owner-full-control");
    match bucket.settings.ownership {
        Some(Ownership::Enforced) if (asked.canned.is_some() && !full) || !asked.headers.is_empty() => {
            return Err(unsupported());
        }
        Some(Ownership::Enforced) => return Ok(()),
        Some(Ownership::Preferred) if full => {
            meta.set_acl(None);
            return Ok(());
        }
        _ => {}
    }
    let lines = lines(face, asked, writer, &bucket.tenant).await?;
    blocked(bucket, lines.as_deref())?;
    meta.owner = (writer != bucket.tenant).then(|| writer.to_owned());
    // The owner's own line says nothing.
    meta.set_acl(lines.filter(|lines| *lines != Canned::Private.grants(writer, writer)));
    Ok(())
}

/// The list of a new bucket.
pub(crate) async fn of_new_bucket(
    face: &Operations,
    tenant: &str,
    canned: Option<String>,
    headers: Vec<(May, String)>,
) -> S3Result<Option<Vec<Line>>> {
    let lines = lines(face, &Asked { canned, headers }, tenant, tenant).await?;
    Ok(lines.filter(|lines| *lines != Canned::Private.grants(tenant, tenant)))
}

pub(crate) async fn get_bucket_acl(
    _: &Operations,
    request: S3Request<GetBucketAclInput>,
) -> S3Result<S3Response<GetBucketAclOutput>> {
    let bucket = bucket(&request)?;
    let grants = Some(shown(bucket.grants()));
    Ok(S3Response::new(GetBucketAclOutput { grants, owner: Some(owner(&bucket.tenant)) }))
}

/// What a request to write a list asks for: canned, in headers or written out.
async fn asked(
    face: &Operations,
    asked: Asked,
    policy: Option<&AccessControlPolicy>,
    owner: &str,
    bucket: &Bucket,
) -> S3Result<Vec<Line>> {
    if !bucket.settings.heeds_acls() {
        return Err(unsupported());
    }
    let given = lines(face, &asked, owner, &bucket.tenant).await?;
    let wanted = match (given, policy) {
        (Some(lines), None) => lines,
        (None, Some(policy)) => written(face, policy).await?,
        (Some(_), Some(_)) => return Err(S3ErrorCode::UnexpectedContent.into()),
        (None, None) => {
            let message = "Your request was missing a required header: x-amz-acl, x-amz-grant-* or an ACL in the body";
            return Err(S3Error::with_message(S3ErrorCode::MissingSecurityHeader, message));
        }
    };
    blocked(bucket, Some(&wanted))?;
    Ok(wanted)
}

pub(crate) async fn put_bucket_acl(
    face: &Operations,
    request: S3Request<PutBucketAclInput>,
) -> S3Result<S3Response<PutBucketAclOutput>> {
    let bucket = bucket(&request)?;
    let input = request.input;
    let canned = input.acl.as_ref().map(|word| word.as_str().to_owned());
    let headers = headers!(input).sent();
    let asked_for = Asked { canned, headers };
    let lines = asked(face, asked_for, input.access_control_policy.as_ref(), &bucket.tenant, &bucket).await?;
    let changed = face.objects.configure(&input.bucket, move |settings| {
        settings.set_acl(Some(lines.clone()));
        Ok(())
    });
    changed.await.map_err(s3)?;
    Ok(S3Response::new(PutBucketAclOutput::default()))
}

pub(crate) async fn get_object_acl(
    face: &Operations,
    request: S3Request<GetObjectAclInput>,
) -> S3Result<S3Response<GetObjectAclOutput>> {
    let (bucket, caller) = (bucket(&request)?, caller(&request)?);
    let input = request.input;
    let object = face.objects.head(&bucket, &input.key, input.version_id.as_deref()).await.map_err(s3)?;
    owned(&caller, &bucket, &object.meta, May::ReadAcp)?;
    let grants = Some(shown(bucket.grants_of(&object.meta)));
    let owner = Some(owner(bucket.owner_of(&object.meta)));
    Ok(S3Response::new(GetObjectAclOutput { grants, owner, ..GetObjectAclOutput::default() }))
}

pub(crate) async fn put_object_acl(
    face: &Operations,
    request: S3Request<PutObjectAclInput>,
) -> S3Result<S3Response<PutObjectAclOutput>> {
    let (bucket, caller) = (bucket(&request)?, caller(&request)?);
    let input = request.input;
    let version = input.version_id.as_deref();
    let object = face.objects.head(&bucket, &input.key, version).await.map_err(s3)?;
    owned(&caller, &bucket, &object.meta, May::WriteAcp)?;
    let canned = input.acl.as_ref().map(|word| word.as_str().to_owned());
    let headers = headers!(input).sent();
    let owner = bucket.owner_of(&object.meta);
    let lines = asked(face, Asked { canned, headers }, input.access_control_policy.as_ref(), owner, &bucket).await?;
    let changed = face.objects.change(&bucket, &input.key, version, move |meta| {
        meta.set_acl(Some(lines.clone()));
        Ok(())
    });
    changed.await.map_err(s3)?;
    Ok(S3Response::new(PutObjectAclOutput::default()))
}
