//! The live decision for shared rides: which riders each moving car takes, in which order of stops.
