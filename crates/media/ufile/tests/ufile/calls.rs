//! Each call does what UFile's documents say.

use axum::Router;
use axum::routing::post;
use doorstep_objects::{Get, StorageClass, UFILE_BLOCK};
use doorstep_store::testing::Opener;
use http::Method;
use serde_json::{Value, json};

use crate::setting::{Running, etag, hash, refusal, sign, start, start_with};

async fn listed(running: &Running, path: &str) -> Value {
    let response = running.signed(Method::GET, path, &[], None).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    response.json().await.unwrap()
}

async fn what_was_put_comes_back(open: Opener) {
    let running = start(open).await;
    let headers = [
        ("content-type", "text/x"),
        ("content-md5", "5d41402abc4b2a76b9719d911017c592"),
        ("x-ufile-meta-color", "red"),
        ("x-ufile-storage-class", "IA"),
    ];
    let put = running.signed(Method::PUT, "a/ü 1.txt", &headers, None).body("hello").send().await.unwrap();
    assert_eq!((put.status().as_u16(), etag(&put)), (200, hash(b"hello")));
    let head = running.signed(Method::HEAD, "a/ü 1.txt", &[], None).send().await.unwrap();
    for (name, value) in [
        ("content-length", "5"),
        ("content-type", "text/x"),
        ("x-ufile-meta-color", "red"),
        ("x-ufile-storage-class", "IA"),
        ("accept-ranges", "bytes"),
    ] {
        assert_eq!(head.headers()[name], value, "{name}");
    }
    assert!(head.headers().contains_key("last-modified"));
    assert_eq!(running.get("a/ü 1.txt").await.text().await.unwrap(), "hello");
    let part = running.signed(Method::GET, "a/ü 1.txt", &[("range", "bytes=1-3")], None).send().await.unwrap();
    assert_eq!((part.status().as_u16(), part.headers()["content-range"].to_str().unwrap()), (206, "bytes 1-3/5"));
    assert_eq!(part.text().await.unwrap(), "ell");
    let none = running.signed(Method::GET, "a/ü 1.txt", &[("range", "bytes=5-")], None).send().await.unwrap();
    assert_eq!(refusal(none).await.0, 416);
    let since = head.headers()["last-modified"].to_str().unwrap();
    let same = running.signed(Method::GET, "a/ü 1.txt", &[("if-modified-since", since)], None).send().await.unwrap();
    assert_eq!(same.status(), 304);
    let named = running.get("a/ü 1.txt?ufileattname=b.txt").await;
    assert!(named.headers()["content-disposition"].to_str().unwrap().contains("filename=\"b.txt\""));
    let gone = running.signed(Method::DELETE, "a/ü 1.txt", &[], None).send().await.unwrap();
    assert_eq!(gone.status(), 204);
    assert_eq!(refusal(running.get("a/ü 1.txt").await).await, (404, -148_654, "file not exist".to_owned()));
    let again = running.signed(Method::DELETE, "a/ü 1.txt", &[], None).send().await.unwrap();
    assert_eq!(refusal(again).await.0, 404);
    let wrong = running.signed(Method::PUT, "k", &[("content-md5", &"0".repeat(32))], None).body("hello");
    assert_eq!(refusal(wrong.send().await.unwrap()).await.0, 400);
}

async fn uploads_that_crawl_are_given_up(open: Opener) {
    use std::time::Duration;
    let pace =
        doorstep_objects::Pace { idle: Duration::from_secs(5), grace: Duration::from_millis(300), bytes_per_s: 10_000 };
    let running = start_with(open, doorstep_objects::Config { pace, ..Default::default() }).await;
    let trickle = || {
        reqwest::Body::wrap_stream(futures::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Some((Ok::<_, std::io::Error>(bytes::Bytes::from_static(b" ")), ()))
        }))
    };
    let json = [("content-length", "1000")];
    for (method, path, headers) in
        [(Method::PUT, "slow", &[("content-length", "1000000")][..]), (Method::POST, "slow?opmeta", &json[..])]
    {
        let slow = running.signed(method, path, headers, None).body(trickle()).send().await.unwrap();
        let (status, code, told) = refusal(slow).await;
        assert_eq!((status, code), (408, -149_408), "{path}: {told}");
        assert!(told.contains("10000 a second"), "{told}");
    }
    let silence = reqwest::Body::wrap_stream(futures::stream::pending::<Result<bytes::Bytes, std::io::Error>>());
    let slow =
        running.signed(Method::PUT, "slow", &[("content-length", "9")], None).body(silence).send().await.unwrap();
    assert_eq!(refusal(slow).await.0, 408);
    assert_eq!(refusal(running.get("slow").await).await.1, -148_654, "nothing of it is kept");
}

async fn parts_are_joined(open: Opener) {
    let running = start(open).await;
    let begun: Value = running
        .signed(Method::POST, "big?uploads", &[("content-type", "text/plain")], None)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!((&begun["BlkSize"], &begun["Key"]), (&json!(4_194_304), &json!("big")));
    let id = begun["UploadId"].as_str().unwrap();
    let data: Vec<u8> = (0..UFILE_BLOCK as u32 + 5).map(|n| (n % 251) as u8).collect();
    let mut etags = Vec::new();
    for (n, piece) in data.chunks(UFILE_BLOCK).enumerate() {
        let path = format!("big?uploadId={id}&partNumber={n}");
        let put = running.signed(Method::PUT, &path, &[("content-type", "video/mp4")], None).body(piece.to_vec());
        let put = put.send().await.unwrap();
        assert_eq!(etag(&put), hash(piece));
        etags.push(put.headers()["etag"].to_str().unwrap().to_owned());
        assert_eq!(put.json::<Value>().await.unwrap(), json!({ "PartNumber": n }));
    }
    let parts = listed(&running, &format!("?muploadpart&uploadId={id}")).await;
    let told: Vec<&Value> = parts["Parts"].as_array().unwrap().iter().map(|p| &p["PartNum"]).collect();
    assert_eq!((told, &parts["Key"]), (vec![&json!(0), &json!(1)], &json!("big")));
    let page = listed(&running, &format!("?muploadpart&uploadId={id}&max-parts=1&part-number-marker=0")).await;
    assert_eq!((&page["IsTruncated"], &page["NextPartNumberMarker"]), (&json!(true), &json!(1)));
    let uploads = listed(&running, "?muploadid&prefix=b&marker=&limit=10").await;
    assert_eq!((&uploads["RetCode"], &uploads["DataSet"][0]["FileName"]), (&json!(0), &json!("big")));

    let finish = |list: String, path: String| {
        running.signed(Method::POST, &path, &[("content-type", "text/plain")], None).body(list).send()
    };
    let path = format!("big?uploadId={id}&newKey=other");
    assert_eq!(refusal(finish(etags[0].clone(), path.clone()).await.unwrap()).await.0, 400, "one is not named");
    assert_eq!(refusal(finish(format!("{0},{0}", etags[0]), path.clone()).await.unwrap()).await.0, 400, "a wrong ETag");
    running.put("big", "taken by now").await;
    let done = finish(etags.join(","), path.clone()).await.unwrap();
    assert_eq!((done.status().as_u16(), etag(&done)), (200, hash(&data)));
    let told = done.json::<Value>().await.unwrap();
    assert_eq!(told, json!({ "Bucket": "photos", "Key": "other", "FileSize": data.len() }));
    assert_eq!(finish(etags.join(","), path).await.unwrap().status(), 200, "asked again, the same answer");
    let read = running.get("other").await;
    assert_eq!((etag(&read), read.headers()["content-type"].to_str().unwrap()), (hash(&data), "video/mp4"));
    assert_eq!(read.bytes().await.unwrap(), data);
    assert_eq!(running.get("big").await.text().await.unwrap(), "taken by now");

    for query in ["uploadId", "uploads"] {
        let begun = running.signed(Method::POST, "big?uploads", &[], None).send().await.unwrap();
        let id = begun.json::<Value>().await.unwrap()["UploadId"].as_str().unwrap().to_owned();
        let abort = running.signed(Method::DELETE, &format!("big?{query}={id}"), &[], None).send().await.unwrap();
        assert_eq!(abort.status(), 200);
        assert_eq!(running.get("big").await.status(), 200, "an abort deletes no file");
        let part = running.signed(Method::PUT, &format!("big?uploadId={id}&partNumber=0"), &[], None).body("x");
        assert_eq!(refusal(part.send().await.unwrap()).await.0, 404);
    }
}

async fn odd_parts_are_refused_at_the_end(open: Opener) {
    let running = start(open).await;
    let begun = running.signed(Method::POST, "k?uploads", &[], None).send().await.unwrap();
    let id = begun.json::<Value>().await.unwrap()["UploadId"].as_str().unwrap().to_owned();
    let mut etags = Vec::new();
    for n in 0..2 {
        let path = format!("k?uploadId={id}&partNumber={n}");
        etags.push(etag(&running.signed(Method::PUT, &path, &[], None).body("small").send().await.unwrap()));
    }
    let finish = running.signed(Method::POST, &format!("k?uploadId={id}"), &[], None).body(etags.join(","));
    let (status, _, words) = refusal(finish.send().await.unwrap()).await;
    assert!(status == 400 && words.contains("4194304"), "{words}");
}

async fn a_form_uploads(open: Opener) {
    let running = start(open).await;
    let form = |authorization: &str| {
        format!(
            "--b\r\nContent-Disposition: form-data; name=\"FileName\"\r\n\r\nform/ü.txt\r\n\
             --b\r\nContent-Disposition: form-data; name=\"Authorization\"\r\n\r\n{authorization}\r\n\
             --b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"x\"\r\nContent-Type: text/x\r\n\r\n\
             from a form\r\n--b\r\n"
        )
    };
    let text = "POST\n\ntext/x\n\n/photos/form/ü.txt";
    let good = format!("UCloud {}:{}", running.public, crate::setting::sign(&running.private, text));
    let send = |body: String| {
        running.plain(Method::POST, "").header("content-type", "multipart/form-data; boundary=b").body(body).send()
    };
    let done = send(form(&good)).await.unwrap();
    assert_eq!((done.status().as_u16(), etag(&done)), (200, hash(b"from a form")));
    let read = running.get("form/ü.txt").await;
    assert_eq!(read.headers()["content-type"], "text/x");
    assert_eq!(read.text().await.unwrap(), "from a form");
    assert_eq!(refusal(send(form("UCloud nobody:AAAA")).await.unwrap()).await.1, -148_658);
    let elsewhere = |body: String| {
        let request = running.elsewhere(Method::POST, "").header("content-type", "multipart/form-data; boundary=b");
        request.body(body).send()
    };
    assert_eq!(elsewhere(form(&good)).await.unwrap().status(), 200);
    let s3 = "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk\r\n--b\r\n\
              Content-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--b--\r\n";
    let length = s3.len();
    assert_eq!(elsewhere(s3.to_owned()).await.unwrap().text().await.unwrap(), format!("S3 POST / {length}"));
    assert!(elsewhere("no form".to_owned()).await.unwrap().text().await.unwrap().starts_with("S3 POST"));
    assert_eq!(refusal(send("no form".to_owned()).await.unwrap()).await.0, 400);
}

async fn lists(open: Opener) {
    let running = start(open).await;
    for key in ["a", "d/", "d/1", "d/2", "d/e/3", "z"] {
        running.put(key, "x").await;
    }
    let names = |told: &Value, list: &str, name: &str| -> Vec<String> {
        told[list].as_array().unwrap().iter().map(|e| e[name].as_str().unwrap().to_owned()).collect()
    };
    let page = listed(&running, "?list&prefix=d/&limit=2").await;
    assert_eq!(names(&page, "DataSet", "FileName"), ["d/", "d/1"]);
    assert_eq!((&page["NextMarker"], &page["DataSet"][1]["Hash"]), (&json!("d/1"), &json!(hash(b"x"))));
    let rest = listed(&running, "?list&prefix=d/&marker=d/1").await;
    assert_eq!(
        (names(&rest, "DataSet", "ObjectName"), &rest["NextMarker"]),
        (vec!["d/2".to_owned(), "d/e/3".to_owned()], &json!(""))
    );
    let top = listed(&running, "?listobjects&delimiter=/&max-keys=10").await;
    assert_eq!(names(&top, "Contents", "Key"), ["a", "z"]);
    assert_eq!(names(&top, "CommonPrefixes", "Prefix"), ["d/"]);
    assert_eq!((&top["MaxKeys"], &top["Contents"][0]["Size"]), (&json!("10"), &json!("1")));
    let inside = listed(&running, "?listobjects&delimiter=%2F&prefix=d%2F").await;
    assert_eq!(names(&inside, "Contents", "Key"), ["d/1", "d/2"], "the folder is not in itself");
    let bad = running.signed(Method::GET, "?listobjects&delimiter=x", &[], None).send().await.unwrap();
    assert_eq!(refusal(bad).await.0, 400);
}

async fn hits_copies_and_names(open: Opener) {
    let running = start(open).await;
    let first = running.put("first", "the bytes").await;
    // As JuiceFS copies: HEAD, then a hit by its ETag and size.
    let hit = format!("uploadhit?Hash={}&FileName=second/x&FileSize=9", etag(&first));
    let done = running.signed(Method::POST, &hit, &[], None).send().await.unwrap();
    assert_eq!((done.status().as_u16(), etag(&done)), (200, hash(b"the bytes")));
    assert_eq!(running.get("second/x").await.text().await.unwrap(), "the bytes");
    let miss = format!("uploadhit?Hash={}&FileName=third&FileSize=8", etag(&first));
    assert_eq!(refusal(running.signed(Method::POST, &miss, &[], None).send().await.unwrap()).await.1, -148_654);
    let none = "uploadhit?Hash=nonsense&FileName=third&FileSize=8";
    assert_eq!(refusal(running.signed(Method::POST, none, &[], None).send().await.unwrap()).await.0, 400);

    let source = [("x-ufile-copy-source", "/photos/second%2Fx")];
    let copied = running.signed(Method::PUT, "copy", &source, None).send().await.unwrap();
    assert_eq!(etag(&copied), hash(b"the bytes"));
    let elsewhere = [("x-ufile-copy-source", "/nowhere/x")];
    let no = running.signed(Method::PUT, "copy", &elsewhere, None).send().await.unwrap();
    assert_eq!(refusal(no).await.1, -30_010);

    let rename = |to: &str| running.signed(Method::PUT, &format!("copy?newFileName={to}"), &[], None).send();
    assert_eq!(refusal(rename("first").await.unwrap()).await.0, 412, "it is taken");
    assert_eq!(rename("first&force=true").await.unwrap().status(), 200);
    assert_eq!(running.get("copy").await.status(), 404);
    assert_eq!(running.get("first").await.text().await.unwrap(), "the bytes");
}

async fn files_grow_at_their_end(open: Opener) {
    let running = start(open).await;
    let append = |position: u64, text: &'static str| {
        running
            .signed(Method::PUT, &format!("log?append&position={position}"), &[("content-type", "text/x")], None)
            .body(text)
            .send()
    };
    assert_eq!(append(0, "one ").await.unwrap().status(), 200);
    assert_eq!(append(4, "two ").await.unwrap().status(), 200);
    assert_eq!(refusal(append(4, "again ").await.unwrap()).await.0, 409);
    assert_eq!(append(8, "three").await.unwrap().status(), 200);
    let read = running.get("log").await;
    assert_eq!((etag(&read), read.headers()["content-type"].to_str().unwrap()), (hash(b"one two three"), "text/x"));
    assert_eq!(read.text().await.unwrap(), "one two three");
}

async fn what_is_known_of_a_file_changes(open: Opener) {
    let running = start(open).await;
    running.put("k", "x").await;
    let change = |body: Value| {
        running
            .signed(Method::POST, "k?opmeta", &[("content-type", "application/json")], None)
            .body(body.to_string())
            .send()
    };
    assert_eq!(change(json!({"op": "set", "metak": "mimetype", "metav": "image/webp"})).await.unwrap().status(), 200);
    assert_eq!(running.get("k").await.headers()["content-type"], "image/webp");
    for bad in [
        json!({"op": "set", "metak": "size", "metav": "1"}),
        json!([]),
        json!({"op": "set", "metak": "mimetype", "metav": "a\nb"}),
    ] {
        assert_eq!(refusal(change(bad).await.unwrap()).await.0, 400);
    }
    let put = |path: &'static str, headers: crate::setting::Headers<'static>| {
        running.signed(Method::PUT, path, headers, None).send()
    };
    assert_eq!(put("k?storageClass=ARCHIVE", &[]).await.unwrap().status(), 200);
    assert_eq!(refusal(running.get("k").await).await, (403, -148_671, "file has not been restored".to_owned()));
    assert_eq!(refusal(put("k?storageClass=STANDARD", &[]).await.unwrap()).await.1, -148_660);
    assert_eq!(put("k?restore", &[("tier", "Expedited")]).await.unwrap().status(), 200);
    let head = running.signed(Method::HEAD, "k", &[], None).send().await.unwrap();
    assert!(head.headers()["x-ufile-restore"].to_str().unwrap().contains("expiry-date"));
    assert_eq!(running.get("k").await.text().await.unwrap(), "x");
    let bucket = running.objects.bucket("photos").await.unwrap();
    let object = running.objects.head(&bucket, "k", None).await.unwrap();
    assert_eq!(object.meta.class, StorageClass::Archive);

    let tags = json!({"Tags": [{"Key": "a", "Value": "b"}]});
    let tagged = running.signed(Method::PUT, "k?tagging", &[], None).body(tags.to_string()).send().await.unwrap();
    assert_eq!(tagged.status(), 200);
    assert_eq!(running.get("k?tagging").await.json::<Value>().await.unwrap(), tags);
    assert_eq!(running.signed(Method::DELETE, "k?tagging", &[], None).send().await.unwrap().status(), 204);
    assert_eq!(running.get("k?tagging").await.json::<Value>().await.unwrap(), json!({"Tags": []}));
    assert_eq!(put("k?acl", &[("x-ufile-object-acl", "public-read")]).await.unwrap().status(), 200);
    let acl: Value = running.get("k?acl").await.json().await.unwrap();
    assert_eq!(acl["AccessControlList"]["Grant"], "public-read");
    let open = running.elsewhere(Method::GET, "k?ufileattname=a").send().await.unwrap();
    assert_eq!(open.text().await.unwrap(), "x", "anybody reads it now");
}

async fn a_callback_is_asked_and_answers(open: Opener) {
    let mut running = start(open).await;
    let router = Router::new()
        .route("/ok", post(|body: String| async move { axum::Json(json!({ "heard": body })) }))
        .route("/html", post(|| async { "no json" }));
    let listener = running.callbacks.take().unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let send = |url: String| {
        let policy = json!({ "callbackUrl": url, "callbackBody": "url=k&n=$(x:n)", "callbackVar": { "x:n": "1" } });
        running.signed(Method::PUT, "k", &[], Some(&policy.to_string())).body("bytes").send()
    };
    let done = send(format!("http://127.0.0.1:{port}/ok")).await.unwrap();
    assert_eq!((done.status().as_u16(), etag(&done)), (200, hash(b"bytes")));
    assert_eq!(done.json::<Value>().await.unwrap(), json!({ "heard": "url=k&n=1" }));
    assert_eq!(refusal(send(format!("http://127.0.0.1:{port}/html")).await.unwrap()).await.0, 502);
    running.signed(Method::DELETE, "k", &[], None).send().await.unwrap();
    for inside in ["http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[::1]/", "ftp://x/"] {
        assert_eq!(refusal(send(inside.to_owned()).await.unwrap()).await.0, 400, "{inside}");
    }
    assert_eq!(running.get("k").await.status(), 404, "nothing is stored when the callback cannot be made");
}

async fn an_object_of_odd_parts_gets_its_hash(open: Opener) {
    let running = start(open).await;
    let bucket = running.objects.bucket("photos").await.unwrap();
    let data = vec![7_u8; 100];
    let new = doorstep_objects::NewUpload::default();
    let upload = running.objects.create_upload(&bucket, "odd", new).await.unwrap();
    let mut parts = Vec::new();
    for n in 1..=2 {
        let body = doorstep_objects::body(data.clone());
        let put = doorstep_objects::PutPart::default();
        let part = running.objects.put_part(&bucket, "odd", &upload.id, n, body, put).await.unwrap();
        parts.push(doorstep_objects::CompletedPart { number: n, etag: part.etag, checksum: None });
    }
    let complete = doorstep_objects::Complete { parts, ..Default::default() };
    running.objects.complete_upload(&bucket, "odd", &upload.id, complete).await.unwrap();
    let read = running.get("odd").await;
    assert_eq!(etag(&read), hash(&[7; 200]));
    let found = running.objects.get(&bucket, "odd", Get::default()).await.unwrap();
    assert_eq!(found.object.meta.ufile, Some(hash(&[7; 200])), "and keeps it");
}

async fn something_is_made_of_an_upload_before_it_is_stored(open: Opener) {
    let running = start(open).await;
    let put = async |path: &str, headers, body: &'static str| {
        running.signed(Method::PUT, path, headers, None).body(body).send().await.unwrap()
    };
    // As the SDK for Go writes it: the query is not signed, the digest is the upload's.
    let md5 = [("content-type", "text/x"), ("content-md5", "5d41402abc4b2a76b9719d911017c592")];
    let stored = put("k?iopcmd=shout&a=1", &md5, "hello").await;
    assert_eq!((stored.status().as_u16(), etag(&stored)), (200, hash(b"HELLO own=true")));
    let back = running.get("k").await;
    assert_eq!(back.headers()["content-type"], "text/shout");
    assert_eq!(back.text().await.unwrap(), "HELLO own=true");
    // An address that somebody else was given is not its signer in person.
    let until = running.now_s() + 60;
    let signature = sign(&running.private, &format!("PUT\n\n\n{until}\n/photos/by-address"));
    let (public, signature) = (&running.public, signature.replace('+', "%2B"));
    let address = format!("by-address?UCloudPublicKey={public}&Expires={until}&Signature={signature}&iopcmd=shout");
    assert_eq!(running.plain(Method::PUT, &address).body("x").send().await.unwrap().status(), 200);
    assert_eq!(running.get("by-address").await.text().await.unwrap(), "X own=false");
    // What cannot be made is not stored, and the one before stays.
    let refused = refusal(put("k?iopcmd=none", &[], "other").await).await;
    assert_eq!(refused, (400, -149_400, "iopcmd: there is no `none`".to_owned()));
    let wrong = [("content-md5", "00000000000000000000000000000000")];
    assert_eq!(refusal(put("k?iopcmd=shout", &wrong, "other").await).await.0, 400);
    let large = running.signed(Method::PUT, "large?iopcmd=shout", &[], None).body("x".repeat(1001));
    assert_eq!(refusal(large.send().await.unwrap()).await.0, 413);
    assert_eq!(running.get("k").await.text().await.unwrap(), "HELLO own=true");
    assert_eq!(running.get("large").await.status(), 404);
    // Another call has no picture in it.
    assert_eq!(refusal(put("k?newFileName=b&iopcmd=shout", &[], "").await).await.0, 501);
}

doorstep_store::on_each_store! {
    what_was_put_comes_back,
    uploads_that_crawl_are_given_up,
    parts_are_joined,
    odd_parts_are_refused_at_the_end,
    a_form_uploads,
    lists,
    hits_copies_and_names,
    files_grow_at_their_end,
    what_is_known_of_a_file_changes,
    a_callback_is_asked_and_answers,
    an_object_of_odd_parts_gets_its_hash,
    something_is_made_of_an_upload_before_it_is_stored,
}
