//! In front of a face: requests for pictures are answered here, all others pass through.

use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use doorstep_clock::{Timestamp, monotonic};
use doorstep_identity::Principal;
use doorstep_images::Pipeline;
use doorstep_images::grammar::{self, imgproxy};
use doorstep_objects::{AsSource, Bucket, Granted, Object, ObjectsError, Served, Words};
use futures::future::BoxFuture;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tower::{Service, ServiceExt as _};

use crate::answer::{self, Validators};
use crate::ask::{Ask, Named, Place, Wanted};
use crate::overlays::{self, Source};
use crate::recipe::{Overlay, Recipe, is_negotiated};
use crate::service::{Way, count};
use crate::{PictureError, PictureSettings, Pictures, desk, metrics};

/// What of a key is escaped in an address.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// What asking for a picture is called in logs.
const GET_PICTURE: &str = "GetPicture";

/// A face with pictures in front of it, as a `tower` service. Cheap to clone when the face is.
#[derive(Clone, Debug)]
pub struct Pictured<S> {
    face: S,
    pictures: Pictures,
}

/// How far a request can be believed.
#[derive(Clone, Copy, Debug)]
struct Trust {
    /// By a key of the bucket's tenant, or by a path signed with one of the bucket's own.
    own: bool,
    /// By anybody's key.
    keyed: bool,
    /// The signature covers what is asked of the picture.
    believed: bool,
}

/// Nobody has signed.
const NOBODY: Trust = Trust { own: false, keyed: false, believed: false };

/// Who may have the source.
struct Grant {
    granted: Granted,
    trust: Trust,
    who: Option<Principal>,
    /// What the face says to pages of other origins.
    cors: HeaderMap,
}

/// A refusal of ours, or the face's own.
enum Refused {
    Ours(PictureError),
    Face(Box<Response<Body>>),
}

impl<E: Into<PictureError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Ours(error.into())
    }
}

impl<S> Pictured<S> {
    /// Pictures in front of `face`, which marks what it grants as [`Granted`].
    pub fn new(face: S, pictures: Pictures) -> Self {
        Self { face, pictures }
    }
}

impl<S, B> Service<Request<Body>> for Pictured<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.face.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let this = self.clone();
        let head = request.method() == Method::HEAD;
        if request.method() != Method::GET && !head {
            return Box::pin(async move { Ok(this.pass(request).await) });
        }
        Box::pin(async move {
            let path = request.uri().path().to_owned();
            let words = request.extensions().get::<Words>().copied();
            let answered = match Ask::of(&path, request.uri().query()) {
                Ok(None) => this.original(request).await,
                Ok(Some(ask)) => this.picture(ask, request).await,
                Err(error) => Err(error.into()),
            };
            Ok(match answered {
                Ok(response) => response,
                Err(Refused::Face(response)) => *response,
                Err(Refused::Ours(error)) => {
                    metrics::refused(error.reason());
                    answer::refusal(&error, &path, words, head)
                }
            })
        })
    }
}

/// What nobody may who has not signed, and what no signature may that does not cover it. A pure decision.
fn allowed(settings: &PictureSettings, key: &str, wanted: &Wanted, grant: &Trust) -> Result<(), PictureError> {
    let styled = matches!(wanted, Wanted::Style(_));
    if !grant.own && !styled && settings.protects(key) {
        return Err(PictureError::Protected);
    }
    if settings.sealed && grant.keyed && !grant.believed {
        return Err(PictureError::Sealed);
    }
    Ok(())
}

/// What is done, and when the owner has changed it last.
pub(crate) fn pipeline(
    settings: &PictureSettings,
    wanted: Wanted,
) -> Result<(Pipeline, Option<Timestamp>), PictureError> {
    match wanted {
        Wanted::Pipeline(pipeline) => Ok((*pipeline, None)),
        Wanted::Style(name) => {
            let style = settings.styles.get(&name).ok_or(PictureError::NoSuchStyle { name })?;
            Ok((grammar::parse(&style.process)?, Some(style.saved_at)))
        }
    }
}

fn carries_a_signature(parts: &Parts) -> bool {
    let query = parts.uri.query().unwrap_or_default();
    parts.headers.contains_key(header::AUTHORIZATION) || query.contains("Signature=")
}

fn with_query(uri: &Uri, query: &str) -> Uri {
    let target = if query.is_empty() { uri.path().to_owned() } else { format!("{}?{query}", uri.path()) };
    // The path and a part of the query that were in a URI already.
    target.parse().unwrap_or_else(|_| uri.clone())
}

fn told_to_pages(headers: &HeaderMap) -> HeaderMap {
    let about = |name: &header::HeaderName| name.as_str().starts_with("access-control-") || *name == header::VARY;
    headers.iter().filter(|(name, _)| about(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

impl<S, B> Pictured<S>
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    async fn pass(&self, request: Request<Body>) -> Response<Body> {
        match self.face.clone().oneshot(request).await {
            Ok(response) => response.map(Body::new),
            Err(never) => match never {},
        }
    }

    /// An object itself: protected ones are for those who sign.
    async fn original(&self, request: Request<Body>) -> Result<Response<Body>, Refused> {
        let response = self.pass(request).await;
        if let Some(granted) = response.extensions().get::<Granted>() {
            let own = granted.who.as_ref().is_some_and(|who| *who == granted.bucket.tenant);
            if !own && PictureSettings::of(&granted.bucket.settings)?.protects(&granted.object.key) {
                return Err(PictureError::Protected.into());
            }
        }
        Ok(response)
    }

    async fn picture(&self, ask: Ask, request: Request<Body>) -> Result<Response<Body>, Refused> {
        let started = monotonic();
        let (parts, _) = request.into_parts();
        let (headers, head) = (parts.headers.clone(), parts.method == Method::HEAD);
        let path = parts.uri.path().to_owned();
        let words = parts.extensions.get::<Words>().copied();
        let Ask { wanted, place } = ask;
        let grant = match place {
            Place::Protocol { rest } => self.by_protocol(parts, &rest).await?,
            Place::Path(named) => self.by_path(&parts, named).await?,
        };
        let Granted { bucket, object, .. } = grant.granted.clone();
        let served = Served {
            bucket: Arc::clone(&bucket),
            key: Some(object.key.clone()),
            operation: GET_PICTURE.into(),
            who: grant.who.clone(),
            let_in: true,
        };
        let settings = PictureSettings::of(&bucket.settings)?;
        let trust = grant.trust;
        allowed(&settings, &object.key, &wanted, &trust)?;
        let styled = matches!(wanted, Wanted::Style(_));
        let (pipeline, saved_at) = pipeline(&settings, wanted)?;
        let trusted = styled || (trust.own && trust.believed);
        let overlays = self.overlays(&bucket, &settings, &pipeline, trusted, &headers).await?;
        let cache_control = object.meta.headers.cache_control.clone();
        let cache_control = cache_control.unwrap_or_else(|| settings.cache_control(!trust.keyed));
        let (modified, negotiated) =
            (object.modified.max(saved_at.unwrap_or(object.modified)), is_negotiated(&pipeline));
        let accept = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let accept = accept.collect::<Vec<_>>().join(",");
        let recipe = Recipe::new((bucket, object), pipeline, &accept, overlays);
        let validators = Validators { etag: recipe.key.etag(), modified, cache_control, negotiated };
        let mut response = if validators.check(&headers)? {
            let (outcome, way) = self.pictures.make(recipe).await;
            count(&outcome, way, started.elapsed());
            match outcome {
                Ok(picture) => answer::picture(picture, &validators, way == Way::Hit, head),
                Err(error) => answer::refusal(&error, &path, words, head),
            }
        } else {
            metrics::answered("unchanged", started.elapsed());
            answer::unchanged(&validators)
        };
        for (name, value) in &grant.cors {
            response.headers_mut().append(name, value.clone());
        }
        response.extensions_mut().insert(served);
        Ok(response)
    }

    /// Asks the face with the request as it came, and, if its signature does not cover what is asked of the picture,
    /// without that.
    async fn by_protocol(&self, mut parts: Parts, rest: &str) -> Result<Grant, Refused> {
        parts.extensions.insert(AsSource);
        let mut response = self.pass(Request::from_parts(parts.clone(), Body::empty())).await;
        let mut added = false;
        if response.status() == StatusCode::FORBIDDEN && carries_a_signature(&parts) {
            parts.uri = with_query(&parts.uri, rest);
            let without = self.pass(Request::from_parts(parts, Body::empty())).await;
            if without.extensions().get::<Granted>().is_some() {
                (response, added) = (without, true);
            }
        }
        match response.extensions_mut().remove::<Granted>() {
            Some(granted) => {
                let keyed = granted.who.is_some();
                let own = granted.who.as_ref().is_some_and(|who| *who == granted.bucket.tenant);
                let trust = Trust { own, keyed, believed: keyed && granted.query_signed && !added };
                let who = response.extensions_mut().remove::<Served>().and_then(|served| served.who);
                Ok(Grant { cors: told_to_pages(response.headers()), granted, trust, who })
            }
            None => Err(Refused::Face(Box::new(response))),
        }
    }

    async fn by_path(&self, parts: &Parts, named: Named) -> Result<Grant, Refused> {
        let now = self.pictures.inner.needs.clock.now();
        if let Some(at) = named.expires
            && u64::try_from(now.millis()).unwrap_or(0) / 1000 >= at
        {
            return Err(PictureError::Expired { at }.into());
        }
        if named.unsigned {
            let (granted, cors) = self.for_everybody(&named.bucket, &named.key, &parts.headers).await?;
            return Ok(Grant { granted, trust: NOBODY, who: None, cors });
        }
        let objects = self.pictures.objects();
        let bucket = match objects.bucket(&named.bucket).await {
            // Whoever cannot sign does not learn which buckets there are.
            Err(ObjectsError::NoSuchBucket(_)) => return Err(PictureError::Signature.into()),
            bucket => bucket?,
        };
        let keys = desk::path_keys(&self.pictures.inner.needs.vault, &bucket, &PictureSettings::of(&bucket.settings)?);
        if !imgproxy::verify(parts.uri.path(), &keys) {
            return Err(PictureError::Signature.into());
        }
        let object = objects.head(&bucket, &named.key, None).await?;
        // A path is signed with the bucket's key, which opens what is the bucket's own.
        if bucket.owner_of(&object.meta) != bucket.tenant {
            return Err(PictureError::Foreign.into());
        }
        if !object.readable(now) {
            let archived = "the object is archived: restore it first".to_owned();
            return Err(ObjectsError::InvalidState(archived).into());
        }
        let cors = match parts.headers.contains_key(header::ORIGIN) {
            // The face says it with every answer, a refusal too.
            true => match self.for_everybody(&named.bucket, &named.key, &parts.headers).await {
                Ok((_, cors)) => cors,
                Err(Refused::Face(response)) => told_to_pages(response.headers()),
                Err(ours) => return Err(ours),
            },
            false => HeaderMap::new(),
        };
        self.pictures.inner.needs.meter.asked(&bucket.tenant, &bucket.name);
        let granted = Granted { bucket, object, who: None, query_signed: true };
        let trust = Trust { own: true, keyed: true, believed: true };
        Ok(Grant { granted, trust, who: None, cors })
    }

    /// Asks the face as somebody without a key would.
    async fn for_everybody(
        &self,
        bucket: &str,
        key: &str,
        headers: &HeaderMap,
    ) -> Result<(Granted, HeaderMap), Refused> {
        let target = format!("/{}/{}", utf8_percent_encode(bucket, ESCAPED), utf8_percent_encode(key, ESCAPED));
        let mut request = Request::new(Body::empty());
        *request.uri_mut() =
            target.parse().map_err(|_| PictureError::Source { given: key.chars().take(128).collect() })?;
        request.extensions_mut().insert(AsSource);
        // An address is the host of no bucket.
        request.headers_mut().insert(header::HOST, HeaderValue::from_static("127.0.0.1"));
        for name in [header::REFERER, header::USER_AGENT, header::ORIGIN] {
            if let Some(value) = headers.get(&name) {
                request.headers_mut().insert(name, value.clone());
            }
        }
        let mut response = self.pass(request).await;
        match response.extensions_mut().remove::<Granted>() {
            Some(granted) => Ok((granted, told_to_pages(response.headers()))),
            None => Err(Refused::Face(Box::new(response))),
        }
    }

    /// The pictures that watermarks lay over. What is not the owner's own wish must be for everybody to read.
    async fn overlays(
        &self,
        bucket: &Arc<Bucket>,
        settings: &PictureSettings,
        pipeline: &Pipeline,
        trusted: bool,
        headers: &HeaderMap,
    ) -> Result<Vec<(String, Overlay)>, Refused> {
        let mut found: Vec<(String, Overlay)> = Vec::new();
        for name in pipeline.overlays() {
            if found.iter().any(|(known, _)| known == name) {
                continue;
            }
            let overlay = match overlays::source(name, &bucket.name, settings, &self.pictures.inner.domains)? {
                Source::Url(url) => self.pictures.inner.overlays.fetch(&url).await?,
                Source::Key(key) if trusted => self.pictures.own_overlay(bucket, name, &key).await?,
                Source::Key(key) => {
                    let object = self.open_overlay(bucket, settings, &key, headers).await?;
                    let closed = "it is not there, or not for everybody to read: sign the request, or save a style";
                    Overlay::Object(Box::new(object.ok_or_else(|| PictureError::overlay(name, closed))?))
                }
            };
            found.push((name.to_owned(), overlay));
        }
        Ok(found)
    }

    async fn open_overlay(
        &self,
        bucket: &Bucket,
        settings: &PictureSettings,
        key: &str,
        headers: &HeaderMap,
    ) -> Result<Option<Object>, Refused> {
        if settings.protects(key) {
            return Ok(None);
        }
        match self.for_everybody(&bucket.name, key, headers).await {
            Ok((granted, _)) => Ok(Some(granted.object)),
            Err(Refused::Face(response)) if response.status().is_client_error() => Ok(None),
            Err(refused) => Err(refused),
        }
    }
}

impl Pictures {
    /// What a pipeline lays over, where the bucket's owner wishes it.
    pub(crate) async fn own_overlays(
        &self,
        bucket: &Bucket,
        settings: &PictureSettings,
        pipeline: &Pipeline,
    ) -> Result<Vec<(String, Overlay)>, PictureError> {
        let mut laid = Vec::new();
        for name in pipeline.overlays() {
            let overlay = match overlays::source(name, &bucket.name, settings, &self.inner.domains)? {
                Source::Url(url) => self.inner.overlays.fetch(&url).await?,
                Source::Key(key) => self.own_overlay(bucket, name, &key).await?,
            };
            laid.push((name.to_owned(), overlay));
        }
        Ok(laid)
    }

    /// An overlay that the bucket's owner has named.
    pub(crate) async fn own_overlay(&self, bucket: &Bucket, name: &str, key: &str) -> Result<Overlay, PictureError> {
        match self.objects().head(bucket, key, None).await {
            Ok(object) if bucket.owner_of(&object.meta) == bucket.tenant => Ok(Overlay::Object(Box::new(object))),
            Ok(_) => Err(PictureError::overlay(name, "it belongs to another tenant")),
            Err(ObjectsError::Store(error)) => Err(ObjectsError::Store(error).into()),
            Err(error) => Err(PictureError::overlay(name, error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_ask_for_what() {
        let settings = |protect: &[&str], sealed| PictureSettings {
            protect: protect.iter().map(|&ending| ending.to_owned()).collect(),
            sealed,
            ..PictureSettings::default()
        };
        let plain = || Wanted::Pipeline(Box::default());
        let style = || Wanted::Style("small".to_owned());
        let reason = |settings: &PictureSettings, wanted: &Wanted, trust: Trust| {
            allowed(settings, "a.jpg", wanted, &trust).map_or_else(|error| error.reason(), |()| "ok")
        };
        let owner = Trust { own: true, keyed: true, believed: true };
        let changed = Trust { believed: false, ..owner };
        let stranger = Trust { own: false, ..owner };
        let open = settings(&[], false);
        for trust in [NOBODY, owner, changed, stranger] {
            assert_eq!(reason(&open, &plain(), trust), "ok");
        }
        let protected = settings(&["jpg"], false);
        assert_eq!(reason(&protected, &plain(), NOBODY), "protected");
        // Somebody else's key makes nobody the owner.
        assert_eq!(reason(&protected, &plain(), stranger), "protected");
        assert_eq!(reason(&protected, &style(), NOBODY), "ok");
        assert_eq!(reason(&protected, &plain(), changed), "ok");
        let sealed = settings(&["*"], true);
        assert_eq!(reason(&sealed, &plain(), changed), "sealed");
        // Another style than the one that was signed is a change as well.
        assert_eq!(reason(&sealed, &style(), changed), "sealed");
        assert_eq!(reason(&sealed, &plain(), owner), "ok");
        assert_eq!(reason(&sealed, &style(), NOBODY), "ok");
    }
}
