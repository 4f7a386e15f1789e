//! Fares as data, surge by cell, and the reason for every price.
