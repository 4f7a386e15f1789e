//! Which store a URL names: S3 and what else `object_store` knows, and HDFS.

use std::sync::Arc;
use std::time::Duration;

use hdfs_native_object_store::HdfsObjectStoreBuilder;
use object_store::ObjectStore;
use object_store::path::Path;
use url::Url;

use crate::{BlobId, BlobsError};

/// How long the stores of `object_store` may take: longer than they try again themselves.
const PATIENCE: Duration = Duration::from_secs(240);
/// How long HDFS may take for one step: its client waits for ever.
const HDFS_PATIENCE: Duration = Duration::from_secs(60);

/// A store, the folder inside, and how long it may take for one step.
pub(crate) struct Store {
    pub(crate) store: Arc<dyn ObjectStore>,
    pub(crate) prefix: Path,
    pub(crate) patience: Duration,
    /// Whether bytes go into a file beside their place first, which stays when writing fails ([`beside`]).
    pub(crate) leaves: bool,
}

/// Opens the store that a URL names; nothing is asked of it yet.
pub(crate) fn open(url: &str) -> Result<Store, BlobsError> {
    let bad = |reason: String| BlobsError::Url { url: without_secret(url), reason };
    let parsed = url.parse::<Url>().map_err(|e| bad(e.to_string()))?;
    if parsed.scheme() == "hdfs" {
        return hdfs(&parsed).map_err(bad);
    }
    // What the parser says repeats the URL.
    let bad = |reason: String| bad(reason.replace(parsed.as_str(), &without_secret(parsed.as_str())));
    // Variables that are not the store's are skipped by the parser.
    let options = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
    let (store, prefix) = object_store::parse_url_opts(&parsed, options).map_err(|e| bad(e.to_string()))?;
    Ok(Store { store: Arc::from(store), prefix, patience: PATIENCE, leaves: false })
}

/// `hdfs://namenode:8020/folder`, or a name service that the files in `HADOOP_CONF_DIR` describe.
fn hdfs(url: &Url) -> Result<Store, String> {
    let host = url.host_str().filter(|host| !host.is_empty());
    let host = host.ok_or("it names no NameNode (`hdfs://namenode:8020/folder`)")?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("HADOOP_USER_NAME says who writes into HDFS, not the URL".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("what follows `?` or `#` says nothing to HDFS".to_owned());
    }
    let node = url.port().map_or_else(|| format!("hdfs://{host}"), |port| format!("hdfs://{host}:{port}"));
    let store = HdfsObjectStoreBuilder::new().with_url(node).build().map_err(|error| {
        format!("{error}; give the NameNode's port, or describe the name service in hdfs-site.xml in HADOOP_CONF_DIR")
    })?;
    let prefix = Path::from_url_path(url.path()).map_err(|e| e.to_string())?;
    Ok(Store { store: Arc::new(store), prefix, patience: HDFS_PATIENCE, leaves: true })
}

/// Where HDFS's writer puts a blob before it moves it to its place: it counts up from 1, and no id is used twice.
pub(crate) fn beside(folder: Path, id: BlobId) -> Path {
    folder.join(format!(".{id}.tmp.1"))
}

/// The blob of a file that HDFS's writer has not moved to its place yet (`.ID.tmp.1`).
pub(crate) fn unfinished(name: &str) -> Option<BlobId> {
    let (id, number) = name.strip_prefix('.')?.split_once(".tmp.")?;
    number.bytes().all(|digit| digit.is_ascii_digit()).then(|| id.parse().ok())?
}

/// Whether a store refuses because it has no room. HDFS's client gives the NameNode's words on.
pub(crate) fn is_full(error: &object_store::Error) -> bool {
    let object_store::Error::Generic { source, .. } = error else { return false };
    let said = source.to_string();
    // Hadoop 2 and 3 word it differently; without a living DataNode it is no question of room.
    let nowhere = ["could only be replicated to 0 nodes", "could only be written to 0 of the "];
    said.contains("QuotaExceededException")
        || (nowhere.iter().any(|words| said.contains(words)) && !said.contains("There are 0 datanode(s) running"))
}

fn without_secret(url: &str) -> String {
    match (url.split_once("://"), url.rfind('@')) {
        (Some((scheme, _)), Some(at)) => format!("{scheme}://…{}", &url[at..]),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn refused(url: &str) -> String {
        match open(url) {
            Err(error @ BlobsError::Url { .. }) => error.to_string(),
            Err(error) => panic!("{url}: {error}"),
            Ok(_) => panic!("{url} was taken"),
        }
    }

    #[test]
    fn urls_that_name_no_store() {
        for bad in ["", "blobs", "nowhere://x", "s3://", "hdfs://", "hdfs:///folder", "hdfs://node/folder?x=1"] {
            refused(bad);
        }
        for hidden in ["nowhere://user:secret@host/", "hdfs://user:secret@node:8020/"] {
            let said = refused(hidden);
            assert!(!said.contains("secret") && said.contains("://…@"), "{said}");
        }
        assert!(refused("hdfs://cluster").contains("HADOOP_CONF_DIR"), "nothing says which nodes those are");
        let folder = |url: &str| open(url).unwrap().prefix.to_string();
        assert_eq!((folder("hdfs://node:8020/a/b%20c/"), folder("hdfs://node:9000")), ("a/b c".into(), String::new()));
    }

    #[test]
    fn files_that_were_never_finished() {
        let id = BlobId::fresh();
        assert_eq!(unfinished(beside(Path::default(), id).filename().unwrap()), Some(id));
        assert_eq!(unfinished(&format!(".{id}.tmp.12")), Some(id));
        for other in
            [id.to_string(), format!(".{id}.tmp"), format!("{id}.tmp.1"), format!(".{id}.tmp.x"), "owner".into()]
        {
            assert_eq!(unfinished(&other), None, "{other}");
        }
    }

    #[test]
    fn no_room_is_told_from_no_node() {
        let said = |words: &str| object_store::Error::Generic { store: "HDFS", source: words.into() };
        assert!(is_full(&said(
            "RPC error: org.apache.hadoop.hdfs.protocol.DSQuotaExceededException The DiskSpace quota"
        )));
        let nowhere = "File /x could only be replicated to 0 nodes instead of minReplication (=1).  There are";
        assert!(is_full(&said(&format!("{nowhere} 1 datanode(s) running and no node(s) are excluded"))));
        assert!(!is_full(&said(&format!("{nowhere} 0 datanode(s) running and no node(s) are excluded"))));
        assert!(!is_full(&said("connection refused")));
    }
}
