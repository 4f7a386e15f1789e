//! In which order tables are joined: DataFusion joins them as the query lists them.

mod estimate;
mod order;
mod search;
mod semi;

use std::sync::Arc;

use datafusion::execution::session_state::{SessionState, SessionStateBuilder};

use order::JoinOrder;
use semi::SemiJoinsFirst;

/// After this rule filters lie on their tables; what follows it cleans up behind ours.
const PLACE: &str = "push_down_filter";

/// The same state with rules that put joins in order.
pub(super) fn ordered(state: SessionState) -> SessionState {
    let mut rules = state.optimizers().to_vec();
    let place = rules.iter().position(|rule| rule.name() == PLACE).map_or(rules.len(), |ix| ix + 1);
    rules.insert(place, Arc::new(SemiJoinsFirst));
    rules.insert(place + 1, Arc::new(JoinOrder));
    SessionStateBuilder::new_from_existing(state).with_optimizer_rules(rules).build()
}
