//! Where what was used is taken down.

use doorstep_pictures::{Meter, Usage};

/// Takes down what pictures cost.
pub(crate) struct Pictures;

impl Meter for Pictures {
    fn picture(&self, usage: &Usage) {
        let Usage { tenant, bucket, cpu, bytes_in, bytes_out, pixels } = usage;
        let cpu_ms = cpu.as_secs_f64() * 1000.0;
        tracing::debug!(target: "doorstep::usage", tenant, bucket, cpu_ms, bytes_in, bytes_out, pixels, "a picture");
    }
}
