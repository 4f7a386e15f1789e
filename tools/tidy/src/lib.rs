//! Checks that the house keeps its rules.
