//! The face as a service: bounded, timed, measured.

use std::sync::Arc;

use doorstep_fetch::Fetcher;
use doorstep_identity::{Keys, Principal};
use doorstep_meter::{SharedMetering, Unmetered};
use doorstep_objects::{
    AsSource, Body as Bytes, BodyError, Bucket, Granted, Maker, Object, Objects, ObjectsError, Served, cors,
};
use futures::TryStreamExt as _;
use http::request::Parts;
use http::{HeaderMap, Method, Request, header};
use http_body_util::BodyDataStream;
use sync_wrapper::SyncStream;
use tokio::sync::Semaphore;
use tracing::Instrument as _;

use crate::access::{Signed, permit};
use crate::answer::{self, Answer, Body};
use crate::call::Call;
use crate::callback::Callback;
use crate::form::{self, Form};
use crate::request::Target;
use crate::signature::ToSign;
use crate::{Config, RequestBody, UfileError};
use crate::{change_ops, copy_ops, get_ops, list_ops, metrics, multipart_ops, put_ops};

/// UFile's calls over the engine. Cheap to clone.
#[derive(Clone)]
pub struct UfileFace {
    pub(crate) objects: Objects,
    pub(crate) keys: Keys,
    pub(crate) caller: Fetcher,
    pub(crate) config: Arc<Config>,
    maker: Option<Arc<dyn Maker>>,
    places: Arc<Semaphore>,
    meter: SharedMetering,
}

impl std::fmt::Debug for UfileFace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UfileFace").field("free", &self.places.available_permits()).finish_non_exhaustive()
    }
}

/// A call that was let through.
pub(crate) struct Asked {
    pub(crate) who: Option<Principal>,
    pub(crate) bucket: Arc<Bucket>,
    pub(crate) target: Target,
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    /// The type of what is uploaded.
    pub(crate) content_type: Option<String>,
    /// The bytes that are uploaded, and how many they should be.
    pub(crate) body: SyncStream<Bytes>,
    pub(crate) length: Option<u64>,
    pub(crate) callback: Option<Callback>,
    /// Something else is made of what is read.
    pub(crate) as_source: bool,
    /// Makes what is stored of what is sent.
    pub(crate) maker: Option<Arc<dyn Maker>>,
    /// The request's own header is signed, not an address that others may have.
    pub(crate) in_person: bool,
}

impl Asked {
    /// The mark on an answer that lets somebody read `object`. UFile's signatures leave out the query.
    pub(crate) fn granted(&self, object: Object) -> Granted {
        let who = self.who.as_ref().map(|who| who.tenant.to_string());
        Granted { bucket: Arc::clone(&self.bucket), object, who, query_signed: false }
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        text(&self.headers, name)
    }
}

/// A header as text.
pub(crate) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| std::str::from_utf8(value.as_bytes()).ok())
}

/// What is told of a request in logs and numbers, however it ends.
struct Told {
    call: &'static str,
    bucket: Option<Arc<Bucket>>,
    key: String,
    who: Option<Principal>,
    /// The call, once it was let through: from then on the bucket's owner pays.
    charged: Option<Call>,
}

impl UfileFace {
    /// The face of these objects for holders of these keys; `caller` makes callbacks.
    #[must_use]
    pub fn new(objects: Objects, keys: Keys, caller: Fetcher, config: Config) -> Self {
        let places = Arc::new(Semaphore::new(config.requests));
        Self { objects, keys, caller, config: Arc::new(config), maker: None, places, meter: Arc::new(Unmetered) }
    }

    /// The same face, with requests counted by this meter. What they send is counted by whoever sends it, by the mark
    /// [`Served`].
    #[must_use]
    pub fn metered(mut self, meter: SharedMetering) -> Self {
        self.meter = meter;
        self
    }

    /// The same face, with somebody who makes of uploads what their query asks for: pictures. Without, such uploads
    /// are refused.
    #[must_use]
    pub fn making(mut self, maker: Arc<dyn Maker>) -> Self {
        self.maker = Some(maker);
        self
    }

    /// Counts a call by its answer, and marks the answer. A fault of ours is free.
    fn charge(&self, told: Told, mut answer: Answer) -> Answer {
        let Some(bucket) = told.bucket else { return answer };
        if let Some(class) = told.charged.and_then(Call::charged_as)
            && !answer.status().is_server_error()
        {
            self.meter.count(&bucket.tenant, &bucket.name, class, 1);
        }
        let (key, operation) = (Some(told.key).filter(|key| !key.is_empty()), told.call.into());
        answer.extensions_mut().insert(Served {
            bucket,
            key,
            operation,
            who: told.who,
            let_in: told.charged.is_some(),
        });
        answer
    }

    /// Answers a request, whatever it is.
    pub async fn serve(&self, request: Request<RequestBody>) -> http::Response<Body> {
        let started = doorstep_clock::monotonic();
        let session = uuid::Uuid::now_v7().to_string();
        let span = tracing::debug_span!("ufile", %session, method = %request.method(), call = tracing::field::Empty);
        let (head, body) = request.into_parts();
        let (method, origin) = (head.method.clone(), text(&head.headers, "origin").map(str::to_owned));
        let mut told = Told { call: "none", bucket: None, key: String::new(), who: None, charged: None };
        let answered = match self.places.try_acquire() {
            Err(_) => Err(UfileError::Busy),
            Ok(_place) => self.answer(head, body, &mut told).instrument(span).await,
        };
        let mut answer = match answered {
            Ok(answer) => answer,
            Err(error) => {
                metrics::refused(error.as_str());
                match &error {
                    UfileError::Objects(ObjectsError::Blobs(inner)) => {
                        tracing::error!(session, error = %inner, "bytes could not be stored or read");
                    }
                    UfileError::Objects(ObjectsError::Store(inner)) => {
                        tracing::error!(session, error = %inner, "the metadata store failed");
                    }
                    error => tracing::debug!(session, call = told.call, %error, "a UFile request is refused"),
                }
                answer::refused(&error, &session)
            }
        };
        if method == Method::HEAD {
            *answer.body_mut() = answer::nothing();
        }
        if let (Some(origin), Some(bucket)) = (origin, &told.bucket)
            && let Some(allowed) = cors(&bucket.settings.cors, &origin, method.as_str(), &[])
        {
            for (name, value) in allowed.headers(false) {
                answer::put(answer.headers_mut(), name, &value);
            }
        }
        metrics::answered(told.call, answer.status(), started.elapsed());
        self.charge(told, answer)
    }

    async fn answer(&self, head: Parts, body: RequestBody, told: &mut Told) -> Result<Answer, UfileError> {
        let mut target = Target::of(&head, &self.config.hosts)?;
        if head.method == Method::OPTIONS {
            return self.preflight(&head, &target).await;
        }
        let call = Call::of(&head.method, &target, &head.headers)?;
        told.call = call.as_str();
        tracing::Span::current().record("call", told.call);
        let as_source = head.extensions.get::<AsSource>().is_some();
        let pictured = ["iopcmd", "iopstyle", "x-oss-process"].iter().any(|name| target.query.has(name));
        let maker = self.maker.clone().filter(|_| pictured && call == Call::PutFile);
        if pictured && !as_source && maker.is_none() {
            // Pictures are made in front of this face, and then it is asked for a source. Never the original instead.
            return Err(UfileError::NotServed("processing of pictures by this call"));
        }
        let mut body: Bytes = Box::pin(BodyDataStream::new(body).map_err(|e| Box::new(e) as BodyError));
        let mut content_type = text(&head.headers, "content-type").map(str::to_owned);
        let mut length = match head.headers.get(header::CONTENT_LENGTH) {
            Some(_) => text(&head.headers, "content-length").and_then(|n| n.parse().ok()),
            None => None,
        };
        let mut field = None;
        match call {
            Call::PostFile => {
                let form = Form::open(body, content_type.as_deref().unwrap_or_default(), self.objects.config().pace);
                let form = form.await?;
                let none = || UfileError::field("FileName", "the form names no file", "send it before the file");
                target.key = form::key(&form.head).filter(|key| !key.is_empty()).ok_or_else(none)?.to_owned();
                field = form.head.field("Authorization").map(str::to_owned);
                content_type = form.head.content_type.clone();
                (body, length) = (form.file, None);
            }
            Call::UploadHit => target.key = target.query.get("FileName").unwrap_or_default().to_owned(),
            _ => {}
        }
        let signed = Signed::of(&head, &target, field.as_deref())?;
        let to_sign = ToSign {
            verb: head.method.as_str(),
            headers: &head.headers,
            content_type: (call == Call::PostFile).then(|| content_type.as_deref().unwrap_or_default()),
            expires: None,
            bucket: &target.bucket,
            key: &target.key,
            query: &target.query,
            raw_query: &target.raw_query,
            policy: None,
        };
        let who = signed.check(&self.keys, self.objects.now(), &self.config, to_sign).await?;
        let bucket = self.objects.bucket(&target.bucket).await?;
        (told.bucket, told.key, told.who) = (Some(Arc::clone(&bucket)), target.key.clone(), who.clone());
        permit(&self.objects, who.as_ref(), &bucket, &target.key, call.asks(), &head.headers).await?;
        told.charged = Some(call);
        let callback = match call {
            Call::PutFile | Call::PostFile | Call::FinishMultipartUpload => {
                Callback::of(signed.policy(), &self.caller)?
            }
            _ if signed.policy().is_some() => return Err(UfileError::NotServed("a put policy with this call")),
            _ => None,
        };
        let (Parts { method, headers, .. }, body) = (head, SyncStream::new(body));
        let in_person = matches!(signed, Signed::Header(_));
        let asked = Asked {
            who,
            bucket,
            target,
            method,
            headers,
            content_type,
            body,
            length,
            callback,
            as_source,
            maker,
            in_person,
        };
        self.carry_out(call, asked).await
    }

    /// What the bucket's rules say to a page of another origin.
    async fn preflight(&self, head: &Parts, target: &Target) -> Result<Answer, UfileError> {
        let word = |name: &str| text(&head.headers, name).unwrap_or_default();
        let asked: Vec<&str> =
            word("access-control-request-headers").split(',').map(str::trim).filter(|h| !h.is_empty()).collect();
        let bucket = self.objects.bucket(&target.bucket).await?;
        let method = word("access-control-request-method");
        let allowed = cors(&bucket.settings.cors, word("origin"), method, &asked).ok_or(UfileError::Denied)?;
        let mut answer = answer::empty(http::StatusCode::OK);
        for (name, value) in allowed.headers(true) {
            answer::put(answer.headers_mut(), name, &value);
        }
        Ok(answer)
    }

    async fn carry_out(&self, call: Call, asked: Asked) -> Result<Answer, UfileError> {
        match call {
            Call::PutFile | Call::PostFile => put_ops::put(self, asked).await,
            Call::UploadHit => put_ops::hit(self, asked).await,
            Call::AppendFile => put_ops::append(self, asked).await,
            Call::GetFile | Call::HeadFile => get_ops::get(self, asked).await,
            Call::DeleteFile => change_ops::delete(self, asked).await,
            Call::Copy => copy_ops::copy(self, asked).await,
            Call::Rename => copy_ops::rename(self, asked).await,
            Call::OpMeta => change_ops::op_meta(self, asked).await,
            Call::ClassSwitch => change_ops::class_switch(self, asked).await,
            Call::Restore => change_ops::restore(self, asked).await,
            Call::PutTagging => change_ops::put_tagging(self, asked).await,
            Call::GetTagging => change_ops::get_tagging(self, asked).await,
            Call::DeleteTagging => change_ops::delete_tagging(self, asked).await,
            Call::PutAcl => change_ops::put_acl(self, asked).await,
            Call::GetAcl => change_ops::get_acl(self, asked).await,
            Call::InitiateMultipartUpload => multipart_ops::initiate(self, asked).await,
            Call::UploadPart => multipart_ops::part(self, asked).await,
            Call::UploadPartCopy => copy_ops::part(self, asked).await,
            Call::FinishMultipartUpload => multipart_ops::finish(self, asked).await,
            Call::AbortMultipartUpload => multipart_ops::abort(self, asked).await,
            Call::ListParts => list_ops::parts(self, asked).await,
            Call::ListUploads => list_ops::uploads(self, asked).await,
            Call::PrefixFileList => list_ops::prefix(self, asked).await,
            Call::ListObjects => list_ops::objects(self, asked).await,
        }
    }
}
