//! Time, seeded randomness and deadlines: the only door to the wall clock and the RNG.
