//! The callback of an upload: asked when the object is stored, its answer passed on to the uploader.

use doorstep_fetch::{FetchError, Fetcher};
use http::StatusCode;

use crate::answer::{self, Answer};
use crate::policy::PutPolicy;
use crate::{UfileError, metrics};

/// A callback that will be made.
#[derive(Clone, Debug)]
pub(crate) struct Callback {
    url: String,
    body: String,
    body_type: String,
}

fn refused(error: &FetchError) -> UfileError {
    metrics::called_back("refused");
    UfileError::field("callbackUrl", error.to_string(), "name an address that may be called")
}

impl Callback {
    /// The callback that a policy asks for; refused before anything is stored if it could not be made.
    pub(crate) fn of(policy: Option<&str>, caller: &Fetcher) -> Result<Option<Self>, UfileError> {
        let Some(policy) = policy else { return Ok(None) };
        let policy = PutPolicy::parse(policy)?;
        caller.check(&policy.callback_url).map_err(|e| refused(&e))?;
        let body = policy.body()?;
        Ok(Some(Self { url: policy.callback_url, body, body_type: policy.callback_body_type }))
    }

    /// Makes it. The answer is the uploader's if it is a success in JSON.
    async fn make(self, caller: &Fetcher) -> Result<Answer, UfileError> {
        let failed = |reason: String| {
            metrics::called_back("failed");
            UfileError::Callback(reason)
        };
        let heard = caller.post(&self.url, &self.body_type, self.body).await.map_err(|e| failed(e.to_string()))?;
        if !(200..300).contains(&heard.status) {
            return Err(failed(format!("it answered with status {}", heard.status)));
        }
        let json = heard.media_type.as_deref().is_some_and(|kind| kind.trim_start().starts_with("application/json"));
        let value = serde_json::from_slice(&heard.body).ok().filter(|_| json);
        let value: serde_json::Value = value.ok_or_else(|| failed("its answer is not application/json".to_owned()))?;
        metrics::called_back("answered");
        Ok(answer::json(StatusCode::OK, &value))
    }
}

/// The answer to an upload that is stored: what the callback says, if one is asked for.
pub(crate) async fn after(callback: Option<Callback>, caller: &Fetcher, plain: Answer) -> Result<Answer, UfileError> {
    let Some(callback) = callback else { return Ok(plain) };
    let mut answer = callback.make(caller).await?;
    if let Some(etag) = plain.headers().get(http::header::ETAG) {
        answer.headers_mut().insert(http::header::ETAG, etag.clone());
    }
    Ok(answer)
}
