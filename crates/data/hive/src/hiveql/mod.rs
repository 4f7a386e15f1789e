//! HiveQL: text → tokens → [`Statement`] → a syntax tree that DataFusion plans.
//!
//! [`parse`] and [`rewrite`] are pure functions of the text. What Hive writes otherwise than DataFusion is
//! changed in two places: [`tokens`] for what the parser would not read, [`rewrite`] for what the planner
//! would understand otherwise. What cannot be had is refused by its name.

mod calls;
mod coerce;
mod ddl;
mod dialect;
mod lateral;
mod multi;
mod parse;
mod rewrite;
mod rules;
mod sample;
mod show;
mod statement;
mod tokens;
mod types;

pub use coerce::Coercion;
pub use lateral::LateralViews;
pub use parse::{parse, query};
pub use rewrite::{Asker, rewrite, rewrite_change};
pub use statement::{
    AlterTable, Change, ColumnSpec, CreateFunction, CreateTable, Describe, DropWhat, Explained, Insert, LoadData, Name,
    PartitionSpec, Show, Statement, TextFormat,
};
pub use types::{arrow_type, hive_type};

pub(crate) use calls::{FUNCTIONS, HiveFunction, find};
pub(crate) use ddl::{fits_text, one_char, shown};
pub(crate) use rules::is_known;
pub(crate) use show::fits;
