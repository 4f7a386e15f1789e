//! Amounts in minor units, currencies and rounding.
