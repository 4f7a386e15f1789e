//! Buckets and objects: one engine for every protocol face.
//!
//! [`Objects`] keeps what is known of an object in the relational store and its bytes in
//! [`doorstep_blobs`]. A face turns requests of its protocol into these calls and refusals into its own
//! errors; every rule (conditions, versions, dedup, quotas, locks, policies) is here.
//!
//! An upload is read once: MD5, the UFile hash, the checksum that the caller asked for and the bytes'
//! way to disk happen in the same pass. It is acknowledged when bytes and metadata are both on disk;
//! until then nothing of it is visible.
//!
//! ```no_run
//! # async fn demo(objects: doorstep_objects::Objects) -> Result<(), doorstep_objects::ObjectsError> {
//! use doorstep_objects::{Get, NewBucket, Put, body};
//! let bucket = objects.create_bucket("main", "photos", NewBucket::default()).await?;
//! let done = objects.put(&bucket, "cat.jpg", body(b"...".as_slice()), Put::default()).await?;
//! assert_eq!(done.object.etag.len(), 32);
//! let found = objects.get(&bucket, "cat.jpg", Get::default()).await?;
//! let bytes = found.collect(1 << 20).await?;
//! # let _ = bytes; Ok(()) }
//! ```

mod access;
pub mod acl;
mod age;
mod append;
mod blob_refs;
mod bucket;
mod change;
mod checksum;
mod collect;
mod conditions;
mod config;
mod copy;
mod cors;
mod delete;
mod deliver;
mod digest;
mod error;
pub mod events;
pub mod form;
mod get;
mod hit;
mod host;
mod incoming;
mod lifecycle;
mod list;
mod list_versions;
mod making;
pub mod metrics;
mod multipart;
mod object;
mod pace;
mod pattern;
mod policy;
mod put;
mod range;
mod reading;
mod receive;
mod records;
mod restore;
mod schema;
mod seal;
mod service;
mod settings;
mod ufile_hash;
mod unseal;
mod upload;
mod usage;
mod watch;
pub mod website;
pub mod xml;

pub use access::{Need, listed};
pub use age::Aged;
pub use bucket::{Bucket, BucketName, NewBucket};
pub use checksum::{Algorithm, Checksum};
pub use collect::Scrubbed;
pub use conditions::{ReadConditions, WriteConditions};
pub use config::Config;
pub use copy::{Copy, Directive};
pub use cors::{CorsAnswer, CorsRule, cors};
pub use delete::{Delete, Deleted};
pub use deliver::{Courier, Message};
pub use digest::{Md5Sum, md5};
pub use error::ObjectsError;
pub use get::{Found, Get};
pub use host::bucket_of_host;
pub use incoming::Incoming;
pub use lifecycle::{Due, LifecycleRule};
pub use list::{List, ListPage};
pub use list_versions::{ListVersions, Version, VersionPage};
pub use making::{Made, Maker, NotMade, Order};
pub use multipart::{Complete, CompletedPart, ListUploads, NewUpload, PartCopy, PutPart};
pub use object::{Headers, LockMode, Meta, Object, Retention, StorageClass};
pub use pace::{Pace, Paced};
pub use policy::{Asked, Policy, Verdict};
pub use put::{Expected, Put, Written};
pub use range::ByteRange;
pub use reading::{AsSource, Granted, Refusal, Served, Told, Words};
pub use receive::{Body, BodyError, body};
pub use restore::Restored;
pub use schema::MIGRATIONS;
pub use seal::{CustomerKey, Encrypt, MasterKey, Sealed};
pub use service::Objects;
pub use settings::{DefaultEncryption, LockDefault, Ownership, PublicBlock, Quota, Settings, Versioning};
pub use ufile_hash::{UFILE_BLOCK, UfileHash};
pub use upload::{Part, PartPage, Plan, Upload, UploadPage};
pub use usage::{BucketUsage, Usage};
pub use watch::Watcher;
