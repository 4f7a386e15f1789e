//! A live city in process, on a grid of streets and a clock that the test moves.

#![allow(clippy::unwrap_used)]

mod hours;
mod needs;
mod offers;
mod recovery;
mod rides;
mod sandbox;
mod shared;
mod suggestions;
mod surge;
mod windows;
