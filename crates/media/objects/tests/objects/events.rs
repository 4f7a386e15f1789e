//! Events: written with the change, carried until they are there, told in Amazon's form; and what is restored.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use doorstep_objects::events::{EventRule, JOURNAL, Target, WEBHOOK};
use doorstep_objects::{Config, Copy, Courier, Delete, Message, Objects, Put, StorageClass, Versioning, body};
use futures::future::BoxFuture;
use serde_json::Value;

use crate::setting::{Setting, config, settings};

/// Keeps what it carries; refuses as often as it is told to.
#[derive(Clone, Debug, Default)]
struct Mailbag {
    carried: Arc<Mutex<Vec<Message>>>,
    refuse: Arc<Mutex<u32>>,
}

impl Courier for Mailbag {
    fn check(&self, target: &Target) -> Result<(), String> {
        match target {
            Target::Webhook(url) if url.contains("inside") => Err("it is inside".to_owned()),
            _ => Ok(()),
        }
    }

    fn carry(&self, message: Message) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async move {
            let mut refuse = self.refuse.lock().unwrap();
            if *refuse > 0 {
                *refuse -= 1;
                return Err("not now".to_owned());
            }
            self.carried.lock().unwrap().push(message);
            Ok(())
        })
    }
}

impl Mailbag {
    fn take(&self) -> Vec<Value> {
        let mut carried = std::mem::take(&mut *self.carried.lock().unwrap());
        carried.sort_by(|a, b| a.id.cmp(&b.id));
        carried.iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect()
    }
}

fn rule(id: &str, arn: &str, events: &str) -> EventRule {
    let text = str::to_owned;
    let (prefix, suffix) = (String::new(), text(".jpg"));
    EventRule { id: text(id), list: text("topic"), arn: text(arn), events: vec![text(events)], prefix, suffix }
}

/// The same store and bytes, with a way out.
fn with_courier(setting: &Setting) -> (Objects, Mailbag) {
    let courier = Mailbag::default();
    let config = Config { courier: Some(Arc::new(courier.clone())), ..config() };
    let clock = Arc::new(setting.clock.clone());
    (Objects::new(setting.store.clone(), setting.blobs.clone(), clock, config), courier)
}

#[tokio::test]
async fn changes_are_told_once_they_are_made() {
    for mut setting in settings().await {
        setting.versioning(Versioning::Enabled).await;
        let (objects, courier) = with_courier(&setting);
        let rules = vec![
            rule("all", JOURNAL, "s3:ObjectCreated:*"),
            rule("gone", &format!("{WEBHOOK}http://hook.example/"), "s3:ObjectRemoved:*"),
        ];
        let bucket = objects.set_events("photos", rules).await.unwrap();
        objects.deliver(&courier).await.unwrap();
        let tests = courier.take();
        assert_eq!(tests.len(), 2);
        assert!(tests.iter().all(|test| test["Event"] == "s3:TestEvent" && test["Bucket"] == "photos"));
        let put = |key: &'static str| objects.put(&bucket, key, body("x"), Put::default());
        let written = put("a b.jpg").await.unwrap().object;
        put("a.png").await.unwrap();
        objects.put(&bucket, "form.jpg", body("x"), Put { by_form: true, ..Put::default() }).await.unwrap();
        objects.copy(&bucket, "a.png", &bucket, "c.jpg", Copy::default()).await.unwrap();
        let delete = Delete { key: "a b.jpg".to_owned(), ..Delete::default() };
        objects.delete(&bucket, delete).await.unwrap();
        let failed = objects.put(&bucket, "no.jpg", body("x"), Put { length: Some(9), ..Put::default() }).await;
        assert!(failed.is_err());
        while objects.deliver(&courier).await.unwrap() > 0 {}
        let told: Vec<Value> = courier.take().into_iter().map(|message| message["Records"][0].clone()).collect();
        let names: Vec<&str> = told.iter().map(|record| record["eventName"].as_str().unwrap()).collect();
        assert_eq!(
            names,
            ["ObjectCreated:Put", "ObjectCreated:Post", "ObjectCreated:Copy", "ObjectRemoved:DeleteMarkerCreated"]
        );
        let first = &told[0];
        assert_eq!(first["s3"]["object"]["key"], "a+b.jpg");
        assert_eq!(first["s3"]["object"]["eTag"], written.etag);
        assert_eq!(first["s3"]["object"]["versionId"], written.version());
        assert_eq!((&first["awsRegion"], &first["eventSource"]), (&"us-east-1".into(), &"aws:s3".into()));
        assert_eq!(first["s3"]["configurationId"], "all");
        assert_eq!(objects.deliver(&courier).await.unwrap(), 0, "each was told once");
    }
}

#[tokio::test]
async fn what_does_not_arrive_is_sent_again_until_it_is_too_old() {
    for setting in settings().await {
        let (objects, courier) = with_courier(&setting);
        let bucket = objects.set_events("photos", vec![rule("a", JOURNAL, "s3:ObjectCreated:Put")]).await.unwrap();
        objects.deliver(&courier).await.unwrap();
        courier.take();
        objects.put(&bucket, "a.jpg", body("x"), Put::default()).await.unwrap();
        *courier.refuse.lock().unwrap() = 2;
        assert_eq!(objects.deliver(&courier).await.unwrap(), 1);
        assert_eq!(objects.deliver(&courier).await.unwrap(), 0, "not before its pause is over");
        setting.clock.advance(Duration::from_secs(1));
        assert_eq!(objects.deliver(&courier).await.unwrap(), 1);
        setting.clock.advance(Duration::from_secs(1));
        assert_eq!(objects.deliver(&courier).await.unwrap(), 0, "the second pause is longer");
        setting.clock.advance(Duration::from_secs(1));
        assert_eq!(objects.deliver(&courier).await.unwrap(), 1);
        assert_eq!(courier.take().len(), 1);
        objects.put(&bucket, "b.jpg", body("y"), Put::default()).await.unwrap();
        *courier.refuse.lock().unwrap() = 1;
        setting.clock.advance(Duration::from_secs(25 * 3600));
        assert_eq!(objects.deliver(&courier).await.unwrap(), 1);
        setting.clock.advance(Duration::from_secs(25 * 3600));
        assert_eq!(objects.deliver(&courier).await.unwrap(), 0, "it was given up");
        let inside = rule("x", &format!("{WEBHOOK}http://inside/"), "s3:ObjectCreated:*");
        assert!(objects.set_events("photos", vec![inside]).await.is_err());
        let nowhere = setting.objects.set_events("photos", vec![rule("a", JOURNAL, "s3:ObjectCreated:Put")]).await;
        assert_eq!(nowhere.unwrap_err().as_str(), "not_configured");
    }
}

#[tokio::test]
async fn what_is_archived_is_restored_for_some_days() {
    for setting in settings().await {
        let (objects, courier) = with_courier(&setting);
        let bucket = objects.set_events("photos", vec![rule("a", JOURNAL, "s3:ObjectRestore:*")]).await.unwrap();
        let mut put = Put::default();
        put.meta.class = StorageClass::Archive;
        objects.put(&bucket, "a.jpg", body("cold"), put).await.unwrap();
        let readable = async || objects.head(&bucket, "a.jpg", None).await.unwrap().readable(objects.now());
        assert!(!readable().await);
        assert!(!objects.restore(&bucket, "a.jpg", None, 2).await.unwrap().again);
        assert!(readable().await);
        assert!(objects.restore(&bucket, "a.jpg", None, 1).await.unwrap().again);
        setting.clock.advance(Duration::from_secs(3 * 86_400));
        assert!(!readable().await);
        objects.put(&bucket, "warm.jpg", body("x"), Put::default()).await.unwrap();
        assert_eq!(objects.restore(&bucket, "warm.jpg", None, 1).await.unwrap_err().as_str(), "not_archived");
        assert_eq!(objects.restore(&bucket, "a.jpg", None, 0).await.unwrap_err().as_str(), "invalid_field");
        while objects.deliver(&courier).await.unwrap() > 0 {}
        let told = courier.take();
        assert_eq!(told.iter().filter(|m| m["Records"][0]["eventName"] == "ObjectRestore:Completed").count(), 1);
    }
}
