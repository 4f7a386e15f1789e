//! Tenants, principals, access keys with scopes, signed tokens.
//!
//! *Invariant*: a secret leaves this crate once, in the answer that makes it; what is kept is its
//! hash and, for checking signatures, a form sealed under a key that is not in the store.

mod authorization;
mod error;
pub mod keys;
mod principal;
mod scope;
mod secret;
mod tenants;
mod token;
mod vault;

pub use authorization::{parse_authorization, parse_bearer_base64url};
pub use error::{IdentityError, TokenError};
pub use keys::{Key, Keys, MAIN_TENANT, MIGRATIONS, NewKey};
pub use principal::{KeyId, Principal, TenantId};
pub use scope::{Scope, ScopeSet, UnknownScope};
pub use tenants::Tenant;
pub use token::{MAX_TOKEN, Signer};
pub use vault::Vault;
