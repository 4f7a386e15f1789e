//! Where what pictures use is taken down.

use doorstep_meter::Resource;
use doorstep_pictures::{Meter, Usage};

/// Takes down what pictures cost: the tenant whose bucket it is pays for each that was made.
pub(crate) struct Pictures(pub(crate) doorstep_meter::Meter);

impl Meter for Pictures {
    fn picture(&self, usage: &Usage) {
        let Usage { tenant, bucket, cpu, bytes_in, bytes_out, pixels } = usage;
        let cpu_ms = u64::try_from(cpu.as_millis()).unwrap_or(u64::MAX);
        self.0.count(tenant, bucket, Resource::ImagePictures, 1);
        self.0.count(tenant, bucket, Resource::ImageCpu, cpu_ms.max(1));
        tracing::debug!(target: "doorstep::usage", tenant, bucket, cpu_ms, bytes_in, bytes_out, pixels, "a picture");
    }

    fn asked(&self, tenant: &str, bucket: &str) {
        self.0.count(tenant, bucket, Resource::RequestsRead, 1);
    }
}
