//! The demo's shops: pictures in a bucket that everybody may read, and beside them the list that the console shows.
//!
//! There is no catalogue of merchants yet; until there is, the list is an object like the pictures. Everything goes
//! through the API, and a further start puts the same things in the same places.

use rust_embed::RustEmbed;
use serde_json::{Value, json};
use tracing::{info, warn};

use super::client::{CallError, Client};

/// Where the shops are; the console looks for this name.
const BUCKET: &str = "demo-shops";
/// The object that says which shops there are, where they stand and what their pictures are called.
const LIST: &str = "shops.json";
const SHOPS: &[u8] = include_bytes!("../../../../demo/manhattan/shops.json");

/// The shop fronts; `demo/manhattan/draw_shops.py` draws them.
#[derive(RustEmbed)]
#[folder = "../../demo/manhattan/shops"]
struct Pictures;

/// What apps ask for by name. `card` bears the words 门到门 · Doorstep.
const STYLES: [(&str, &str); 2] = [
    (
        "card",
        "iopcmd=thumbnail&type=8&width=320&height=240|\
         iopcmd=watermark&type=1&text=6Zeo5Yiw6ZeoIMK3IERvb3JzdGVw&fontsize=14&shadow=60&opacity=85&gravity=SouthEast|\
         iopcmd=rounded-corners&r=18|iopcmd=convert&dst=webp&Q=82",
    ),
    (
        "pin",
        "iopcmd=crop&width=880&height=880&gravity=Center|iopcmd=thumbnail&type=8&width=96&height=96|\
         iopcmd=circle&r=48|iopcmd=convert&dst=webp&Q=85",
    ),
];

/// Opens the shops, where this Doorstep serves objects; the city runs without them too.
pub(super) async fn open(keeper: Client) {
    match stock(&keeper).await {
        Ok(shops) => info!(shops, bucket = BUCKET, "the shops are open"),
        Err(error) if error.is("unavailable") => info!("no shops in this demo: this process serves no objects"),
        Err(error) => warn!(%error, "no shops in this demo"),
    }
}

/// Puts everything into the bucket and says how many shops there are. The list comes last: what it names is there.
async fn stock(keeper: &Client) -> Result<usize, CallError> {
    let _: Value = keeper.get("/v1/buckets?limit=1").await?;
    let _: Value = keeper.put(&format!("/v1/buckets/{BUCKET}"), json!({"public_read": true})).await?;
    for (name, process) in STYLES {
        let path = format!("/v1/buckets/{BUCKET}/styles/{name}");
        let _: Value = keeper.put(&path, json!({"process": process})).await?;
    }
    let mut shops = 0;
    for key in Pictures::iter() {
        if let Some(picture) = Pictures::get(&key) {
            keeper.put_object(BUCKET, &key, "image/svg+xml", &picture.data).await?;
            shops += 1;
        }
    }
    keeper.put_object(BUCKET, LIST, "application/json", SHOPS).await?;
    Ok(shops)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use doorstep_geo::{Point, haversine_m};
    use doorstep_images::{Format, grammar};
    use flate2::read::GzDecoder;

    use super::*;
    use crate::demo::{CITY, script::ROAD_NODES};

    fn shops() -> Vec<Value> {
        let list: Value = serde_json::from_slice(SHOPS).unwrap();
        assert_eq!(list["city"], CITY);
        list["shops"].as_array().unwrap().clone()
    }

    #[test]
    fn every_shop_stands_at_a_corner_and_has_its_picture() {
        let nodes: Vec<(u32, f64, f64)> =
            csv::Reader::from_reader(GzDecoder::new(ROAD_NODES)).deserialize().map(Result::unwrap).collect();
        let mut named = BTreeSet::new();
        for shop in shops() {
            for words in ["name", "trade", "corner"] {
                for language in ["en", "zh"] {
                    assert!(!shop[words][language].as_str().unwrap().is_empty(), "{words} in {language}: {shop}");
                }
            }
            let at = Point::new(shop["lat"].as_f64().unwrap(), shop["lon"].as_f64().unwrap()).unwrap();
            let near = |&(_, lon, lat): &(u32, f64, f64)| haversine_m(at, Point::new(lat, lon).unwrap()) < 1.0;
            assert!(nodes.iter().any(near), "no street passes {shop}");
            assert!(named.insert(shop["picture"].as_str().unwrap().to_owned()), "a second {shop}");
        }
        assert_eq!(named, Pictures::iter().map(String::from).collect());
        assert!(named.len() >= 16);
    }

    #[test]
    fn pictures_are_small_drawings_and_styles_are_pipelines() {
        for key in Pictures::iter() {
            let picture = Pictures::get(&key).unwrap().data;
            assert!(picture.len() < 64 << 10, "{key} has {} bytes", picture.len());
            let header = doorstep_images::probe(&picture).unwrap();
            assert_eq!((header.format, header.width, header.height), (Format::Svg, 1600, 1200), "{key}");
        }
        for (name, process) in STYLES {
            grammar::parse(process).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}
