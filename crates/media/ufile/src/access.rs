//! Who asks, and may they.

use std::sync::Arc;

use doorstep_identity::{Keys, Principal};
use doorstep_objects::acl::Permission;
use doorstep_objects::{Bucket, Meta, Need, Objects, ObjectsError, Verdict, listed};
use http::HeaderMap;
use http::request::Parts;

use crate::answer::moment;
use crate::call::Call;
use crate::request::Target;
use crate::signature::{Authorization, SignedUrl, ToSign, verify};
use crate::{Config, UfileError};

/// What a request says of who it comes from.
pub(crate) enum Signed {
    /// In its header or its form.
    Header(Authorization),
    /// In its address.
    Url(SignedUrl),
    /// Nothing.
    No,
}

impl Signed {
    /// The signature of a request; `field` is that of a form.
    pub(crate) fn of(head: &Parts, target: &Target, field: Option<&str>) -> Result<Self, UfileError> {
        let value = match (head.headers.get(http::header::AUTHORIZATION), field) {
            (Some(value), _) => Some(value.to_str().map_err(|_| UfileError::Malformed("it is no text"))?),
            (None, field) => field,
        };
        match (value, SignedUrl::of(&target.query)?) {
            (Some(_), Some(_)) => Err(UfileError::Malformed("sign the header or the address, not both")),
            (Some(value), None) => Authorization::parse(value).map(Self::Header),
            (None, Some(url)) => Ok(Self::Url(url)),
            (None, None) => Ok(Self::No),
        }
    }

    /// The put policy, as it was signed.
    pub(crate) fn policy(&self) -> Option<&str> {
        match self {
            Self::Header(authorization) => authorization.policy.as_deref(),
            Self::Url(_) | Self::No => None,
        }
    }

    /// Whose request it is; nobody's without a signature.
    pub(crate) async fn check(
        &self,
        keys: &Keys,
        now: doorstep_clock::Timestamp,
        config: &Config,
        to_sign: ToSign<'_>,
    ) -> Result<Option<Principal>, UfileError> {
        let (authorization, to_sign) = match self {
            Self::No => return Ok(None),
            Self::Url(url) => {
                if now.millis().div_euclid(1000) > url.until_s {
                    return Err(UfileError::Expired("the signed address has ended"));
                }
                (&url.authorization, ToSign { expires: Some(&url.expires), ..to_sign })
            }
            Self::Header(authorization) => {
                fresh(to_sign.headers, now, config)?;
                (authorization, ToSign { policy: authorization.policy.as_deref(), ..to_sign })
            }
        };
        let (who, private) = keys.signing_secret(&authorization.public).await?;
        if verify(&private, &authorization.signature, &to_sign.candidates()) {
            return Ok(Some(who));
        }
        let first = to_sign.candidates().swap_remove(0);
        tracing::debug!(key = %who.key, signed = %String::from_utf8_lossy(&first), "a signature does not fit");
        Err(UfileError::BadSignature)
    }
}

/// Refuses a request whose `Date` is far from now. Some SDKs send none, or one in a form of their own: it is
/// signed all the same.
fn fresh(headers: &HeaderMap, now: doorstep_clock::Timestamp, config: &Config) -> Result<(), UfileError> {
    let date = headers.get(http::header::DATE).and_then(|v| v.to_str().ok()).and_then(moment);
    let off = date.map_or(0, |date| now.ms_since(date).unsigned_abs());
    if u128::from(off) > config.skew.as_millis() {
        return Err(UfileError::Expired("its Date is not within 15 minutes of now"));
    }
    Ok(())
}

/// Lets a call through or refuses it.
pub(crate) async fn permit(
    objects: &Objects,
    who: Option<&Principal>,
    bucket: &Arc<Bucket>,
    key: &str,
    call: (Need, &'static str),
    headers: &HeaderMap,
) -> Result<(), UfileError> {
    let (need, action) = call;
    let resource = if key.is_empty() { bucket.name.clone() } else { format!("{}/{key}", bucket.name) };
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let mut context = vec![("aws:SecureTransport".to_owned(), "false".to_owned())];
    context.extend(text("referer").map(|value| ("aws:Referer".to_owned(), value)));
    context.extend(text("user-agent").map(|value| ("aws:UserAgent".to_owned(), value)));
    let tagged = !key.is_empty() && bucket.policy.as_ref().is_some_and(|policy| policy.asks_for_tags());
    if tagged && let Ok(object) = objects.head(bucket, key, None).await {
        let tags = object.meta.tags.into_iter();
        context.extend(tags.map(|(name, value)| (format!("s3:ExistingObjectTag/{name}"), value)));
    }
    let verdict = bucket.judge(who, action, &resource, context);
    if need.allows_with(verdict, who, bucket) {
        return Ok(());
    }
    if need == Need::Read && verdict != Verdict::Deny {
        match objects.head(bucket, key, None).await {
            Ok(object) if bucket.lets_object(&object.meta, listed(who), Permission::Read) => return Ok(()),
            Ok(_) => {}
            Err(ObjectsError::Store(error)) => return Err(ObjectsError::Store(error).into()),
            // Whoever may list learns what is not there.
            Err(_) if Need::List.allows(who, bucket) => return Ok(()),
            Err(_) => {}
        }
    }
    Err(if who.is_some() { UfileError::Denied } else { UfileError::NoAuthorization })
}

/// Refuses whoever was let in an object that another tenant wrote and has not granted.
pub(crate) fn owned(who: Option<&Principal>, bucket: &Bucket, meta: &Meta) -> Result<(), UfileError> {
    if bucket.yields(who, meta, Permission::Read) { Ok(()) } else { Err(UfileError::Denied) }
}

/// What reading the source of a copy needs.
pub(crate) const READ: (Need, &str) = (Need::Read, "s3:GetObject");

impl Call {
    /// What [`permit`] asks for.
    pub(crate) const fn asks(self) -> (Need, &'static str) {
        (self.need(), self.action())
    }
}
