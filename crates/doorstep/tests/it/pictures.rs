//! Pictures out of buckets: who may ask for what, in which grammar, and what comes back.

use std::time::{Duration, Instant};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use doorstep::config::{Config, PictureCache};
use doorstep::roles::Role;
use doorstep_images::grammar::{self, imgproxy};
use doorstep_images::{Limits, process};
use futures::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::bucket::{Bucket, put_json};
use crate::support::Server;

/// A picture of 400 by 300 in a format.
fn picture(format: &str) -> Vec<u8> {
    colored(format, "#2a9d8f")
}

fn colored(format: &str, color: &str) -> Vec<u8> {
    let drawing = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="400" height="300"><rect width="400" height="300" fill="#e9c46a"/><circle cx="200" cy="150" r="120" fill="{color}"/></svg>"##
    );
    let pipeline = grammar::parse(&format!("image/format,{format}")).unwrap();
    let nothing = |_: &str| Err(String::new());
    process(drawing.as_bytes(), &pipeline, &Limits::default(), &nothing).unwrap().body
}

/// The colour at the centre.
fn centre(body: &[u8]) -> [u8; 3] {
    let raster = doorstep_images::pixels(body, &Limits::default()).unwrap();
    let at = (raster.height as usize / 2 * raster.width as usize + raster.width as usize / 2) * raster.layout.bytes();
    [raster.data[at], raster.data[at + 1], raster.data[at + 2]]
}

fn near(found: [u8; 3], wanted: [u8; 3]) -> bool {
    found.iter().zip(wanted).all(|(a, b)| a.abs_diff(b) < 24)
}

async fn serve(change: impl FnOnce(&mut Config)) -> Server {
    Server::with(|config| {
        config.roles = vec![Role::Api, Role::Objects];
        config.objects.listen = ([127, 0, 0, 1], 0).into();
        config.pictures.cache = PictureCache::Memory;
        change(config);
    })
    .await
}

async fn shop(server: &Server, name: &str) -> Bucket {
    let bucket = Bucket::make(server.objects(), &server.admin, name).await;
    bucket.put("a/photo.jpg", &picture("jpg"), "image/jpeg").await;
    bucket
}

#[tokio::test]
async fn every_grammar_and_all_that_caches_need() {
    let server = serve(|config| config.pictures.cache = PictureCache::Disk).await;
    let bucket = shop(&server, "photos").await;
    bucket.open("a/").await;
    let of = |query: &str| bucket.plain(&format!("a/photo.jpg?{query}"));
    let small = bucket.get(&of("iopcmd=thumbnail&type=4&width=100|iopcmd=rotate&degree=90")).await;
    assert_eq!(small.picture(), (75, 100, "image/jpeg"));
    assert_eq!((small.header("x-cache"), small.header("cache-control")), ("MISS", "public, max-age=300"));
    assert!(!small.header("last-modified").is_empty());
    assert_eq!(small.header("vary"), "");
    let same = bucket.get(&of("x-oss-process=image/resize,w_100/rotate,90")).await;
    assert_ne!(same.header("etag"), small.header("etag"), "OSS never enlarges: another pipeline");
    let again = bucket.get(&of("iopcmd=thumbnail&type=4&width=100%7Ciopcmd=rotate&degree=90")).await;
    assert_eq!((again.header("x-cache"), again.header("etag")), ("HIT", small.header("etag")));
    assert_eq!(again.body, small.body);
    let path = bucket.base.clone() + "/insecure/rs:fill:80:80/plain/s3://photos/a/photo.jpg@webp";
    assert_eq!(bucket.get(&path).await.picture(), (80, 80, "image/webp"));
    let encoded = BASE64_URL_SAFE_NO_PAD.encode("s3://photos/a/photo.jpg");
    assert_eq!(bucket.get(&format!("{}/_/w:60/{encoded}.png", bucket.base)).await.picture(), (60, 45, "image/png"));
    // The same bucket as a host.
    let port = server.objects().port();
    let host = bucket.request(Method::GET, &format!("{}/a/photo.jpg?iopcmd=thumbnail&type=4&width=50", bucket.base));
    let by_host = bucket.send(host.header("host", format!("photos.localhost:{port}"))).await;
    assert_eq!(by_host.picture(), (50, 38, "image/jpeg"));

    // Conditions are about the result.
    let etag = small.header("etag");
    let url = of("iopcmd=thumbnail&type=4&width=100|iopcmd=rotate&degree=90");
    let known = bucket.get_with(&url, "if-none-match", etag).await;
    assert_eq!((known.status, known.body.len(), known.header("etag")), (304, 0, etag));
    assert_eq!(bucket.get_with(&url, "if-modified-since", small.header("last-modified")).await.status, 304);
    assert_eq!(bucket.get_with(&url, "if-match", "\"other\"").await.refused().1, "PreconditionFailed");
    let head = bucket.send(bucket.request(Method::HEAD, &url)).await;
    assert_eq!((head.status, head.header("content-length")), (200, small.body.len().to_string().as_str()));
    assert_eq!((head.body.len(), head.header("content-type")), (0, "image/jpeg"));

    // The format that the client likes best.
    let auto = of("iopcmd=thumbnail&type=4&width=40|iopcmd=convert&dst=auto");
    let webp = bucket.get_with(&auto, "accept", "image/webp,*/*").await;
    assert_eq!((webp.picture().2, webp.header("vary")), ("image/webp", "Accept"));
    let jpeg = bucket.get_with(&auto, "accept", "image/png,*/*").await;
    assert_eq!((jpeg.picture().2, jpeg.header("vary")), ("image/jpeg", "Accept"));
    assert_ne!(jpeg.header("etag"), webp.header("etag"));

    let info = bucket.get(&of("x-oss-process=image/info")).await;
    assert_eq!(info.header("content-type"), "application/json");
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&info.body).unwrap()["width"], 400);

    // What was made outlives the process; a new version of the source is a new picture.
    bucket.put("a/photo.jpg", &colored("png", "#d00000"), "image/png").await;
    let new = bucket.get(&url).await;
    assert_eq!((new.picture().2, new.header("x-cache")), ("image/png", "MISS"));
    assert!(near(centre(&new.body), [0xd0, 0, 0]));
    server.stop().await;
}

#[tokio::test]
async fn refusals_are_s3s_own() {
    let server = serve(|_| {}).await;
    let bucket = shop(&server, "photos").await;
    let refused = async |url: String| bucket.get(&url).await.refused();
    let words = |status: u16, code: &str, argument: &str| (status, code.to_owned(), argument.to_owned());
    let signed = |query: &str| bucket.signed("GET", "a/photo.jpg", query);
    assert_eq!(
        refused(signed("iopcmd=thumbnail&type=4&widht=9")).await,
        words(400, "InvalidArgument", "iopcmd/thumbnail/width")
    );
    assert_eq!(
        refused(signed("x-oss-process=image/resize,w_0")).await,
        words(400, "InvalidArgument", "x-oss-process/resize/w")
    );
    assert_eq!(refused(signed("x-oss-process=style/none")).await, words(404, "NoSuchStyle", "style"));
    // What one may not read one may not have made smaller either.
    assert_eq!(refused(bucket.plain("a/photo.jpg?x-oss-process=image/info")).await.1, "AccessDenied");
    assert_eq!(refused(format!("{}/_/w:9/plain/s3://photos/a/photo.jpg", bucket.base)).await.1, "AccessDenied");
    assert_eq!(refused(bucket.signed("GET", "none.jpg", "x-oss-process=image/info")).await.1, "NoSuchKey");
    let foreign = format!("{}/_/w:9/plain/s3://photos@webp", bucket.base);
    assert_eq!(refused(foreign).await, words(400, "InvalidArgument", "imgproxy/source"));
    bucket.put("text", b"no picture", "text/plain").await;
    assert_eq!(refused(bucket.signed("GET", "text", "x-oss-process=image/info")).await.1, "UnknownImageFormat");
    let whole = picture("png");
    bucket.put("cut.png", &whole[..whole.len() / 2], "image/png").await;
    assert_eq!(refused(bucket.signed("GET", "cut.png", "x-oss-process=image/resize,w_9")).await.1, "ImageDamaged");
    // 65,536 by 65,536 pixels in a few bytes.
    bucket.put("bomb.png", &bomb(), "image/png").await;
    let bomb = refused(bucket.signed("GET", "bomb.png", "x-oss-process=image/resize,w_9")).await;
    assert_eq!(bomb, words(400, "ImageTooLarge", "source_side"));
    // A refusal has no body where nobody wants one, and is kept by nobody.
    let head = bucket.signed("HEAD", "text", "x-oss-process=image/info");
    let head = bucket.send(bucket.request(Method::HEAD, &head)).await;
    assert_eq!((head.status, head.body.len(), head.header("cache-control")), (400, 0, "no-store"));
    server.stop().await;
}

#[tokio::test]
async fn refusals_are_ufiles_own_where_it_is_asked() {
    let server = serve(|_| {}).await;
    let bucket = shop(&server, "words").await;
    let client = reqwest::Client::new();
    // UFile's buckets are named by the host.
    let host = format!("{}.files.example", bucket.name);
    let ask = async |query: &str, header: Option<&str>| {
        let url = format!("http://{}/a/photo.jpg?{query}", server.objects());
        let mut request = client.get(url).header("host", &host);
        if let Some(header) = header {
            request = request.header("authorization", header);
        }
        let answer = request.send().await.unwrap();
        let media_type = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (answer.status().as_u16(), media_type, answer.text().await.unwrap())
    };
    let wrong = "iopcmd=thumbnail&type=99";
    let signed = "UCloudPublicKey=a&Signature=b&Expires=4000000000";
    for (query, header) in [(wrong.to_owned(), Some("UCloud a:b")), (format!("{signed}&{wrong}"), None)] {
        let (status, media_type, body) = ask(&query, header).await;
        assert_eq!((status, media_type.as_str()), (400, "application/json"), "{query}: {body}");
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["RetCode"], -149_400);
        assert!(body["ErrMsg"].as_str().unwrap().contains("type"), "{body}");
    }
    let (status, media_type, _) = ask(wrong, None).await;
    assert_eq!((status, media_type.as_str()), (400, "application/xml"));
    server.stop().await;
}

/// The header of a large PNG and nothing behind it.
fn bomb() -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8; 4], data: &[u8]| {
        png.extend_from_slice(&u32::try_from(data.len()).unwrap().to_be_bytes());
        let mut sum = flate2::Crc::new();
        sum.update(kind);
        sum.update(data);
        png.extend_from_slice(kind);
        png.extend_from_slice(data);
        png.extend_from_slice(&sum.sum().to_be_bytes());
    };
    chunk(b"IHDR", &[0, 1, 0, 0, 0, 1, 0, 0, 8, 2, 0, 0, 0]);
    chunk(b"IDAT", &[0x78, 0x9c, 3, 0, 0, 0, 0, 1]);
    chunk(b"IEND", &[]);
    png
}

#[tokio::test]
async fn a_signature_covers_what_it_covers() {
    let server = serve(|_| {}).await;
    let bucket = shop(&server, "photos").await;
    let shrink = "iopcmd=thumbnail&type=4&width=40";
    let covered = bucket.signed("GET", "a/photo.jpg", shrink);
    assert_eq!(bucket.get(&covered).await.picture().0, 40);
    assert_eq!(bucket.get(&covered).await.header("cache-control"), "private, max-age=300");
    let added = format!("{}&{shrink}", bucket.signed("GET", "a/photo.jpg", ""));
    assert_eq!(bucket.get(&added).await.picture().0, 40);
    let changed = covered.replace("width=40", "width=399");
    assert_eq!(bucket.get(&changed).await.refused().1, "SignatureDoesNotMatch");

    let sealed = json!({"sealed": true});
    put_json(&server.admin, "/v1/buckets/photos/pictures", sealed).await.done();
    assert_eq!(bucket.get(&covered).await.picture().0, 40);
    let refused = bucket.get(&added).await;
    assert_eq!((refused.status, refused.refused().1.as_str()), (403, "AccessDenied"));
    let plain = bucket.get(&bucket.signed("GET", "a/photo.jpg", "")).await;
    assert_eq!((plain.status, plain.body), (200, picture("jpg")));
    server.stop().await;
}

#[tokio::test]
async fn styles_and_protected_originals() {
    let server = serve(|_| {}).await;
    let bucket = shop(&server, "photos").await;
    bucket.open("").await;
    let styles = "/v1/buckets/photos/styles";
    let card = json!({"process": "image/resize,m_fill,w_64,h_64/format,webp"});
    put_json(&server.admin, &format!("{styles}/card"), card.clone()).await.done();
    put_json(&server.admin, &format!("{styles}/grey"), json!({"process": "iopcmd=bright&value=-50"})).await.done();
    let bad = put_json(&server.admin, &format!("{styles}/bad"), json!({"process": "image/resize,w_abc"})).await;
    assert!(bad.names(400, "invalid_field", "/process")["errors"][0]["reason"].as_str().unwrap().contains("resize, w"));
    put_json(&server.admin, &format!("{styles}/b%20d"), card.clone()).await.names(400, "invalid_field", "/name");
    let page = server.admin.get(&format!("{styles}?limit=1")).await.done();
    assert_eq!((&page["items"][0]["name"], &page["next_cursor"]), (&json!("card"), &json!("card")));
    let rest = server.admin.get(&format!("{styles}?cursor=card")).await.done();
    assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next_cursor"]), (1, &json!(null)));
    for query in ["iopstyle=card", "x-oss-process=style/card", "x-oss-process=style%2Fcard"] {
        let made = bucket.get(&bucket.plain(&format!("a/photo.jpg?{query}"))).await;
        assert_eq!(made.picture(), (64, 64, "image/webp"), "{query}");
    }

    put_json(&server.admin, "/v1/buckets/photos/pictures", json!({"protect": ["jpg"]})).await.done();
    bucket.put("a/note.txt", b"open", "text/plain").await;
    for url in ["a/photo.jpg", "a/photo.jpg?x-oss-process=image/resize,w_399", "a/photo.jpg?iopcmd=imageinfo"] {
        let refused = bucket.get(&bucket.plain(url)).await;
        assert_eq!((refused.status, refused.refused().1.as_str()), (403, "AccessDenied"), "{url}");
    }
    let by_path = format!("{}/insecure/w:9/plain/s3://photos/a/photo.jpg", bucket.base);
    assert_eq!(bucket.get(&by_path).await.status, 403);
    assert_eq!(bucket.get(&bucket.plain("a/photo.jpg?iopstyle=card")).await.picture().0, 64);
    assert_eq!(bucket.get(&bucket.plain("a/note.txt")).await.body, b"open");
    assert_eq!(bucket.get(&bucket.signed("GET", "a/photo.jpg", "")).await.body, picture("jpg"));
    assert_eq!(
        bucket.get(&bucket.signed("GET", "a/photo.jpg", "x-oss-process=image/resize,w_50")).await.picture().0,
        50
    );

    // A style that is saved anew makes another picture, and its holder is told so.
    let before = bucket.get(&bucket.plain("a/photo.jpg?iopstyle=card")).await;
    put_json(&server.admin, &format!("{styles}/card"), json!({"process": "image/resize,w_32"})).await.done();
    let after =
        bucket.get_with(&bucket.plain("a/photo.jpg?iopstyle=card"), "if-none-match", before.header("etag")).await;
    assert_eq!(after.picture().0, 32);
    server.admin.delete(&format!("{styles}/card")).await.done();
    assert_eq!(bucket.get(&bucket.plain("a/photo.jpg?iopstyle=card")).await.refused().1, "NoSuchStyle");
    server.admin.get(&format!("{styles}/card")).await.problem(404, "not_found");
    // Another tenant's bucket is none.
    server.tenant("others").get(styles).await.problem(404, "not_found");
    let merchant = server.client(&["merchant"]).await;
    assert_eq!(merchant.get(styles).await.done()["items"][0]["name"], "grey");
    put_json(&merchant, &format!("{styles}/mine"), card).await.problem(403, "forbidden");
    server.stop().await;
}

#[tokio::test]
async fn paths_signed_as_imgproxy_signs_them() {
    let server = serve(|_| {}).await;
    let bucket = shop(&server, "photos").await;
    let keys = "/v1/buckets/photos/picture-keys";
    let fresh = server.admin.post(keys, json!({})).await.made();
    let own = json!({"key": "943b421c9eb07c830af81030552c86009268de4e532ba2ee2eab8247c6da0881", "salt": "520f986b998545b4785e0defbc4f3c1203f22de2374a3d53cb7a7fe9fea309c5"});
    let added = server.admin.post_once(keys, "once", &own).await.made();
    assert_eq!(added["key"], own["key"]);
    let again = server.admin.post_once(keys, "once", &own).await.made();
    assert_eq!((&again["id"], again.get("key")), (&added["id"], None));
    let listed = server.admin.get(keys).await.done();
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    assert!(listed["items"][0].get("key").is_none());
    server.admin.post(keys, json!({"key": "00"})).await.names(400, "invalid_field", "/salt");
    server.admin.post(keys, json!({"key": "00", "salt": "00"})).await.names(400, "invalid_field", "/key");

    let bytes = |value: &serde_json::Value| -> Vec<u8> {
        let text = value.as_str().unwrap();
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    };
    let sign = |path: &str, with: &serde_json::Value| {
        let key = imgproxy::Key { key: bytes(&with["key"]), salt: bytes(&with["salt"]) };
        format!("{}/{}{path}", bucket.base, imgproxy::sign(path, &key))
    };
    let path = "/rs:fit:100:100/plain/s3://photos/a/photo.jpg@webp";
    for with in [&own, &fresh] {
        assert_eq!(bucket.get(&sign(path, with)).await.picture(), (100, 75, "image/webp"));
    }
    let changed = sign(path, &own).replace("100:100", "300:300");
    assert_eq!(bucket.get(&changed).await.refused().1, "SignatureDoesNotMatch");
    let old = "/exp:1/w:9/plain/s3://photos/a/photo.jpg";
    assert_eq!(bucket.get(&sign(old, &own)).await.refused().1, "AccessDenied");
    // Whoever guesses learns nothing of buckets and keys.
    assert_eq!(bucket.get(&sign("/w:9/plain/s3://none/x", &own)).await.refused().1, "SignatureDoesNotMatch");
    server.admin.delete(&format!("{keys}/{}", added["id"].as_str().unwrap())).await.done();
    assert_eq!(bucket.get(&sign(path, &own)).await.refused().1, "SignatureDoesNotMatch");
    assert_eq!(bucket.get(&sign(path, &fresh)).await.picture().0, 100);
    server.stop().await;
}

#[tokio::test]
async fn watermarks_show_nobody_what_he_may_not_see() {
    // A server of pictures that is not public.
    let assets = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = assets.local_addr().unwrap();
    let logo = colored("png", "#0000d0");
    let router =
        axum::Router::new().route("/logo.png", axum::routing::get(move || std::future::ready(logo.clone()))).route(
            "/away",
            axum::routing::get(|| async { axum::response::Redirect::temporary("http://169.254.169.254/x") }),
        );
    tokio::spawn(async move { axum::serve(assets, router).await });
    let server = serve(|config| config.pictures.private_hosts = vec![at.to_string()]).await;
    let bucket = shop(&server, "photos").await;
    bucket.open("a/").await;
    bucket.put("secret/logo.png", &colored("png", "#d00000"), "image/png").await;
    bucket.put("a/logo.png", &colored("png", "#00d000"), "image/png").await;
    let mark = |source: &str| {
        let name = BASE64_URL_SAFE_NO_PAD.encode(source);
        format!("iopcmd=watermark&type=2&imageurl={name}&gravity=Center&ax=0&ay=0|iopcmd=convert&dst=png")
    };
    let everybody = async |source: &str| bucket.get(&bucket.plain(&format!("a/photo.jpg?{}", mark(source)))).await;
    assert!(near(centre(&everybody("a/logo.png").await.body), [0, 0xd0, 0]));
    for closed in ["secret/logo.png", "none.png", "s3://other/a.png", &format!("http://{at}/logo.png")] {
        let (status, code, argument) = everybody(closed).await.refused();
        assert_eq!((status, code.as_str(), argument.as_str()), (400, "InvalidArgument", "watermark"), "{closed}");
    }
    // The owner's own wish: signed, or saved.
    let owner = bucket.get(&bucket.signed("GET", "a/photo.jpg", &mark("secret/logo.png"))).await;
    assert!(near(centre(&owner.body), [0xd0, 0, 0]));
    let added = format!("{}&{}", bucket.signed("GET", "a/photo.jpg", ""), mark("secret/logo.png"));
    assert_eq!(bucket.get(&added).await.refused().1, "InvalidArgument");
    let style = json!({"process": mark("secret/logo.png")});
    put_json(&server.admin, "/v1/buckets/photos/styles/marked", style).await.done();
    let styled = bucket.get(&bucket.plain("a/photo.jpg?iopstyle=marked")).await;
    assert!(near(centre(&styled.body), [0xd0, 0, 0]));

    // Another server: named by the bucket's owner, and let through by the guard.
    let hosts = json!({"watermark_hosts": [at.to_string(), "169.254.169.254", "localhost"]});
    put_json(&server.admin, "/v1/buckets/photos/pictures", hosts).await.done();
    assert!(near(centre(&everybody(&format!("http://{at}/logo.png")).await.body), [0, 0, 0xd0]));
    for inside in
        [format!("http://{at}/away"), "http://169.254.169.254/latest".to_owned(), "http://localhost/x".to_owned()]
    {
        let refused = everybody(&inside).await;
        let text = String::from_utf8_lossy(&refused.body).into_owned();
        assert!(refused.status == 400 && text.contains("is not a public address"), "{inside}: {text}");
    }
    server.stop().await;
}

#[tokio::test]
async fn upload_rules_store_each_size_once() {
    let server = serve(|_| {}).await;
    let bucket = Bucket::make(server.objects(), &server.admin, "photos").await;
    put_json(&server.admin, "/v1/buckets/photos/styles/tiny", json!({"process": "image/resize,w_16"})).await.done();
    let result = |process: &str, key: &str| json!({"process": process, "key": key});
    let rule = json!({"name": "sizes", "prefix": "shop/", "results": [
        result("image/resize,w_200/format,webp", "{dir}200/{stem}.{ext}"),
        result("image/resize,w_100", "{dir}100/{stem}.{ext}"),
        result("style/tiny", "tiny/{key}"),
        result("image/info", "{key}.json"),
    ]});
    put_json(&server.admin, "/v1/buckets/photos/pictures", json!({"rules": [rule]})).await.done();
    server.admin.delete("/v1/buckets/photos/styles/tiny").await.names(400, "invalid_field", "/results");
    bucket.put("shop/1/cat.jpg", &picture("jpg"), "image/jpeg").await;
    bucket.put("other/cat.jpg", &picture("jpg"), "image/jpeg").await;
    let until = async |key: &str| {
        let began = Instant::now();
        loop {
            let found = bucket.get(&bucket.signed("GET", key, "")).await;
            if found.status == 200 {
                return found;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "{key} was never made");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert_eq!(until("shop/1/200/cat.webp").await.picture(), (200, 150, "image/webp"));
    assert_eq!(until("shop/1/100/cat.jpg").await.picture(), (100, 75, "image/jpeg"));
    assert_eq!(until("tiny/shop/1/cat.jpg").await.picture(), (16, 12, "image/jpeg"));
    let made = until("shop/1/cat.jpg.json").await;
    assert_eq!(made.header("content-type"), "application/json");
    // A new version of the source, new results; and nothing is made of what was made.
    bucket.put("shop/1/cat.jpg", &colored("jpg", "#d00000"), "image/jpeg").await;
    let began = Instant::now();
    while !near(centre(&until("shop/1/200/cat.webp").await.body), [0xd0, 0, 0]) {
        assert!(began.elapsed() < Duration::from_secs(30), "the new version was never made smaller");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let listed = bucket.get(&bucket.signed("GET", "", "list-type=2")).await;
    let text = String::from_utf8_lossy(&listed.body).into_owned();
    assert_eq!(text.matches("<Key>").count(), 6, "{text}");
    server.stop().await;
}

#[tokio::test]
async fn too_much_at_once_is_told_to_come_again() {
    let server = serve(|config| {
        (config.pictures.threads, config.pictures.queue, config.pictures.wait_s) = (1, 0, 0.05);
    })
    .await;
    let bucket = shop(&server, "photos").await;
    let urls: Vec<String> = (1..=40)
        .map(|n| {
            bucket.signed(
                "GET",
                "a/photo.jpg",
                &format!("iopcmd=thumbnail&type=4&width={}|iopcmd=blur&sigma=9", 900 + n),
            )
        })
        .collect();
    let answers = join_all(urls.iter().map(|url| bucket.get(url))).await;
    let made = answers.iter().filter(|got| got.status == 200).count();
    let shed: Vec<_> = answers.iter().filter(|got| got.status == 503).collect();
    assert_eq!(made + shed.len(), 40);
    assert!(made >= 1 && !shed.is_empty());
    for got in shed {
        assert_eq!((got.refused().1.as_str(), got.header("retry-after")), ("SlowDown", "1"));
    }
    // The same picture for all is made once: nobody is in the others' way.
    let same = bucket.signed("GET", "a/photo.jpg", "iopcmd=thumbnail&type=4&width=700|iopcmd=blur&sigma=9");
    let together = join_all((0..40).map(|_| bucket.get(&same))).await;
    assert!(together.iter().all(|got| got.status == 200 && got.body == together[0].body));
    server.stop().await;
}
