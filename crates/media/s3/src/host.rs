//! Which bucket a host names, for the wire.

use doorstep_objects::bucket_of_host;
use s3s::S3Result;
use s3s::host::{S3Host, VirtualHost};

/// The domains under which buckets are hosts.
pub(crate) struct Domains(pub(crate) Vec<String>);

impl S3Host for Domains {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        Ok(match bucket_of_host(host, &self.0) {
            Some(bucket) => VirtualHost::new(host).with_bucket(bucket),
            None => VirtualHost::new(host),
        })
    }
}
