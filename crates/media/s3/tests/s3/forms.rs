//! Uploads by HTML forms, written by hand: what a form's policy allows, and S3's word for each thing that it does not.

use bytes::Bytes;
use doorstep_clock::{Clock as _, SystemClock};
use doorstep_objects::{Get, Settings};
use doorstep_store::testing::Opener;

use crate::wire::{Answer, Signer, answer};
use crate::{Running, start};

/// A form with a file, as a browser writes it.
struct Form<'a> {
    running: &'a Running,
    fields: Vec<(String, String)>,
    filename: &'a str,
}

impl<'a> Form<'a> {
    /// One that everybody may send who has these fields.
    fn open(running: &'a Running, key: &str) -> Self {
        Self { running, fields: vec![("key".to_owned(), key.to_owned())], filename: "C:\\dir\\猫.png" }
    }

    /// One that is signed for these conditions.
    fn signed(running: &'a Running, key: &str, conditions: &str) -> Self {
        let until = SystemClock.now().plus_ms(60_000).to_string();
        let mut form = Self::open(running, key);
        let conditions = format!(r#"{{"bucket":"photos"}},["starts-with","$key",""]{conditions}"#);
        form.fields.extend(Signer::new(running).form(&until, &conditions));
        form
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(other, _)| other != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(other, _)| other != name);
        self
    }

    fn head(&self) -> String {
        let field = |(name, value): &(String, String)| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let fields: String = self.fields.iter().map(field).collect();
        let filename = self.filename;
        format!("{fields}--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{filename}\"\r\n\r\n")
    }

    async fn post(&self, body: impl Into<reqwest::Body>) -> reqwest::Response {
        let plain = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let request = plain.post(format!("{}/photos", self.running.url));
        request.header("content-type", "multipart/form-data; boundary=b").body(body).send().await.unwrap()
    }

    async fn send(&self, file: &str) -> reqwest::Response {
        self.post(format!("{}{file}\r\n--b--\r\n", self.head())).await
    }

    async fn refused(&self, file: &str) -> Answer {
        answer(self.send(file).await).await
    }
}

async fn read(running: &Running, key: &str) -> String {
    let bucket = running.objects.bucket("photos").await.unwrap();
    let found = running.objects.get(&bucket, key, Get::default()).await.unwrap();
    String::from_utf8(found.collect(1 << 20).await.unwrap().to_vec()).unwrap()
}

async fn a_form_says_what_is_stored_and_what_is_answered(open: Opener) {
    let running = start(open).await;
    let bucket = running.objects.bucket("photos").await.unwrap();
    let allowed = r#",["starts-with","$acl",""],["starts-with","$content-type","image/"],["eq","$X-Amz-Meta-Color","red"],
        ["starts-with","$tagging",""],["starts-with","$success_action_status",""]"#;
    let tags = "<Tagging><TagSet><Tag><Key>kind</Key><Value>a &amp; b</Value></Tag></TagSet></Tagging>";
    let form = Form::signed(&running, "up/${filename}", allowed)
        .with("acl", "public-read")
        .with("Content-Type", "image/png")
        .with("x-amz-meta-color", "red")
        .with("tagging", tags)
        .with("x-ignore-this", "word")
        // Of the checksum nothing need be in the policy.
        .with("x-amz-checksum-crc32", "NhCmhg==")
        .with("success_action_status", "201");
    let created = form.send("hello").await;
    assert_eq!(created.status(), 201);
    assert!(created.headers().contains_key("x-amz-request-id"));
    let etag = created.headers()["etag"].to_str().unwrap().to_owned();
    assert_eq!(etag, "\"5d41402abc4b2a76b9719d911017c592\"");
    let told = created.text().await.unwrap();
    let location = format!("<Location>{}/photos/up/%E7%8C%AB.png</Location>", running.url);
    for part in [location.as_str(), "<Bucket>photos</Bucket>", "<Key>up/猫.png</Key>", "<ETag>&quot;5d41402a"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert_eq!(read(&running, "up/猫.png").await, "hello");
    let object = running.objects.head(&bucket, "up/猫.png", None).await.unwrap();
    assert_eq!(object.meta.headers.content_type.as_deref(), Some("image/png"));
    assert_eq!((object.meta.user["color"].as_str(), object.meta.tags.len()), ("red", 1));
    assert_eq!(object.meta.tags[0], ("kind".to_owned(), "a & b".to_owned()));
    let everybody = reqwest::get(format!("{}/photos/up/猫.png", running.url)).await.unwrap();
    assert_eq!(everybody.text().await.unwrap(), "hello", "the form's acl is heeded");

    let redirect = r#",["starts-with","$success_action_redirect","https://shop.example/"]"#;
    let form = Form::signed(&running, "k", redirect).with("success_action_redirect", "https://shop.example/done?a=1");
    let sent = form.send("hello").await;
    let to = format!("https://shop.example/done?a=1&bucket=photos&key=k&etag={}", etag.replace('"', "%22"));
    assert_eq!((sent.status().as_u16(), sent.headers()["location"].to_str().unwrap()), (303, to.as_str()));
    assert_eq!(Form::signed(&running, "k", "").send("").await.status(), 204);
    assert_eq!(read(&running, "k").await, "");
}

async fn what_the_policy_does_not_allow(open: Opener) {
    let running = start(open).await;
    let signed = |conditions: &str| Form::signed(&running, "k", conditions);
    let until = |text: &str| {
        let mut form = Form::open(&running, "k");
        form.fields.extend(Signer::new(&running).form(text, r#"{"bucket":"photos"},{"key":"k"}"#));
        form
    };
    let later = SystemClock.now().plus_ms(60_000).to_string();
    for (what, form, file, status, code, word) in [
        ("another key", signed(r#",["starts-with","$key","up/"]"#), "x", 403, "AccessDenied", "$key"),
        ("a field too many", signed("").with("x-amz-meta-a", "b"), "x", 403, "AccessDenied", "fields: x-amz-meta-a"),
        ("a field that is not there", signed(r#",["eq","$acl","private"]"#), "x", 403, "AccessDenied", "$acl"),
        ("too large", signed(r#",["content-length-range",1,3]"#), "four", 400, "EntityTooLarge", "maximum"),
        ("too small", signed(r#",["content-length-range",5,9]"#), "four", 400, "EntityTooSmall", "minimum"),
        ("over", until("2020-01-01T00:00:00Z"), "x", 403, "AccessDenied", "expired"),
        ("no date", until(&later.replace('T', " ")), "x", 400, "InvalidPolicyDocument", "expiration"),
        ("no condition", signed(",[1]"), "x", 400, "InvalidPolicyDocument", "[1]"),
        ("another policy", signed("").with("Policy", "e30="), "x", 403, "SignatureDoesNotMatch", "signature"),
        ("no signature", signed("").without("X-Amz-Signature"), "x", 400, "InvalidArgument", "x-amz-signature"),
        (
            "half of the old signature",
            Form::open(&running, "k").with("AWSAccessKeyId", "a"),
            "x",
            400,
            "InvalidArgument",
            "'signature'",
        ),
        ("nobody", Form::open(&running, "k"), "x", 403, "AccessDenied", "nobody"),
        ("no key", signed("").without("key"), "x", 400, "InvalidArgument", "'key'"),
        ("no name", Form::signed(&running, "", ""), "x", 400, "InvalidArgument", "greater than 0"),
        ("a wrong checksum", signed("").with("x-amz-checksum-crc32", "AAAAAA=="), "x", 400, "BadDigest", "CRC32"),
        ("no checksum", signed("").with("x-amz-checksum-sha256", "short"), "x", 400, "InvalidRequest", "sha256"),
        (
            "no tags",
            signed(r#",["starts-with","$tagging",""]"#).with("tagging", "a=b"),
            "x",
            400,
            "MalformedXML",
            "tagging",
        ),
        ("another bucket", signed("").with("bucket", "other"), "x", 403, "AccessDenied", "bucket"),
        (
            "no such class",
            signed(r#",["starts-with","$x-amz-storage-class",""]"#).with("x-amz-storage-class", "FAST"),
            "x",
            400,
            "InvalidStorageClass",
            "class",
        ),
    ] {
        let (got, said, text) = form.refused(file).await;
        assert_eq!((got, said.as_str()), (status, code), "{what}: {text}");
        assert!(text.contains(word) && text.contains("<RequestId>"), "{what}: {text}");
    }
    let bare = |body: String| async { answer(Form::open(&running, "k").post(body).await).await };
    assert_eq!(bare("--b--\r\n".to_owned()).await.1, "InvalidArgument", "no file");
    assert_eq!(bare("nonsense".to_owned()).await.1, "MalformedPOSTRequest");
    assert_eq!(bare("--b\r\nX: ".to_owned() + &"y".repeat(70_000)).await.1, "MaxPostPreDataLengthExceededError");
    let cut = signed("");
    assert_eq!(answer(cut.post(cut.head() + "never closed").await).await.0, 400);
    let bucket = running.objects.bucket("photos").await.unwrap();
    assert_eq!(
        running.objects.head(&bucket, "k", None).await.unwrap_err().as_str(),
        "no_such_key",
        "nothing is stored"
    );
}

async fn the_buckets_policy_sees_the_key(open: Opener) {
    let running = start(open).await;
    let policy = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::photos/inbox/*",
        "Condition":{"StringEquals":{"s3:x-amz-acl":"public-read"}}}]}"#;
    let set = |settings: &mut Settings| {
        settings.policy = Some(policy.to_owned());
        Ok(())
    };
    running.objects.configure("photos", set).await.unwrap();
    let form = |key: &str| Form::open(&running, key).with("acl", "public-read");
    assert_eq!(form("inbox/${filename}").send("x").await.status(), 204);
    assert_eq!(read(&running, "inbox/猫.png").await, "x");
    assert_eq!(form("elsewhere").refused("x").await.1, "AccessDenied");
    assert_eq!(Form::open(&running, "inbox/a").refused("x").await.1, "AccessDenied", "without the acl");
}

async fn a_large_file_streams(open: Opener) {
    let running = start(open).await;
    let form = Form::signed(&running, "large", r#",["content-length-range",0,50000000]"#);
    let piece = Bytes::from(vec![b'x'; 1 << 20]);
    let pieces = (0..40).map(|_| piece.clone()).chain([Bytes::from_static(b"\r\n--b--\r\n")]);
    let all = std::iter::once(Bytes::from(form.head())).chain(pieces.collect::<Vec<_>>()).map(Ok::<_, std::io::Error>);
    let body = reqwest::Body::wrap_stream(futures::stream::iter(all.collect::<Vec<_>>()));
    assert_eq!(form.post(body).await.status(), 204);
    let bucket = running.objects.bucket("photos").await.unwrap();
    assert_eq!(running.objects.head(&bucket, "large", None).await.unwrap().size, 40 << 20);
}

async fn what_cannot_be_a_header_is_refused(open: Opener) {
    let running = start(open).await;
    let long = "v".repeat(9000);
    for (name, value) in [
        ("x-amz-meta-a b", "v"),
        ("x-amz-meta-ü", "v"),
        ("x-amz-meta-a", "v\r\nSet-Cookie: a=b"),
        ("Content-Type", "image/png\nx"),
        ("Content-Disposition", "a\u{1}"),
        ("Content-Encoding", "\u{7f}"),
        ("Content-Language", "de\n"),
        ("Cache-Control", "no-store\0"),
        ("Expires", "no date"),
        ("Expires", "Sun, 06 Nov 1994 08:49:37 GMT\n"),
        ("Content-Disposition", &long),
    ] {
        let condition = format!(r#",["starts-with","${name}",""]"#);
        let (status, code, text) = Form::signed(&running, "k", &condition).with(name, value).refused("x").await;
        assert_eq!((status, code.as_str()), (400, "InvalidArgument"), "{name}: {text}");
        assert!(text.contains(&name.to_lowercase()), "{name}: {text}");
    }
    let bucket = running.objects.bucket("photos").await.unwrap();
    assert_eq!(running.objects.head(&bucket, "k", None).await.unwrap_err().as_str(), "no_such_key");
    let conditions =
        r#",{"acl":"public-read"},["starts-with","$x-amz-meta-a.b_c",""],["starts-with","$content-disposition",""]"#;
    let form = Form::signed(&running, "k", conditions).with("acl", "public-read").with("x-amz-meta-a.b_c", "1 2");
    let form = form.with("Content-Disposition", "inline; filename=\"猫.png\"");
    assert_eq!(form.send("x").await.status(), 204);
    let read = reqwest::get(format!("{}/photos/k", running.url)).await.unwrap();
    assert_eq!((read.status().as_u16(), read.headers()["x-amz-meta-a.b_c"].as_bytes()), (200, &b"1 2"[..]));
    assert_eq!(read.headers()["content-disposition"].as_bytes(), "inline; filename=\"猫.png\"".as_bytes());
}

doorstep_store::on_each_store! {
    what_cannot_be_a_header_is_refused,
    a_form_says_what_is_stored_and_what_is_answered,
    what_the_policy_does_not_allow,
    the_buckets_policy_sees_the_key,
    a_large_file_streams,
}
