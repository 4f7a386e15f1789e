//! Who may do what with a bucket: the decision that all faces share.
//!
//! A key of the bucket's tenant may what its scopes say; everybody else may what the owner has made public, the
//! bucket's policy allows, or an access list grants ([`crate::acl`]).

use doorstep_identity::{Principal, Scope};

use crate::acl::Permission;
use crate::{Asked, Bucket, Meta, Verdict};

/// Tenant and key, as lists name them: what is granted to a tenant is for those of its keys that may touch
/// objects at all, what is granted to a key for that one.
#[must_use]
pub fn listed(who: Option<&Principal>) -> Option<(&str, &str)> {
    let touches = |who: &Principal| [Scope::Operator, Scope::Merchant].into_iter().any(|s| who.scopes.allows(s));
    who.map(|who| (if touches(who) { who.tenant.as_str() } else { "" }, who.key.as_str()))
}

impl Bucket {
    /// What the bucket's policy says of an action (`s3:GetObject`) on `bucket` or `bucket/key`.
    #[must_use]
    pub fn judge(
        &self,
        who: Option<&Principal>,
        action: &str,
        resource: &str,
        context: Vec<(String, String)>,
    ) -> Verdict {
        let Some(policy) = &self.policy else { return Verdict::Silent };
        let who = who.map(|who| (who.tenant.as_str(), who.key.as_str()));
        policy.judge(&Asked { who, action, resource, context })
    }

    /// Whether whoever was let in may have this object: one that another tenant wrote is that tenant's to grant, also
    /// to the keys of the bucket's own.
    #[must_use]
    pub fn yields(&self, who: Option<&Principal>, meta: &Meta, wanted: Permission) -> bool {
        let own = who.is_some_and(|who| who.tenant.as_str() == self.tenant);
        !own || self.owner_of(meta) == self.tenant || self.lets_object(meta, listed(who), wanted)
    }
}

/// What a call needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Objects are read.
    Read,
    /// The bucket is listed.
    List,
    /// Objects are written or deleted.
    Write,
    /// The bucket or its settings are changed or looked at.
    Manage,
}

impl Need {
    /// Whether `who` may do this as a key of the bucket's tenant.
    #[must_use]
    pub fn owns(self, who: Option<&Principal>, bucket: &Bucket) -> bool {
        let own = who.filter(|who| who.tenant.as_str() == bucket.tenant);
        let scopes = match self {
            Self::Read | Self::List | Self::Write => [Scope::Operator, Scope::Merchant].as_slice(),
            Self::Manage => [Scope::Operator].as_slice(),
        };
        own.is_some_and(|who| scopes.iter().any(|scope| who.scopes.allows(*scope)))
    }

    /// Whether `who` may do this with `bucket`, a policy and an object's own list aside.
    #[must_use]
    pub fn allows(self, who: Option<&Principal>, bucket: &Bucket) -> bool {
        let open = !bucket.settings.ignores_public_acls();
        self.owns(who, bucket)
            || match self {
                Self::Read => open && bucket.settings.public_read,
                Self::List => (open && bucket.settings.public_list) || bucket.lets(listed(who), Permission::Read),
                Self::Write => bucket.lets(listed(who), Permission::Write),
                Self::Manage => false,
            }
    }

    /// The same together with what the bucket's policy says; the owner can always repair the bucket's rules.
    #[must_use]
    pub fn allows_with(self, verdict: Verdict, who: Option<&Principal>, bucket: &Bucket) -> bool {
        let own = who.is_some_and(|who| who.tenant.as_str() == bucket.tenant);
        match verdict {
            Verdict::Deny => self == Self::Manage && Self::Manage.owns(who, bucket),
            Verdict::Allow if own || !bucket.restricts_its_policy() => true,
            Verdict::Allow | Verdict::Silent => self.allows(who, bucket),
        }
    }
}
