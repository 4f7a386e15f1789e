//! Serving HTTP on a listener: so many connections at once, heads in time, a graceful end.

use std::{net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use axum::{Router, body::Body, http::Request};
use hyper::{body::Incoming, server::conn::http1::Builder};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{net::TcpListener, sync::Semaphore};
use tower::ServiceExt as _;

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
        let service = router.clone().map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer(peer));
            request.map(Body::new)
        });
        let service = TowerToHyperService::new(service);
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
