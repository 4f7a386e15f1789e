//! What a client's texts ask for: statements apart, those of the session read here, the others read by the lake.

mod action;
mod parameters;
mod pieces;
mod values;

pub(crate) use action::{Action, Count, kind_of, read};
pub(crate) use parameters::{bind, count, count_rows, type_names};
pub(crate) use pieces::{Piece, pieces};
pub(crate) use values::{literal, null_of};
