//! Event notifications of a bucket.

use doorstep_objects::events::EventRule;
use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use crate::access::bucket;
use crate::error::s3;
use crate::operations::Operations;

const TOPIC: &str = "topic";
const QUEUE: &str = "queue";
const LAMBDA: &str = "lambda";

fn names(filter: Option<NotificationConfigurationFilter>) -> S3Result<(String, String)> {
    let (mut prefix, mut suffix) = (String::new(), String::new());
    let rules = filter.and_then(|filter| filter.key).and_then(|key| key.filter_rules).unwrap_or_default();
    for rule in rules {
        let value = rule.value.unwrap_or_default();
        match rule.name.as_ref().map(|name| name.as_str().to_ascii_lowercase()).as_deref() {
            Some("prefix") => prefix = value,
            Some("suffix") => suffix = value,
            _ => {
                let message = "filter rule name must be either prefix or suffix";
                return Err(S3Error::with_message(S3ErrorCode::InvalidArgument, message));
            }
        }
    }
    Ok((prefix, suffix))
}

fn filter(rule: &EventRule) -> Option<NotificationConfigurationFilter> {
    let one = |name: &'static str, value: &String| {
        let rule = FilterRule { name: Some(FilterRuleName::from_static(name)), value: Some(value.clone()) };
        (!value.is_empty()).then_some(rule)
    };
    let rules: Vec<FilterRule> =
        [one("prefix", &rule.prefix), one("suffix", &rule.suffix)].into_iter().flatten().collect();
    let key = S3KeyFilter { filter_rules: Some(rules.clone()) };
    (!rules.is_empty()).then_some(NotificationConfigurationFilter { key: Some(key) })
}

fn events(rule: &EventRule) -> Vec<Event> {
    rule.events.iter().map(|event| Event::from(event.clone())).collect()
}

struct Written {
    list: &'static str,
    id: Option<String>,
    arn: String,
    events: Vec<Event>,
    filter: Option<NotificationConfigurationFilter>,
}

impl Written {
    fn read(self) -> S3Result<EventRule> {
        let (prefix, suffix) = names(self.filter)?;
        Ok(EventRule {
            id: self.id.filter(|id| !id.is_empty()).unwrap_or_else(|| uuid::Uuid::now_v7().simple().to_string()),
            list: self.list.to_owned(),
            arn: self.arn,
            events: self.events.into_iter().map(String::from).collect(),
            prefix,
            suffix,
        })
    }
}

pub(crate) async fn get_bucket_notification_configuration(
    _: &Operations,
    request: S3Request<GetBucketNotificationConfigurationInput>,
) -> S3Result<S3Response<GetBucketNotificationConfigurationOutput>> {
    let rules = &bucket(&request)?.settings.events;
    let of = |list: &'static str| rules.iter().filter(move |rule| rule.list == list);
    let topics: Vec<TopicConfiguration> = of(TOPIC)
        .map(|rule| TopicConfiguration {
            events: events(rule),
            filter: filter(rule),
            id: Some(rule.id.clone()),
            topic_arn: rule.arn.clone(),
        })
        .collect();
    let queues: Vec<QueueConfiguration> = of(QUEUE)
        .map(|rule| QueueConfiguration {
            events: events(rule),
            filter: filter(rule),
            id: Some(rule.id.clone()),
            queue_arn: rule.arn.clone(),
        })
        .collect();
    let lambdas: Vec<LambdaFunctionConfiguration> = of(LAMBDA)
        .map(|rule| LambdaFunctionConfiguration {
            events: events(rule),
            filter: filter(rule),
            id: Some(rule.id.clone()),
            lambda_function_arn: rule.arn.clone(),
        })
        .collect();
    Ok(S3Response::new(GetBucketNotificationConfigurationOutput {
        topic_configurations: (!topics.is_empty()).then_some(topics),
        queue_configurations: (!queues.is_empty()).then_some(queues),
        lambda_function_configurations: (!lambdas.is_empty()).then_some(lambdas),
        ..GetBucketNotificationConfigurationOutput::default()
    }))
}

pub(crate) async fn put_bucket_notification_configuration(
    face: &Operations,
    request: S3Request<PutBucketNotificationConfigurationInput>,
) -> S3Result<S3Response<PutBucketNotificationConfigurationOutput>> {
    let input = request.input;
    let wanted = input.notification_configuration;
    if wanted.event_bridge_configuration.is_some() {
        let message = "There is no EventBridge here: name a webhook or the journal.";
        return Err(S3Error::with_message(S3ErrorCode::NotImplemented, message));
    }
    let topics = wanted.topic_configurations.into_iter().flatten().map(|c| Written {
        list: TOPIC,
        id: c.id,
        arn: c.topic_arn,
        events: c.events,
        filter: c.filter,
    });
    let queues = wanted.queue_configurations.into_iter().flatten().map(|c| Written {
        list: QUEUE,
        id: c.id,
        arn: c.queue_arn,
        events: c.events,
        filter: c.filter,
    });
    let lambdas = wanted.lambda_function_configurations.into_iter().flatten().map(|c| Written {
        list: LAMBDA,
        id: c.id,
        arn: c.lambda_function_arn,
        events: c.events,
        filter: c.filter,
    });
    let rules = topics.chain(queues).chain(lambdas).map(Written::read).collect::<S3Result<Vec<_>>>()?;
    face.objects.set_events(&input.bucket, rules).await.map_err(s3)?;
    Ok(S3Response::new(PutBucketNotificationConfigurationOutput::default()))
}
