//! Pictures out of buckets: asked for by URL, made once, kept and bounded.
//!
//! [`Pictured`] stands in front of a face of the object engine. A request that asks for nothing of a picture passes
//! through. One that does is put to the face first, which says whether the caller may read the object at all; then
//! its pipeline becomes a result: out of the cache, by joining the same work under way, or made on one of the
//! [`Pictures`]' own threads. Upload rules go the same way by themselves, from a table that is written with the upload.
//!
//! *Invariant*: whatever is read from a bucket here, as source or as watermark, a face has granted to the caller, or
//! the bucket's owner has named it in a style, a rule or a signed path.

mod answer;
mod ask;
mod cache;
mod desk;
mod error;
mod flights;
mod jobs;
mod key;
mod layer;
pub mod metrics;
mod overlays;
mod picture;
mod preview;
mod recipe;
mod rules;
mod service;
mod settings;
mod uploads;
mod usage;
mod worker;
mod workshop;

pub use ask::{Ask, Named, Place, Wanted};
pub use cache::CachePlace;
pub use desk::NewPathKey;
pub use error::PictureError;
pub use jobs::MIGRATIONS;
pub use layer::Pictured;
pub use picture::{About, Picture};
pub use rules::{RuleResult, UploadRule};
pub use service::{Config, Needs, Pictures};
pub use settings::{PathKey, PictureSettings, Style, is_name};
pub use usage::{Meter, Unmetered, Usage};
pub use workshop::WorkshopConfig;
