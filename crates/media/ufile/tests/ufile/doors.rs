//! Who is let in, and what goes on to the face behind.

use doorstep_identity::Scope;
use doorstep_meter::Resource;
use doorstep_objects::{AsSource, CorsRule, Granted, Settings};
use doorstep_store::testing::Opener;
use http::Method;

use crate::setting::{Running, refusal, sign, start};

async fn code(request: reqwest::RequestBuilder) -> (u16, i64) {
    let (status, code, _) = refusal(request.send().await.unwrap()).await;
    (status, code)
}

fn address(running: &Running, method: &str, key: &str, expires: i64) -> String {
    let signature = sign(&running.private, &format!("{method}\n\n\n{expires}\n/photos/{key}"));
    // Not encoded, as some SDKs leave it.
    format!("{key}?UCloudPublicKey={}&Expires={expires}&Signature={signature}", running.public)
}

async fn signatures_that_do_not_fit(open: Opener) {
    let running = start(open).await;
    running.put("k", "private").await;
    let by = |public: &str, private: &str| running.signed_by(public, private, Method::GET, "k", &[], None);
    assert_eq!(code(by(&running.public, "wrong")).await, (403, -148_658));
    assert_eq!(code(by("nobody", &running.private)).await, (403, -148_658));
    let other_key = running.signed(Method::GET, "other", &[], None).build().unwrap();
    let stolen = other_key.headers()["authorization"].clone();
    assert_eq!(code(running.plain(Method::GET, "k").header("authorization", stolen.clone())).await.1, -148_658);
    assert_eq!(code(running.plain(Method::PUT, "other").header("authorization", stolen)).await.1, -148_658);
    for bad in ["UCloud ", "UCloud x", "UCloud :"] {
        let (status, code) = code(running.plain(Method::GET, "k").header("authorization", bad)).await;
        assert_eq!((status, code), (400, -149_400), "{bad}");
    }
    let changed = running.signed(Method::PUT, "k", &[("content-type", "text/x")], None);
    let changed = changed.header("content-md5", "5d41402abc4b2a76b9719d911017c592").body("hello");
    assert_eq!(code(changed).await.1, -148_658, "a header that is signed was added");
    let policy = running.signed(Method::PUT, "k", &[], Some("{\"callbackUrl\":\"http://x/\"}")).build().unwrap();
    let authorization = policy.headers()["authorization"].to_str().unwrap().to_owned();
    let forged = authorization.replace("eyJ", "fyJ");
    assert_eq!(code(running.plain(Method::PUT, "k").header("authorization", forged).body("x")).await.1, -148_658);
    let late = [("date", "Mon, 18 Nov 2013 16:00:00 GMT")];
    assert_eq!(code(running.signed(Method::GET, "k", &late, None)).await, (403, -149_403));
    assert_eq!(running.get("k").await.text().await.unwrap(), "private");
}

async fn signed_addresses(open: Opener) {
    let running = start(open).await;
    running.put("k", "private").await;
    let get = |path: String| running.plain(Method::GET, &path);
    let good = address(&running, "GET", "k", running.now_s() + 60);
    assert_eq!(get(good.clone()).send().await.unwrap().text().await.unwrap(), "private");
    assert_eq!(code(get(good.replace("k?", "other?"))).await.1, -148_658);
    assert_eq!(code(running.plain(Method::DELETE, &good)).await.1, -148_658);
    assert_eq!(code(get(address(&running, "GET", "k", running.now_s() - 2))).await, (403, -149_403));
    let longer = good.replace("Expires=", "Expires=9");
    assert_eq!(code(get(longer)).await.1, -148_658);
    assert_eq!(code(get(good.split("&Signature").next().unwrap().to_owned())).await.0, 400);
    let both = running.signed(Method::GET, &good, &[], None);
    assert_eq!(code(both).await.0, 400);
    let put = address(&running, "PUT", "up", running.now_s() + 60);
    assert_eq!(running.plain(Method::PUT, &put).body("sent").send().await.unwrap().status(), 200);
    assert_eq!(running.get("up").await.text().await.unwrap(), "sent");
    assert_eq!(code(get(format!("{good}&iopcmd=thumbnail"))).await.0, 501, "never the original instead");
}

async fn keys_may_what_their_scopes_say(open: Opener) {
    let running = start(open).await;
    running.put("k", "private").await;
    let (merchant, rider, stranger) = (
        running.key("main", Scope::Merchant).await,
        running.key("main", Scope::Rider).await,
        running.key("elsewhere", Scope::Admin).await,
    );
    let get = |key: &(String, String)| running.signed_by(&key.0, &key.1, Method::GET, "k", &[], None);
    assert_eq!(get(&merchant).send().await.unwrap().status(), 200);
    assert_eq!(code(get(&rider)).await, (403, -149_403));
    assert_eq!(code(get(&stranger)).await, (403, -149_403));
    let hit = format!("uploadhit?Hash={}&FileName=k2&FileSize=7", crate::setting::hash(b"private"));
    assert_eq!(code(running.plain(Method::POST, &hit)).await, (403, -148_643));
    assert_eq!(code(running.plain(Method::GET, "?listobjects")).await, (403, -148_643));
    // What a policy opens, and what it closes even to the owner's keys.
    let policy = r#"{"Statement":[
        {"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::photos/k"},
        {"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::photos/closed/*"}]}"#;
    let set = |settings: &mut Settings| {
        settings.policy = Some(policy.to_owned());
        settings.cors = vec![CorsRule {
            origins: vec!["https://shop.example".to_owned()],
            methods: vec!["GET".to_owned()],
            ..CorsRule::default()
        }];
        Ok(())
    };
    running.objects.configure("photos", set).await.unwrap();
    assert_eq!(get(&stranger).send().await.unwrap().status(), 200);
    let ask = |method: &'static str| {
        let request = running.plain(Method::OPTIONS, "k").header("origin", "https://shop.example");
        request.header("access-control-request-method", method).send()
    };
    assert_eq!(ask("GET").await.unwrap().headers()["access-control-allow-methods"], "GET");
    assert_eq!(refusal(ask("PUT").await.unwrap()).await.0, 403);
    let open = running.plain(Method::GET, "k").header("origin", "https://shop.example");
    let open = open.send().await.unwrap();
    assert_eq!(open.headers()["access-control-allow-origin"], "https://shop.example");
    assert_eq!(open.text().await.unwrap(), "private");
    assert_eq!(code(running.signed(Method::PUT, "closed/k", &[], None).body("x")).await.0, 403);
    assert_eq!(code(running.signed(Method::PUT, "k?newFileName=closed/k", &[], None)).await.0, 403);
}

async fn what_is_not_ufiles_goes_on(open: Opener) {
    let running = start(open).await;
    for (method, path) in
        [(Method::GET, "photos/k"), (Method::GET, "?list-type=2"), (Method::PUT, "k"), (Method::DELETE, "k")]
    {
        let text = running.elsewhere(method.clone(), path).send().await.unwrap().text().await.unwrap();
        assert_eq!(text, format!("S3 {method} /{path} 0"));
    }
    let s3 = running.elsewhere(Method::GET, "k").header("authorization", "AWS4-HMAC-SHA256 Credential=x");
    assert!(s3.send().await.unwrap().text().await.unwrap().starts_with("S3 GET"));
    let none = running.signed(Method::GET, "", &[], None).send().await.unwrap();
    assert_eq!(refusal(none).await.0, 405);
    let lost = running.http.get(running.url("k")).header("host", "10.1.1.1").header("authorization", "UCloud a:b");
    assert_eq!(code(lost).await.0, 400);
    let absent = running.http.get(running.url("k")).header("host", "absent.example");
    let signature = sign(&running.private, "GET\n\n\n\n/absent/k");
    let absent = absent.header("authorization", format!("UCloud {}:{signature}", running.public));
    assert_eq!(code(absent).await, (404, -30_010));
}

async fn whoever_makes_pictures_is_told_who_reads_what(open: Opener) {
    let running = start(open).await;
    running.put("k", "private").await;
    let ask = async |signed: bool, source: bool| {
        let mut request = http::Request::get("/k?iopcmd=thumbnail&type=4&width=9").header("host", "photos.example");
        if signed {
            let signature = sign(&running.private, "GET\n\n\n\n/photos/k");
            request = request.header("authorization", format!("UCloud {}:{signature}", running.public));
        }
        let mut request = request.body(doorstep_ufile::RequestBody::default()).unwrap();
        if source {
            request.extensions_mut().insert(AsSource);
        }
        let answer = running.face.serve(request).await;
        (answer.status().as_u16(), answer.extensions().get::<Granted>().cloned())
    };
    let (status, granted) = ask(true, true).await;
    let granted = granted.unwrap();
    assert_eq!((status, granted.who.as_deref(), granted.query_signed), (200, Some("main"), false));
    assert_eq!(granted.object.key, "k");
    let (status, granted) = ask(false, true).await;
    assert!(status == 403 && granted.is_none());
    assert_eq!(ask(true, false).await.0, 501, "never the original instead");
}

async fn the_buckets_owner_pays_for_what_is_let_through(open: Opener) {
    let ufile = start(open).await;
    let put = ufile.signed(Method::PUT, "bill.txt", &[], None).body("0123456789").send().await.unwrap();
    assert_eq!(put.status(), 200);
    let got = ufile.signed(Method::GET, "bill.txt", &[], None).send().await.unwrap();
    assert_eq!(got.text().await.unwrap(), "0123456789");
    let refused = ufile.plain(Method::GET, "bill.txt").header("authorization", "UCloud a:b").send().await.unwrap();
    assert!(refused.status().is_client_error());
    let gone = ufile.signed(Method::DELETE, "bill.txt", &[], None).send().await.unwrap();
    assert!(gone.status().is_success());
    let of = |resource| ufile.counted.of(resource);
    assert_eq!((of(Resource::RequestsWrite), of(Resource::RequestsRead)), (1, 1));
}

doorstep_store::on_each_store! {
    signatures_that_do_not_fit,
    signed_addresses,
    keys_may_what_their_scopes_say,
    what_is_not_ufiles_goes_on,
    whoever_makes_pictures_is_told_who_reads_what,
    the_buckets_owner_pays_for_what_is_let_through,
}
