//! The kinds of cars that a city's tenants have, at work or not: so that a ride which none of them can ever serve is
//! refused when its price is asked for, and not after a wait in vain.

use std::collections::{HashMap, HashSet};

use doorstep_orders::{Asked, CarKind, Lack, lacking};
use parking_lot::RwLock;

use crate::live::error::LiveError;
use crate::live::service::Shared;

/// Kinds of cars by tenant.
#[derive(Default)]
pub(crate) struct Garage(RwLock<HashMap<String, HashSet<CarKind>>>);

impl Garage {
    /// Takes what the store knows in place of what was known.
    pub(crate) fn renew(&self, kinds: Vec<(String, CarKind)>) {
        let mut by_tenant: HashMap<String, HashSet<CarKind>> = HashMap::new();
        for (tenant, kind) in kinds {
            by_tenant.entry(tenant).or_default().insert(kind);
        }
        *self.0.write() = by_tenant;
    }

    /// A driver was registered or has changed.
    pub(crate) fn note(&self, tenant: &str, kind: CarKind) {
        let known = self.0.read().get(tenant).is_some_and(|kinds| kinds.contains(&kind));
        if !known {
            self.0.write().entry(tenant.to_owned()).or_default().insert(kind);
        }
    }

    /// What all cars of a tenant lack for a rider; nothing where one of them will do, or where there is none yet.
    pub(crate) fn lacks(&self, tenant: &str, asked: &Asked) -> Vec<Lack> {
        self.0.read().get(tenant).and_then(|kinds| lacking(kinds.iter(), asked)).unwrap_or_default()
    }
}

impl Shared {
    /// Reads the kinds of cars from the store.
    pub(crate) async fn renew_garage(&self) -> Result<(), LiveError> {
        let city = self.map.id().to_owned();
        let kinds = self.orders.read(move |orders, tx| orders.car_kinds_in(tx, &city)).await?;
        self.garage.renew(kinds);
        Ok(())
    }
}
