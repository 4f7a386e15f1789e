//! What no driver sends.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::place::Place;

fn startup(place: &Place) -> Vec<u8> {
    let options = format!("user\0{}\0\0", place.admin.access);
    let mut message = ((options.len() + 8) as i32).to_be_bytes().to_vec();
    message.extend_from_slice(&196_608_i32.to_be_bytes());
    message.extend_from_slice(options.as_bytes());
    message
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![kind];
    message.extend_from_slice(&((body.len() + 4) as i32).to_be_bytes());
    message.extend_from_slice(body);
    message
}

/// The types of messages until one of type `last`, and that one's body.
async fn until(stream: &mut TcpStream, last: u8) -> (String, Vec<u8>) {
    let mut kinds = String::new();
    loop {
        let kind = stream.read_u8().await.unwrap();
        let length = stream.read_i32().await.unwrap();
        let mut body = vec![0; length as usize - 4];
        stream.read_exact(&mut body).await.unwrap();
        kinds.push(char::from(kind));
        if kind == last {
            return (kinds, body);
        }
    }
}

async fn entered(place: &Place) -> TcpStream {
    let mut stream = TcpStream::connect(place.at).await.unwrap();
    // Encryption is asked for and refused.
    stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), b'N');
    stream.write_all(&startup(place)).await.unwrap();
    assert_eq!(until(&mut stream, b'R').await.1, [0, 0, 0, 3], "a password in clear");
    stream.write_all(&message(b'p', format!("{}\0", place.admin.secret).as_bytes())).await.unwrap();
    until(&mut stream, b'Z').await;
    stream
}

async fn ended(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await;
    read.is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bytes_that_are_no_messages_end_the_connection() {
    let place = Place::new().await;
    for bad in [
        message(b'Q', b"SELECT 1"),
        message(b'?', b""),
        message(b'B', b"\0\0\0\0\xff\xff\0\0"),
        vec![b'Q', 0x7f, 0xff, 0xff, 0xff],
        vec![b'Q', 0, 0, 0, 1],
    ] {
        let mut stream = entered(&place).await;
        stream.write_all(&bad).await.unwrap();
        let (_, error) = until(&mut stream, b'E').await;
        let error = String::from_utf8_lossy(&error).into_owned();
        assert!(error.contains("FATAL") && error.contains("08P01"), "{error}");
        assert!(ended(&mut stream).await);
    }
    for bad in [&b"\0\0\0\x08\0\x02\0\0"[..], b"\x7f\xff\xff\xff", b"GET / HTTP/1.1\r\n\r\n"] {
        let mut stream = TcpStream::connect(place.at).await.unwrap();
        stream.write_all(bad).await.unwrap();
        until(&mut stream, b'E').await;
        assert!(ended(&mut stream).await);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_ends_its_series_and_no_more() {
    let place = Place::new().await;
    let mut stream = entered(&place).await;
    let series = [
        message(b'P', b"\0SELECT nothing FROM nowhere\0\0\0"),
        message(b'B', b"\0\0\0\0\0\0\0\0"),
        message(b'E', b"\0\0\0\0\0"),
        message(b'S', b""),
        message(b'P', b"\0SELECT 1 AS n\0\0\0"),
        message(b'B', b"\0\0\0\0\0\0\0\0"),
        message(b'D', b"P\0"),
        message(b'E', b"\0\0\0\0\0"),
        message(b'S', b""),
    ];
    stream.write_all(&series.concat()).await.unwrap();
    assert_eq!(until(&mut stream, b'Z').await.0, "12EZ");
    assert_eq!(until(&mut stream, b'Z').await.0, "12TDCZ");
    // More rows than there can be are asked for, and none is made room for.
    let all = message(b'E', b"\0\x7f\xff\xff\xff");
    let series = [message(b'P', b"\0SELECT 1 AS n\0\0\0"), message(b'B', b"\0\0\0\0\0\0\0\0"), all, message(b'S', b"")];
    stream.write_all(&series.concat()).await.unwrap();
    assert_eq!(until(&mut stream, b'Z').await.0, "12DCZ");
    stream.write_all(&message(b'Q', b" ; \0")).await.unwrap();
    assert_eq!(until(&mut stream, b'Z').await.0, "IZ");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_nothing_is_let_go() {
    let place = Place::with(|config| {
        (config.hello, config.idle) = (Duration::from_millis(300), Duration::from_millis(500));
    })
    .await;
    let mut silent = TcpStream::connect(place.at).await.unwrap();
    assert!(ended(&mut silent).await);
    let mut idle = entered(&place).await;
    let (_, error) = until(&mut idle, b'E').await;
    assert!(String::from_utf8_lossy(&error).contains("57P05"));
    assert!(ended(&mut idle).await);
}
