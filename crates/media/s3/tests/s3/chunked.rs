//! Bodies in chunks with signatures and trailers, and checksums of every kind: the right ones and each wrong one.
use doorstep_store::testing::Opener;

use crate::wire::{Chunked, Signer};
use crate::{Running, start};

const DATA: &[&[u8]] = &[b"1234", b"56789"];
/// The checksums of `123456789`, each beside another text's.
const SUMS: &[(&str, &str, &str)] = &[
    ("x-amz-checksum-crc32", "y/Q5Jg==", "AAAAAA=="),
    ("x-amz-checksum-crc32c", "4waSgw==", "y/Q5Jg=="),
    ("x-amz-checksum-crc64nvme", "rosUhgp5mIg=", "AAAAAAAAAAA="),
    ("x-amz-checksum-sha1", "98O8HYCOBHMq32eZZczDTKeuNEE=", "2jmj7l5rSw0yVb/vlWAYkK/YBwk="),
    (
        "x-amz-checksum-sha256",
        "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
        "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
    ),
];

async fn stored(running: &Running, key: &str) -> Option<String> {
    let bucket = running.objects.bucket("photos").await.unwrap();
    let found = running.objects.get(&bucket, key, doorstep_objects::Get::default()).await.ok()?;
    Some(String::from_utf8(found.collect(1 << 20).await.unwrap().to_vec()).unwrap())
}

async fn refused(running: &Running, upload: Chunked, status: u16, code: &str) {
    let answer = upload.put(running, "/photos/refused").await;
    assert_eq!((answer.0, answer.1.as_str()), (status, code), "{}", answer.2);
    assert_eq!(stored(running, "refused").await, None, "nothing is kept of it");
}

async fn three_kinds_of_chunks_are_taken(open: Opener) {
    let running = start(open).await;
    let plain = Chunked::of(DATA);
    let (name, sum, _) = SUMS[0];
    for (key, upload) in [
        ("signed", plain.clone()),
        ("trailer", plain.clone().trailing(name, sum)),
        ("unsigned", plain.clone().unsigned().trailing(name, sum)),
        ("one", Chunked::of(&[b"123456789"])),
    ] {
        let answer = upload.put(&running, &format!("/photos/{key}")).await;
        assert_eq!(answer.0, 200, "{key}: {}", answer.2);
        assert_eq!(stored(&running, key).await.as_deref(), Some("123456789"), "{key}");
    }
    let bucket = running.objects.bucket("photos").await.unwrap();
    let kept = running.objects.head(&bucket, "signed", None).await.unwrap();
    assert_eq!(kept.meta.headers.content_encoding, None, "`aws-chunked` is the wire's, not the object's");
}

async fn forged_chunks_are_refused(open: Opener) {
    let running = start(open).await;
    let (name, sum, _) = SUMS[0];
    let forged = |n, upload: Chunked| Chunked { forged: Some(n), ..upload };
    let all = Chunked::of(DATA);
    for n in 0..3 {
        refused(&running, forged(n, all.clone()), 403, "SignatureDoesNotMatch").await;
        refused(&running, forged(n, all.clone().trailing(name, sum)), 403, "SignatureDoesNotMatch").await;
    }
    let trailer = Chunked { forged_trailer: true, ..all.clone().trailing(name, sum) };
    refused(&running, trailer, 403, "SignatureDoesNotMatch").await;
    // Chunks without signatures where they were promised.
    let signer = Signer::new(&running);
    let more = [("content-encoding", "aws-chunked"), ("x-amz-decoded-content-length", "9")];
    let seed = signer.sign("PUT", "/photos/refused", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", &more);
    let answer = signer.send("PUT", "/photos/refused", seed, "9\r\n123456789\r\n0\r\n\r\n").await;
    assert_eq!((answer.0, answer.1.as_str()), (400, "IncompleteBody"), "{}", answer.2);
    assert_eq!(stored(&running, "refused").await, None);
}

async fn lengths_and_ends_are_held_to(open: Opener) {
    let running = start(open).await;
    let (name, sum, _) = SUMS[0];
    for upload in
        [Chunked::of(DATA), Chunked::of(DATA).trailing(name, sum), Chunked::of(DATA).unsigned().trailing(name, sum)]
    {
        for decoded in [8, 10, 900] {
            let wrong = Chunked { decoded: Some(decoded), ..upload.clone() };
            refused(&running, wrong, 400, "IncompleteBody").await;
        }
    }
    // Whole chunks, but not all of them: the length tells.
    let cut = Chunked { cut: true, decoded: Some(9), ..Chunked::of(&DATA[..1]) };
    refused(&running, cut, 400, "IncompleteBody").await;
    // All bytes, but the trailer that was announced is missing.
    for upload in [Chunked::of(DATA), Chunked::of(DATA).unsigned()] {
        let silent = Chunked { silent: true, ..upload.clone().trailing(name, sum) };
        refused(&running, silent, 400, "MalformedTrailerError").await;
        let cut = Chunked { cut: true, ..upload.trailing(name, sum) };
        refused(&running, cut, 400, "MalformedTrailerError").await;
    }
}

async fn every_checksum_in_a_header_and_behind_the_bytes(open: Opener) {
    let running = start(open).await;
    for (name, sum, wrong) in SUMS {
        let signer = Signer::new(&running);
        let path = format!("/photos/{name}");
        let bad = signer.put("/photos/refused", b"123456789", &[(name, wrong)]).await;
        assert_eq!((bad.0, bad.1.as_str()), (400, "BadDigest"), "{name}: {}", bad.2);
        let no_sum = signer.put("/photos/refused", b"123456789", &[(name, "AAA=")]).await;
        assert_eq!((no_sum.0, no_sum.1.as_str()), (400, "InvalidRequest"), "{name}: {}", no_sum.2);
        for upload in [Chunked::of(DATA), Chunked::of(DATA).unsigned()] {
            refused(&running, upload.clone().trailing(name, wrong), 400, "BadDigest").await;
            let good = upload.trailing(name, sum).put(&running, &path).await;
            assert_eq!(good.0, 200, "{name}: {}", good.2);
        }
        let good = signer.put(&path, b"123456789", &[(name, sum)]).await;
        assert_eq!(good.0, 200, "{name}: {}", good.2);
        // It is kept, and told to whoever asks.
        let signed = signer.sign("HEAD", &path, &crate::wire::sha256(b""), &[("x-amz-checksum-mode", "ENABLED")]);
        let mut request = reqwest::Client::new().head(format!("{}{path}", running.url));
        for (name, value) in &signed.headers {
            request = request.header(name, value);
        }
        let head = request.send().await.unwrap();
        assert_eq!(head.headers().get(*name).and_then(|v| v.to_str().ok()), Some(*sum), "{name}");
        assert_eq!(head.headers()["x-amz-checksum-type"], "FULL_OBJECT");
    }
    let signer = Signer::new(&running);
    let two = signer.put("/photos/refused", b"123456789", &[(SUMS[0].0, SUMS[0].1), (SUMS[1].0, SUMS[1].1)]).await;
    assert_eq!((two.0, two.1.as_str()), (400, "InvalidRequest"), "{}", two.2);
}

doorstep_store::on_each_store! {
    three_kinds_of_chunks_are_taken,
    forged_chunks_are_refused,
    lengths_and_ends_are_held_to,
    every_checksum_in_a_header_and_behind_the_bytes,
}
