//! What a face and whatever stands in front of it tell each other about one request.
//!
//! A face knows its protocol's signatures and says who may read. What is made of an object's bytes (a smaller picture,
//! say) is made in front of it, for every face alike, and asks the face by these marks.

use std::borrow::Cow;
use std::sync::Arc;

use doorstep_identity::Principal;

use crate::{Bucket, Object};

/// In a request's extensions: the object is wanted as the source of something else. The face checks who asks as for
/// the object itself and answers with [`Granted`] and no bytes. Conditions and ranges of the request are about what is
/// made of it: the face does not look at them.
#[derive(Clone, Copy, Debug)]
pub struct AsSource;

/// In an answer's extensions: the object that a face has let somebody read.
#[derive(Clone, Debug)]
pub struct Granted {
    /// Where it is.
    pub bucket: Arc<Bucket>,
    /// Which version of it.
    pub object: Object,
    /// The tenant whose key has signed the request; nothing for a request without a key.
    pub who: Option<String>,
    /// Whether the signature covers the query: then nobody but the key's holder has written it.
    pub query_signed: bool,
}

/// In an answer's extensions: what was asked of which bucket, for logs and bills.
#[derive(Clone, Debug)]
pub struct Served {
    /// The bucket that was asked.
    pub bucket: Arc<Bucket>,
    /// The object's name, if it was about one.
    pub key: Option<String>,
    /// What was asked, as the protocol calls it: `GetObject`, `PutFile`.
    pub operation: Cow<'static, str>,
    /// Who has signed it.
    pub who: Option<Principal>,
    /// Whether the bucket's rules let it through. From then on the bucket's owner pays for what is sent.
    pub let_in: bool,
}

/// Why there is nothing of what was to be made of an object, in no protocol's form.
#[derive(Clone, Debug)]
pub struct Refusal<'a> {
    /// HTTP's number.
    pub status: u16,
    /// S3's word for it, or one like it.
    pub code: &'a str,
    /// What is wrong and how it would be right.
    pub message: &'a str,
}

/// A refusal in a protocol's form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Of the body.
    pub media_type: &'static str,
    /// What is sent.
    pub body: String,
}

/// In a request's extensions: how its protocol says a refusal. Without it S3's form is used.
#[derive(Clone, Copy, Debug)]
pub struct Words(pub fn(&Refusal<'_>) -> Told);
