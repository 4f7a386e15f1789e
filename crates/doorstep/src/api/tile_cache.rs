//! Map tiles that were asked for already. Bounded: when it is full it starts anew.

use std::{collections::HashMap, sync::Arc};

use axum::body::Bytes;
use parking_lot::Mutex;

/// Zoom, column, row.
type Place = (u8, u32, u32);

/// Most bytes kept.
const BYTES: usize = 32 << 20;

/// Tiles by city and place.
#[derive(Clone, Default)]
pub(crate) struct TileCache(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    tiles: HashMap<(String, Place), Bytes>,
    bytes: usize,
}

impl TileCache {
    /// The tile, made on a thread of its own when nobody asked for it before.
    pub(crate) async fn get_or_make(
        &self,
        city: &str,
        place: Place,
        make: impl FnOnce() -> Vec<u8> + Send + 'static,
    ) -> Bytes {
        let key = (city.to_owned(), place);
        if let Some(tile) = self.0.lock().tiles.get(&key) {
            return tile.clone();
        }
        let made = match tokio::task::spawn_blocking(make).await {
            Ok(bytes) => Bytes::from(bytes),
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        let mut kept = self.0.lock();
        if kept.bytes + made.len() > BYTES {
            *kept = Kept::default();
        }
        kept.bytes += made.len();
        if let Some(before) = kept.tiles.insert(key, made.clone()) {
            kept.bytes -= before.len();
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_tile_is_made_once() {
        let cache = TileCache::default();
        assert_eq!(cache.get_or_make("a", (1, 0, 0), || vec![1]).await, Bytes::from_static(&[1]));
        assert_eq!(cache.get_or_make("a", (1, 0, 0), || vec![2]).await, Bytes::from_static(&[1]));
        assert_eq!(cache.get_or_make("b", (1, 0, 0), || vec![3]).await, Bytes::from_static(&[3]));
    }
}
