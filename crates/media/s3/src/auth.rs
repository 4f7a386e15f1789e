//! Who signs with this key: the secret behind it, out of the vault.

use doorstep_identity::Keys;
use s3s::S3Result;
use s3s::auth::{S3Auth, SecretKey};

use crate::error;

/// Secrets of access keys.
pub(crate) struct Secrets(pub(crate) Keys);

#[async_trait::async_trait]
impl S3Auth for Secrets {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        match self.0.signing_secret(access_key).await {
            Ok((_, secret)) => Ok(SecretKey::from(secret.to_string())),
            Err(refused) => Err(error::identity(&refused)),
        }
    }
}
