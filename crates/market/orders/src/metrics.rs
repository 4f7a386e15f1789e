//! Names of this crate's metrics.

use crate::machine::{CommandKind, EventKind};

/// Counter, label `kind`: changes committed.
const EVENTS: &str = "doorstep_orders_events_total";
/// Counter, labels `command`, `reason`: commands refused.
const REFUSED: &str = "doorstep_orders_refused_total";

/// Every metric of this crate with its meaning.
pub const METRICS: &[(&str, &str)] =
    &[(EVENTS, "Changes of orders committed, by kind of event"), (REFUSED, "Commands refused, by command and reason")];

pub(crate) fn changed(kind: EventKind) {
    metrics::counter!(EVENTS, "kind" => kind.as_str()).increment(1);
}

pub(crate) fn refused(command: CommandKind, reason: &'static str) {
    metrics::counter!(REFUSED, "command" => command.as_str(), "reason" => reason).increment(1);
}
