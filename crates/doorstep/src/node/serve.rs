//! Serving HTTP on a listener: so many connections at once, heads in time, a graceful end.

use std::{convert::Infallible, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, http::Request};
use hyper::{body::Incoming, server::conn::http1::Builder, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpListener, sync::Semaphore};
use tower::ServiceExt as _;

use super::held_back::HeldBack;
use super::shutdown::Shutdown;

/// A request's head must arrive within this time, and an idle connection is closed after it.
const HEAD_WITHIN: Duration = Duration::from_secs(60);
/// Requests under way at the end have this time to finish.
const FINISH_WITHIN: Duration = Duration::from_secs(8);
/// After the system refused a connection (out of file descriptors, say).
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(100);
/// More connections than this are never open at once, whatever the configuration says.
const MOST_CONNECTIONS: u32 = 1_000_000;

/// In a request's extensions: where its connection comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Serves until the process goes down, then lets requests finish. More than `connections` wait in the system's queue.
pub(crate) async fn serve(listener: TcpListener, router: Router, connections: usize, shutdown: Shutdown) {
    let connections = u32::try_from(connections).unwrap_or(MOST_CONNECTIONS).min(MOST_CONNECTIONS);
    let places = Arc::new(Semaphore::new(connections as usize));
    let mut down = pin!(shutdown.wait());
    let mut builder = Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place.expect("this semaphore is never closed"),
            () = &mut down => break,
        };
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                    continue;
                }
            },
            () = &mut down => break,
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let router = router.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let (mut request, held_back) = HeldBack::watch(request);
            request.extensions_mut().insert(Peer(peer));
            let answered = router.clone().oneshot(request);
            async move {
                let mut response = answered.await?;
                held_back.close_if_unread(&mut response);
                Ok::<_, Infallible>(response)
            }
        });
        let connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
        let down = shutdown.wait();
        tokio::spawn(async move {
            let (mut connection, mut down) = (pin!(connection), pin!(down));
            let ended = tokio::select! {
                ended = connection.as_mut() => ended,
                () = &mut down => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            };
            if let Err(error) = ended {
                tracing::trace!(%error, "a connection broke off");
            }
            drop(place);
        });
    }
    drop(listener);
    // Every place is free again when every request has its answer.
    if tokio::time::timeout(FINISH_WITHIN, places.acquire_many(connections)).await.is_err() {
        tracing::warn!("requests were still under way after {FINISH_WITHIN:?}; they are cut off");
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use axum::routing::put;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpStream;

    use super::*;

    /// What comes back for `sent`, up to these words or the connection's end.
    async fn read(stream: &mut TcpStream, up_to: &str) -> String {
        let mut came = Vec::new();
        while !String::from_utf8_lossy(&came).contains(up_to) {
            let mut piece = [0; 1024];
            match stream.read(&mut piece).await {
                Ok(0) | Err(_) => break,
                Ok(bytes) => came.extend_from_slice(&piece[..bytes]),
            }
        }
        String::from_utf8(came).unwrap()
    }

    #[tokio::test]
    async fn no_request_is_taken_for_a_body_that_was_held_back() {
        let router = Router::new()
            .route("/refused", put(async || "refused"))
            .route("/taken", put(async |body: String| format!("taken {body}")));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (at, shutdown) = (listener.local_addr().unwrap(), Shutdown::default());
        let served = tokio::spawn(serve(listener, router, 10, shutdown.clone()));
        let head = |path: &str| {
            format!("PUT /{path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
        };

        // A body that is read keeps the connection.
        let mut stream = TcpStream::connect(at).await.unwrap();
        for _ in 0..2 {
            stream.write_all(head("taken").as_bytes()).await.unwrap();
            assert_eq!(read(&mut stream, "\r\n\r\n").await, "HTTP/1.1 100 Continue\r\n\r\n");
            stream.write_all(b"b").await.unwrap();
            let answer = read(&mut stream, "taken b").await;
            assert!(answer.starts_with("HTTP/1.1 200") && !answer.contains("connection: close"), "{answer}");
        }
        // One that is not read ends it; the request behind it is there before the answer is.
        let both = head("refused") + &head("taken") + "b";
        stream.write_all(both.as_bytes()).await.unwrap();
        let answer = read(&mut stream, "nothing").await;
        assert!(answer.contains("connection: close\r\n") && answer.ends_with("refused"), "{answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
        shutdown.go_down();
        served.await.unwrap();
    }
}
