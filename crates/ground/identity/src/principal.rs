//! Who is calling.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{IdentityError, Scope, ScopeSet};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// From its text.
            #[must_use]
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// Its text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// A tenant: one company on this Doorstep. Nothing of one is seen by another.
    TenantId
}
id! {
    /// The public half of an access key.
    KeyId
}

/// Who is calling: a key of a tenant, with what it may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Principal {
    /// Whose key it is.
    pub tenant: TenantId,
    /// Which key it is.
    pub key: KeyId,
    /// What the key is called.
    pub name: String,
    /// What it may do.
    pub scopes: ScopeSet,
}

impl Principal {
    /// Whether it may do what `scope` allows.
    #[must_use]
    pub const fn allows(&self, scope: Scope) -> bool {
        self.scopes.allows(scope)
    }

    /// Refuses a principal without `scope`.
    ///
    /// # Errors
    /// [`IdentityError::Forbidden`] with what is needed and what is held.
    pub const fn require(&self, scope: Scope) -> Result<(), IdentityError> {
        if self.allows(scope) { Ok(()) } else { Err(IdentityError::Forbidden { needed: scope, held: self.scopes }) }
    }
}
