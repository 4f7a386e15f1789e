//! Measures Doorstep beside its peers.
