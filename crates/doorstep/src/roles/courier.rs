//! Carries buckets' events out: to webhooks at public addresses, and into the journal.

use doorstep_fetch::Fetcher;
use doorstep_journal::{Journal, NewRecord};
use doorstep_objects::events::Target;
use doorstep_objects::{Courier, Message};
use futures::future::BoxFuture;

/// The ways out of this node.
#[derive(Debug)]
pub(crate) struct EventCourier {
    pub(crate) fetcher: Fetcher,
    pub(crate) journal: Journal,
}

impl Courier for EventCourier {
    fn check(&self, target: &Target) -> Result<(), String> {
        match target {
            Target::Webhook(url) => self.fetcher.check(url).map_err(|error| error.to_string()),
            Target::Journal => Ok(()),
        }
    }

    fn carry(&self, message: Message) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            match &message.target {
                Target::Webhook(url) => {
                    let answer = self.fetcher.post(url, "application/json", message.body).await;
                    let status = answer.map_err(|error| error.to_string())?.status;
                    if (200..300).contains(&status) { Ok(()) } else { Err(format!("it answered {status}")) }
                }
                Target::Journal => {
                    let record = NewRecord {
                        kind: "objects.event".to_owned(),
                        key: message.bucket,
                        at: message.at,
                        payload: message.body.into_bytes().into(),
                        dedupe: number(&message.id),
                    };
                    let stream = format!("objects.{}", message.tenant);
                    let kept = self.journal.append(&stream, vec![record]).await;
                    kept.map(drop).map_err(|error| error.to_string())
                }
            }
        })
    }
}

/// A number for an event's id, so that the journal knows it when it comes twice: the random half of the id.
fn number(id: &str) -> Option<u64> {
    u64::from_str_radix(id.get(16..)?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_apart() {
        let id = uuid::Uuid::now_v7().simple().to_string();
        assert!(number(&id).is_some_and(|n| Some(n) != number(&uuid::Uuid::now_v7().simple().to_string())));
        assert_eq!(number("short"), None);
    }
}
