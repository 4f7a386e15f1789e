//! Who may do what with a bucket: the decision that all faces share.
//!
//! A key of the bucket's tenant may what its scopes say; everybody else may only read what the owner has
//! made public or what the bucket's policy allows.

use doorstep_identity::{Principal, Scope};

use crate::{Asked, Bucket, Verdict};

impl Bucket {
    /// What the bucket's policy says of an action (`s3:GetObject`) on `bucket` or `bucket/key`.
    #[must_use]
    pub fn judge(
        &self,
        who: Option<&Principal>,
        action: &str,
        resource: &str,
        context: Vec<(&'static str, String)>,
    ) -> Verdict {
        let Some(policy) = &self.policy else { return Verdict::Silent };
        let who = who.map(|who| (who.tenant.as_str(), who.key.as_str()));
        policy.judge(&Asked { who, action, resource, context })
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
    /// Whether `who` may do this with `bucket`, a policy aside.
    #[must_use]
    pub fn allows(self, who: Option<&Principal>, bucket: &Bucket) -> bool {
        let own = who.filter(|who| who.tenant.as_str() == bucket.tenant);
        let scopes = match self {
            Self::Read | Self::List | Self::Write => [Scope::Operator, Scope::Merchant].as_slice(),
            Self::Manage => [Scope::Operator].as_slice(),
        };
        if own.is_some_and(|who| scopes.iter().any(|scope| who.scopes.allows(*scope))) {
            return true;
        }
        match self {
            Self::Read => bucket.settings.public_read,
            Self::List => bucket.settings.public_list,
            Self::Write | Self::Manage => false,
        }
    }

    /// The same together with what the bucket's policy says; the owner can always repair the bucket's rules.
    #[must_use]
    pub fn allows_with(self, verdict: Verdict, who: Option<&Principal>, bucket: &Bucket) -> bool {
        match verdict {
            Verdict::Deny => self == Self::Manage && Self::Manage.allows(who, bucket),
            Verdict::Allow => true,
            Verdict::Silent => self.allows(who, bucket),
        }
    }
}
