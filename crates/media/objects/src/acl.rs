//! Access lists of buckets and objects: grants to tenants, keys, everybody or whoever has a key. Pure decisions.
//!
//! A grant speaks of whoever the owner's own keys do not cover: what the keys of the owning tenant may is said
//! by their scopes.

use serde::{Deserialize, Serialize};

use crate::settings::Ownership;
use crate::{Bucket, Meta, ObjectsError, Settings};

/// Most grants of one list.
const MOST: usize = 100;

/// Whom a grant is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grantee {
    /// A tenant, or one of its keys.
    Id(String),
    /// Also without a key.
    Everybody,
    /// With any key.
    Signed,
}

/// What a grant allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Of a bucket: list it. Of an object: read it.
    Read,
    /// Of a bucket: write and delete objects. Of an object: nothing.
    Write,
    /// Read the list.
    ReadAcp,
    /// Write the list.
    WriteAcp,
    /// All of these.
    FullControl,
}

impl Permission {
    /// S3's word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "READ",
            Self::Write => "WRITE",
            Self::ReadAcp => "READ_ACP",
            Self::WriteAcp => "WRITE_ACP",
            Self::FullControl => "FULL_CONTROL",
        }
    }

    /// From S3's word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Read, Self::Write, Self::ReadAcp, Self::WriteAcp, Self::FullControl]
            .into_iter()
            .find(|p| p.as_str() == word)
    }
}

/// One line of an access list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// For whom.
    pub to: Grantee,
    /// What.
    pub may: Permission,
}

impl Grant {
    fn of(to: Grantee, may: Permission) -> Self {
        Self { to, may }
    }

    fn full(id: &str) -> Self {
        Self::of(Grantee::Id(id.to_owned()), Permission::FullControl)
    }

    fn is_for(&self, who: Option<(&str, &str)>, ignore_public: bool) -> bool {
        match (&self.to, who) {
            (Grantee::Id(id), Some((tenant, key))) => id == tenant || id == key,
            (Grantee::Id(_), None) => false,
            (Grantee::Everybody, _) => !ignore_public,
            (Grantee::Signed, who) => who.is_some() && !ignore_public,
        }
    }
}

/// The lists that S3 has words for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Canned {
    /// The owner alone.
    Private,
    /// Everybody reads.
    PublicRead,
    /// Everybody reads and writes.
    PublicReadWrite,
    /// Whoever has a key reads.
    AuthenticatedRead,
    /// The bucket's owner reads too.
    BucketOwnerRead,
    /// The bucket's owner may everything too.
    BucketOwnerFullControl,
}

impl Canned {
    /// From S3's word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "private" | "aws-exec-read" | "log-delivery-write" => Some(Self::Private),
            "public-read" => Some(Self::PublicRead),
            "public-read-write" => Some(Self::PublicReadWrite),
            "authenticated-read" => Some(Self::AuthenticatedRead),
            "bucket-owner-read" => Some(Self::BucketOwnerRead),
            "bucket-owner-full-control" => Some(Self::BucketOwnerFullControl),
            _ => None,
        }
    }

    /// The list that it stands for, for something of `owner` in a bucket of `bucket_owner`. Groups come first.
    #[must_use]
    pub fn grants(self, owner: &str, bucket_owner: &str) -> Vec<Grant> {
        let other = |may| (owner != bucket_owner).then(|| Grant::of(Grantee::Id(bucket_owner.to_owned()), may));
        let mut grants = match self {
            Self::PublicRead => vec![Grant::of(Grantee::Everybody, Permission::Read)],
            Self::PublicReadWrite => {
                vec![Grant::of(Grantee::Everybody, Permission::Read), Grant::of(Grantee::Everybody, Permission::Write)]
            }
            Self::AuthenticatedRead => vec![Grant::of(Grantee::Signed, Permission::Read)],
            Self::Private | Self::BucketOwnerRead | Self::BucketOwnerFullControl => Vec::new(),
        };
        grants.push(Grant::full(owner));
        grants.extend(match self {
            Self::BucketOwnerRead => other(Permission::Read),
            Self::BucketOwnerFullControl => other(Permission::FullControl),
            _ => None,
        });
        grants
    }
}

/// Whether a list lets `who` (tenant and key; nothing without a key) do something.
#[must_use]
pub fn allows(grants: &[Grant], who: Option<(&str, &str)>, wanted: Permission, ignore_public: bool) -> bool {
    let enough = |may: Permission| may == wanted || may == Permission::FullControl;
    grants.iter().any(|grant| enough(grant.may) && grant.is_for(who, ignore_public))
}

/// Whether a list is for people that it does not name.
#[must_use]
pub fn is_public(grants: &[Grant]) -> bool {
    grants.iter().any(|grant| !matches!(grant.to, Grantee::Id(_)))
}

fn everybody_reads(grants: &[Grant]) -> bool {
    allows(grants, None, Permission::Read, false)
}

/// Refuses a list that cannot be kept.
pub(crate) fn check(grants: &[Grant]) -> Result<(), ObjectsError> {
    if grants.len() > MOST {
        let reason = format!("{} grants", grants.len());
        return Err(ObjectsError::field("acl", reason, format!("write at most {MOST}")));
    }
    Ok(())
}

impl Settings {
    /// Sets the bucket's own list; `None` for the owner alone.
    pub fn set_acl(&mut self, grants: Option<Vec<Grant>>) {
        self.public_list = grants.as_deref().is_some_and(everybody_reads);
        self.acl = grants;
    }

    /// Whether grants count, those to everybody and to whoever has a key included.
    #[must_use]
    pub fn heeds_acls(&self) -> bool {
        self.ownership != Some(Ownership::Enforced)
    }

    /// Whether grants to everybody and to whoever has a key do not count.
    #[must_use]
    pub fn ignores_public_acls(&self) -> bool {
        !self.heeds_acls() || self.public_block.is_some_and(|block| block.ignore_acls)
    }
}

impl Bucket {
    /// Its list, written out.
    #[must_use]
    pub fn grants(&self) -> Vec<Grant> {
        let canned = if self.settings.public_list { Canned::PublicRead } else { Canned::Private };
        self.settings.acl.clone().unwrap_or_else(|| canned.grants(&self.tenant, &self.tenant))
    }

    /// Whether its list lets `who` do something with the bucket itself.
    #[must_use]
    pub fn lets(&self, who: Option<(&str, &str)>, wanted: Permission) -> bool {
        self.settings.heeds_acls() && allows(&self.grants(), who, wanted, self.settings.ignores_public_acls())
    }

    /// Whether its policy is for everybody and its owner holds that back: then it counts for his own keys alone.
    #[must_use]
    pub fn restricts_its_policy(&self) -> bool {
        self.settings.public_block.is_some_and(|block| block.restrict)
            && self.policy.as_ref().is_some_and(|policy| policy.is_public())
    }

    /// Whose an object in it is.
    #[must_use]
    pub fn owner_of<'a>(&'a self, meta: &'a Meta) -> &'a str {
        meta.owner.as_deref().filter(|_| self.settings.heeds_acls()).unwrap_or(&self.tenant)
    }

    /// An object's list, written out.
    #[must_use]
    pub fn grants_of(&self, meta: &Meta) -> Vec<Grant> {
        let canned = if meta.public { Canned::PublicRead } else { Canned::Private };
        let grants = meta.acl.clone().filter(|_| self.settings.heeds_acls());
        grants.unwrap_or_else(|| canned.grants(self.owner_of(meta), &self.tenant))
    }

    /// Whether an object's list or its owner lets `who` do something with it.
    #[must_use]
    pub fn lets_object(&self, meta: &Meta, who: Option<(&str, &str)>, wanted: Permission) -> bool {
        if who.is_some_and(|(tenant, _)| tenant != self.tenant && tenant == self.owner_of(meta)) {
            return true;
        }
        self.settings.heeds_acls() && allows(&self.grants_of(meta), who, wanted, self.settings.ignores_public_acls())
    }
}

impl Meta {
    /// Sets the object's own list; `None` for the owner alone.
    pub fn set_acl(&mut self, grants: Option<Vec<Grant>>) {
        self.public = grants.as_deref().is_some_and(everybody_reads);
        self.acl = grants;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Option<(&str, &str)> = Some(("main", "key_1"));
    const OTHER: Option<(&str, &str)> = Some(("cabs", "key_2"));

    #[test]
    fn canned_lists() {
        let of = |word: &str| Canned::parse(word).map(|canned| canned.grants("cabs", "main")).unwrap_or_default();
        for (word, nobody, somebody, owner) in [
            ("private", false, false, false),
            ("public-read", true, true, true),
            ("authenticated-read", false, true, true),
            ("bucket-owner-read", false, false, true),
        ] {
            let may = |who| allows(&of(word), who, Permission::Read, false);
            assert_eq!((may(None), may(Some(("x", "y"))), may(OWN)), (nobody, somebody, owner), "{word}");
            assert!(may(OTHER), "the owner of {word}");
            assert!(!allows(&of(word), OWN, Permission::WriteAcp, false));
        }
        assert!(allows(&of("bucket-owner-full-control"), OWN, Permission::WriteAcp, false));
        assert!(allows(&of("public-read-write"), None, Permission::Write, false));
        assert!(!allows(&of("public-read-write"), None, Permission::Write, true), "ignored");
        assert!(is_public(&of("authenticated-read")) && !is_public(&of("bucket-owner-read")));
        assert_eq!(Canned::parse("open"), None);
    }

    #[test]
    fn a_grant_names_a_tenant_or_one_of_its_keys() {
        let grants = [Grant::of(Grantee::Id("key_2".to_owned()), Permission::Read)];
        assert!(allows(&grants, OTHER, Permission::Read, false));
        assert!(!allows(&grants, Some(("cabs", "key_3")), Permission::Read, false));
        assert!(!allows(&grants, OTHER, Permission::Write, false));
        assert!(!allows(&grants, None, Permission::Read, false));
    }
}
