//! Surge off and on by an operator's word: durable, told in the journal, in force at once.

use std::collections::BTreeMap;

use doorstep_clock::Timestamp;
use doorstep_orders::OrdersError;
use doorstep_store::{Tx, kv, outbox};
use serde::{Deserialize, Serialize};

use super::stream;
use crate::live::LiveCity;

/// An operator's word: whether riders are charged surge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SurgeSwitch {
    /// Whether they are.
    pub on: bool,
    /// Which key said it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// City time.
    pub at: Timestamp,
}

/// The setting in which a city's switches are kept, by tenant.
pub(super) fn setting(city: &str) -> String {
    format!("city.{city}.surge")
}

impl LiveCity {
    /// Keeps an operator's word and tells the journal, in a transaction of the caller's own. Call
    /// [`LiveCity::surge_switched`] once it is committed.
    pub fn switch_surge_in(&self, tx: &mut dyn Tx, tenant: &str, switch: &SurgeSwitch) -> Result<(), OrdersError> {
        let setting = setting(self.id());
        let mut all: BTreeMap<String, SurgeSwitch> = kv::get(tx, &setting)?.unwrap_or_default();
        all.insert(tenant.to_owned(), switch.clone());
        kv::put(tx, &setting, &all)?;
        let told = serde_json::json!({
            "tenant": tenant, "on": switch.on, "by": switch.by, "reason": switch.reason, "at": switch.at,
        });
        outbox::append(tx, &stream(self.id()), super::log::SWITCHED, tenant, &told, switch.at)?;
        Ok(())
    }

    /// From now on the quotes of this tenant follow the operator's word.
    pub fn surge_switched(&self, tenant: &str, switch: SurgeSwitch) {
        tracing::warn!(
            city = self.id(),
            tenant,
            on = switch.on,
            by = switch.by,
            reason = switch.reason,
            "surge was switched"
        );
        self.shared().surge.switched(tenant, switch);
    }
}
