//! Requests that are no good: wrong clocks, unreadable signatures, too large heads, uploads that crawl.

use std::time::Duration;

use bytes::Bytes;
use doorstep_objects::Pace;
use doorstep_store::testing::Opener;

use crate::wire::{Signed, Signer, answer, sha256};
use crate::{Running, start, start_with};

async fn with_authorization(running: &Running, text: &str) -> (u16, String) {
    let signer = Signer::new(running);
    let mut signed = signer.sign("PUT", "/photos/k", &sha256(b"x"), &[]);
    signed.headers.retain(|(name, _)| name != "authorization");
    signed.headers.push(("authorization".to_owned(), text.to_owned()));
    let (status, code, _) = signer.send("PUT", "/photos/k", signed, "x").await;
    (status, code)
}

async fn clocks_that_are_wrong(open: Opener) {
    let running = start(open).await;
    for skew in [-3600, -1000, 1000, 3600] {
        let (status, code, text) = Signer::at(&running, skew).put("/photos/k", b"x", &[]).await;
        assert_eq!((status, code.as_str()), (403, "RequestTimeTooSkewed"), "{skew}: {text}");
    }
    for skew in [-600, 600] {
        let (status, _, text) = Signer::at(&running, skew).put("/photos/k", b"x", &[]).await;
        assert_eq!(status, 200, "{skew}: {text}");
    }
}

async fn signatures_that_cannot_be_read(open: Opener) {
    let running = start(open).await;
    let (access, signature) = (&running.access, "0".repeat(64));
    let scope = format!("{access}/20260101/us-east-1/s3/aws4_request");
    for malformed in [
        "AWS4-HMAC-SHA256".to_owned(),
        "AWS4-HMAC-SHA256 ".to_owned(),
        format!("AWS4-HMAC-SHA256 Credential={scope}"),
        format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host"),
        format!("AWS4-HMAC-SHA256 Credential={access}, SignedHeaders=host, Signature={signature}"),
        format!(
            "AWS4-HMAC-SHA256 Credential={access}/soon/us-east-1/s3/aws4_request, SignedHeaders=host, Signature={signature}"
        ),
        format!(
            "AWS4-HMAC-SHA256 Credential={access}/20260101/us-east-1/ec2/aws4_request, SignedHeaders=host, Signature={signature}"
        ),
        "Bearer abc".to_owned(),
        ",,,===".to_owned(),
    ] {
        let refused = with_authorization(&running, &malformed).await;
        assert_eq!((refused.0, refused.1.as_str()), (400, "AuthorizationHeaderMalformed"), "{malformed}");
    }
    // It can be read, and is not this key's.
    let today = Signer::new(&running).sign("PUT", "/photos/k", &sha256(b"x"), &[]);
    let good = today.headers.iter().find(|(name, _)| name == "authorization").unwrap().1.clone();
    let forged = good.replace(&today.signature, &signature);
    assert_eq!(with_authorization(&running, &forged).await, (403, "SignatureDoesNotMatch".to_owned()));
    let stranger = good.replace(access.as_str(), "key_00000000000000000000000000000000");
    assert_eq!(with_authorization(&running, &stranger).await, (403, "InvalidAccessKeyId".to_owned()));
    // No date at all.
    let signer = Signer::new(&running);
    let Signed { mut headers, signature } = signer.sign("PUT", "/photos/k", &sha256(b"x"), &[]);
    headers.retain(|(name, _)| name != "x-amz-date");
    let undated = signer.send("PUT", "/photos/k", Signed { headers, signature }, "x").await;
    assert_eq!((undated.0, undated.1.as_str()), (403, "AccessDenied"), "{}", undated.2);
    // The bytes are not those that were signed.
    let signed = signer.sign("PUT", "/photos/k", &sha256(b"x"), &[]);
    let other = signer.send("PUT", "/photos/k", signed, "y").await;
    assert_eq!((other.0, other.1.as_str()), (400, "XAmzContentSHA256Mismatch"), "{}", other.2);
    let bucket = running.objects.bucket("photos").await.unwrap();
    assert_eq!(running.objects.head(&bucket, "k", None).await.unwrap_err().as_str(), "no_such_key");
}

async fn addresses_that_cannot_be_read(open: Opener) {
    let running = start(open).await;
    let http = reqwest::Client::new();
    let url = |rest: &str| format!("{}/photos/k?X-Amz-Signature={}{rest}", running.url, "0".repeat(64));
    let refused = answer(http.get(url("")).send().await.unwrap()).await;
    assert_eq!((refused.0, refused.1.as_str()), (400, "AuthorizationQueryParametersError"), "{}", refused.2);
    let broken = url(
        "&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=x&X-Amz-Date=now&X-Amz-Expires=60&X-Amz-SignedHeaders=host",
    );
    let refused = answer(http.get(broken).send().await.unwrap()).await;
    assert_eq!((refused.0, refused.1.as_str()), (400, "AuthorizationQueryParametersError"), "{}", refused.2);
}

async fn heads_that_are_too_large(open: Opener) {
    let running = start(open).await;
    let signer = Signer::new(&running);
    let (status, code, text) = signer.put("/photos/k", b"x", &[("x-amz-meta-note", &"n".repeat(2_100))]).await;
    assert_eq!((status, code.as_str()), (400, "MetadataTooLarge"), "{text}");
    let (status, code, text) = signer.put("/photos/k", b"x", &[("x-custom", &"n".repeat(8_192))]).await;
    assert_eq!((status, code.as_str()), (400, "RequestHeaderSectionTooLarge"), "{text}");
    let (status, _, text) = signer.put("/photos/k", b"x", &[("x-custom", &"n".repeat(6_000))]).await;
    assert_eq!(status, 200, "{text}");
}

/// These bytes, then one each 20 ms, for ever.
fn trickle(first: &'static str) -> reqwest::Body {
    reqwest::Body::wrap_stream(futures::stream::unfold(first, |next| async move {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Some((Ok::<_, std::io::Error>(Bytes::from_static(next.as_bytes())), " "))
    }))
}

async fn uploads_that_crawl(open: Opener) {
    let pace = Pace { idle: Duration::from_secs(5), grace: Duration::from_millis(300), bytes_per_s: 10_000 };
    let running = start_with(open, doorstep_objects::Config { pace, ..Default::default() }).await;
    let signer = Signer::new(&running);
    // An object, XML that the wire's crate reads whole, and a form.
    for path in ["/photos/slow", "/photos?tagging"] {
        let signed = signer.sign("PUT", path, "UNSIGNED-PAYLOAD", &[("content-length", "1000000")]);
        let put = signer.send("PUT", path, signed, trickle(" ")).await;
        assert_eq!((put.0, put.1.as_str()), (400, "RequestTimeout"), "{path}: {}", put.2);
    }
    let http = reqwest::Client::new();
    let begun = "--b\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\n";
    let form = http.post(format!("{}/photos", running.url)).header("content-type", "multipart/form-data; boundary=b");
    let form = answer(form.header("content-length", "100000").body(trickle(begun)).send().await.unwrap()).await;
    assert_eq!((form.0, form.1.as_str()), (400, "RequestTimeout"), "{}", form.2);
    // Who comes at the pace is taken, however long it takes.
    let pieces = (0..30).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 1_000])));
    let steady = futures::StreamExt::then(futures::stream::iter(pieces), |piece| async {
        tokio::time::sleep(Duration::from_millis(25)).await;
        piece
    });
    let signed = signer.sign("PUT", "/photos/steady", "UNSIGNED-PAYLOAD", &[("content-length", "30000")]);
    let taken = signer.send("PUT", "/photos/steady", signed, reqwest::Body::wrap_stream(steady)).await;
    assert_eq!(taken.0, 200, "{}", taken.2);
    let bucket = running.objects.bucket("photos").await.unwrap();
    assert_eq!(running.objects.head(&bucket, "slow", None).await.unwrap_err().as_str(), "no_such_key");
}

doorstep_store::on_each_store! {
    clocks_that_are_wrong,
    signatures_that_cannot_be_read,
    addresses_that_cannot_be_read,
    heads_that_are_too_large,
    uploads_that_crawl,
}
