//! Quote, order, fulfilment: the state machine and its rules.
