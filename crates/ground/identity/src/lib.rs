//! Tenants, principals, access keys with scopes, signed tokens.
