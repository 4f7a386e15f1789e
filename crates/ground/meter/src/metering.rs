//! What producers of usage see of the meter. The binary hands it in.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{Allowance, Amounts, Estimate, Meter, MeterError, PriceBook, Resource, Usage, Wish};

/// The meter, or something in its place.
#[async_trait]
pub trait Metering: Send + Sync + std::fmt::Debug {
    /// Counts something small and frequent; see [`Meter::count`].
    fn count(&self, tenant: &str, source: &str, resource: Resource, quantity: u64);

    /// Takes a piece of work in, once for its id; see [`Meter::record`].
    async fn record(&self, usage: Usage) -> Result<(), MeterError>;

    /// What work would cost; see [`Meter::estimate`].
    async fn estimate(&self, tenant: &str, speed: &str, amounts: &Amounts) -> Result<Estimate, MeterError>;

    /// Whether small work may go on; see [`Meter::admit`].
    async fn admit(&self, tenant: &str) -> Result<(), MeterError>;

    /// Asks for leave to work; see [`Meter::allow`].
    async fn allow(&self, wish: Wish) -> Result<Allowance, MeterError>;
}

/// How producers hold it.
pub type SharedMetering = Arc<dyn Metering>;

#[async_trait]
impl Metering for Meter {
    fn count(&self, tenant: &str, source: &str, resource: Resource, quantity: u64) {
        Self::count(self, tenant, source, resource, quantity);
    }

    async fn record(&self, usage: Usage) -> Result<(), MeterError> {
        Self::record(self, usage).await
    }

    async fn estimate(&self, tenant: &str, speed: &str, amounts: &Amounts) -> Result<Estimate, MeterError> {
        Self::estimate(self, tenant, speed, amounts).await
    }

    async fn admit(&self, tenant: &str) -> Result<(), MeterError> {
        Self::admit(self, tenant).await
    }

    async fn allow(&self, wish: Wish) -> Result<Allowance, MeterError> {
        Self::allow(self, wish).await
    }
}

/// No meter: nothing is counted, and everything is allowed. For tools that work on files of their own user.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unmetered;

#[async_trait]
impl Metering for Unmetered {
    fn count(&self, _: &str, _: &str, _: Resource, _: u64) {}

    async fn record(&self, _: Usage) -> Result<(), MeterError> {
        Ok(())
    }

    async fn estimate(&self, _: &str, speed: &str, amounts: &Amounts) -> Result<Estimate, MeterError> {
        Ok(PriceBook::standard().estimate(speed, &Amounts::new(), amounts)?)
    }

    async fn admit(&self, _: &str) -> Result<(), MeterError> {
        Ok(())
    }

    async fn allow(&self, _: Wish) -> Result<Allowance, MeterError> {
        Ok(Allowance::unmetered())
    }
}
