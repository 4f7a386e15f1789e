//! All that a result depends on, known before anything is read or made.

use std::sync::Arc;

use bytes::Bytes;
use doorstep_images::pipeline::{Deliver, Target};
use doorstep_images::{Pipeline, accepted};
use doorstep_objects::{Bucket, Object};

use crate::key::Key;

/// A picture to be laid over.
#[derive(Clone, Debug)]
pub(crate) enum Overlay {
    /// An object of the same bucket.
    Object(Box<Object>),
    /// Bytes that were fetched, and their hash.
    Fetched(Bytes, String),
}

/// What is to be made of which object.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) bucket: Arc<Bucket>,
    pub(crate) object: Object,
    pub(crate) pipeline: Pipeline,
    /// What of the client's `Accept` counts; empty where the pipeline names its format.
    pub(crate) accept: &'static str,
    /// By the names that the pipeline has for them.
    pub(crate) overlays: Vec<(String, Overlay)>,
    pub(crate) key: Key,
}

/// Whether the client's `Accept` has a say in the format.
pub(crate) fn is_negotiated(pipeline: &Pipeline) -> bool {
    matches!(&pipeline.deliver, Deliver::Picture(encoding) if encoding.target == Target::Accepted)
}

/// A version of an object by its content. Equal content of one tenant is equal, wherever it lies.
fn content(object: &Object) -> String {
    format!("{} {}", object.etag, object.size)
}

impl Recipe {
    pub(crate) fn new(
        (bucket, object): (Arc<Bucket>, Object),
        pipeline: Pipeline,
        accept: &str,
        overlays: Vec<(String, Overlay)>,
    ) -> Self {
        let accept = if is_negotiated(&pipeline) { accepted(accept) } else { "" };
        let key = key(&bucket.tenant, &object, &pipeline, accept, &overlays);
        Self { bucket, object, pipeline, accept, overlays, key }
    }
}

impl Recipe {
    /// Whether anything in it is encrypted at rest. Its picture is then not kept: the cache is in the clear.
    pub(crate) fn is_sealed(&self) -> bool {
        let laid = self.overlays.iter().filter_map(|(_, overlay)| match overlay {
            Overlay::Object(object) => Some(&**object),
            Overlay::Fetched(..) => None,
        });
        laid.chain([&self.object]).any(|object| object.meta.sealed.is_some())
    }
}

fn key(tenant: &str, object: &Object, pipeline: &Pipeline, accept: &str, overlays: &[(String, Overlay)]) -> Key {
    let mut parts = vec![tenant.to_owned(), content(object), pipeline.to_string(), accept.to_owned()];
    for (name, overlay) in overlays {
        parts.push(name.clone());
        parts.push(match overlay {
            Overlay::Object(object) => content(object),
            Overlay::Fetched(_, hash) => hash.clone(),
        });
    }
    Key::of(parts.iter().map(String::as_str))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use doorstep_images::grammar;

    use super::*;

    fn object(etag: &str) -> Object {
        let mut object = Object::default();
        (object.etag, object.size) = (etag.to_owned(), 3);
        object
    }

    #[test]
    fn a_key_depends_on_what_the_result_does() {
        let key = |tenant, etag, text, accept: &str| {
            let pipeline = grammar::parse(text).unwrap();
            let accept = if is_negotiated(&pipeline) { accepted(accept) } else { "" };
            super::key(tenant, &object(etag), &pipeline, accept, &[])
        };
        let plain = key("a", "e", "image/resize,w_9", "");
        assert_eq!(plain, key("a", "e", "iopcmd=thumbnail&type=4&width=9&enlarge=0", "image/webp"));
        assert_ne!(plain, key("b", "e", "image/resize,w_9", ""));
        assert_ne!(plain, key("a", "f", "image/resize,w_9", ""));
        assert_ne!(plain, key("a", "e", "image/resize,w_8", ""));
        let auto = |accept| key("a", "e", "image/format,auto", accept);
        assert_eq!(auto("image/webp,*/*;q=0.8"), auto("text/html, image/webp"));
        assert_ne!(auto("image/webp"), auto(""));
        let laid = |etag| {
            let overlays = [("logo".to_owned(), Overlay::Object(Box::new(object(etag))))];
            super::key("a", &object("e"), &grammar::parse("image/info").unwrap(), "", &overlays)
        };
        assert_ne!(laid("1"), laid("2"));
    }
}
