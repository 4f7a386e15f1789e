//! What a bucket's owner has set.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::acl::Grant;
use crate::cors::CorsRule;
use crate::events::EventRule;
use crate::lifecycle::LifecycleRule;
use crate::object::LockMode;
use crate::website::Website;

/// Whether older versions are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Versioning {
    /// Never were.
    #[default]
    Off,
    /// Each write makes a version.
    Enabled,
    /// Old versions stay, new writes make none.
    Suspended,
}

/// How much a bucket may hold, all versions together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Quota {
    /// Bytes.
    pub bytes: Option<u64>,
    /// Objects and versions.
    pub objects: Option<u64>,
}

/// How long new versions are kept where an upload says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockDefault {
    /// How strictly.
    pub mode: LockMode,
    /// For how many days.
    pub days: u32,
    /// The days were given as years of 365.
    #[serde(default)]
    pub in_years: bool,
}

/// How objects are encrypted that nothing else was said of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "by")]
pub enum DefaultEncryption {
    /// Under the node's key.
    Node,
    /// Under a named one.
    Named {
        /// Its name.
        key: String,
    },
}

/// Whose the objects are that other tenants write, and whether lists count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ownership {
    /// The bucket's owner's; only the policy says who else may what.
    Enforced,
    /// The bucket's owner's, if the writer gives him full control.
    Preferred,
    /// The writer's.
    Writer,
}

/// What of public access is held back, whatever lists and policies say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PublicBlock {
    /// Lists for everybody are refused.
    pub block_acls: bool,
    /// Those that are there do not count.
    pub ignore_acls: bool,
    /// Policies for everybody are refused.
    pub block_policy: bool,
    /// A policy for everybody counts for the owner's keys alone.
    pub restrict: bool,
}

/// A bucket's settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Whether older versions are kept.
    pub versioning: Versioning,
    /// Whoever asks without a key may read objects.
    pub public_read: bool,
    /// Whoever asks without a key may list the bucket.
    pub public_list: bool,
    /// Objects can be locked; only together with versioning.
    pub lockable: bool,
    /// How long new versions are kept where an upload says nothing.
    pub lock_default: Option<LockDefault>,
    /// How much it may hold.
    pub quota: Option<Quota>,
    /// Tags of the bucket.
    pub tags: Vec<(String, String)>,
    /// Which pages of other origins may use it.
    pub cors: Vec<CorsRule>,
    /// What happens to objects by themselves.
    pub lifecycle: Vec<LifecycleRule>,
    /// Who else may do what, as it was written.
    pub policy: Option<String>,
    /// How objects are encrypted where an upload says nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encryption: Option<DefaultEncryption>,
    /// Who else may what with the bucket itself; without it the owner alone, and who `public_list` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acl: Option<Vec<Grant>>,
    /// Whose the objects are that other tenants write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ownership: Option<Ownership>,
    /// What of public access is held back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_block: Option<PublicBlock>,
    /// Which events go where.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventRule>,
    /// What it is as a website.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub website: Option<Website>,
    /// Settings of one face alone, by the face's name for them.
    pub extra: BTreeMap<String, serde_json::Value>,
}
