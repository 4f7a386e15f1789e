//! Why somebody is not let in, and why a token is not believed.

use doorstep_store::StoreError;

use crate::{Scope, ScopeSet};

/// Why somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// No credentials, or not in a known form.
    #[error("no usable credentials: send `Authorization: Bearer ACCESS:SECRET`, or Basic with the same two parts")]
    Missing,
    /// Credentials that nobody has: unknown, wrong, revoked or expired. Which of these it is stays secret.
    #[error("the access key is not valid")]
    Invalid,
    /// A known key that may not do this.
    #[error("this needs the scope `{needed}`; the key has {held}")]
    Forbidden {
        /// What would be needed.
        needed: Scope,
        /// What the key has.
        held: ScopeSet,
    },
    /// A key that does not exist in this tenant.
    #[error("there is no key {0}")]
    NoSuchKey(String),
    /// A tenant that was never made.
    #[error("there is no tenant `{0}`: make it with `doorstep tenant create`")]
    NoSuchTenant(String),
    /// A tenant that is there already.
    #[error("there is a tenant `{0}` already: choose another id")]
    TenantExists(String),
    /// A field of a new key that cannot stand.
    #[error("{field}: {reason}; {fix}")]
    InvalidField {
        /// JSON pointer of the field.
        field: &'static str,
        /// What is wrong.
        reason: String,
        /// What would be right.
        fix: &'static str,
    },
    /// A good key whose secret is not in the vault.
    #[error(
        "the key {0} cannot sign: it is older than this Doorstep's vault; use it once as a Bearer key, or make a new one"
    )]
    CannotSign(String),
    /// The file with the node key.
    #[error("cannot use the node key in {file}: {reason}; name another file, or put the right one back")]
    Vault {
        /// The file.
        file: String,
        /// Why not.
        reason: String,
    },
    /// The machine's source of randomness failed.
    #[error("the operating system gives no randomness: {0}")]
    Entropy(String),
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not in the form of a token.
    #[error("the token is not in the form of one: it was cut or is something else")]
    Malformed,
    /// Its signature does not fit: it was changed, or signed elsewhere.
    #[error("the token was altered, or was not issued here")]
    Altered,
    /// A good token for another purpose.
    #[error("the token was issued for another purpose")]
    WrongPurpose,
}
