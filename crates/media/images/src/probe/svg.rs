//! SVG: text that is recognised and read without fetching anything.

use std::sync::Arc;

use resvg::usvg;

use super::Header;
use crate::{Format, ImageError, fonts};

/// The largest SVG that is read; drawings are small, and the tree is many times the text.
const MAX_BYTES: usize = 4 << 20;

pub(super) fn sniff(source: &[u8]) -> bool {
    let head = &source[..source.len().min(4096)];
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']);
    (text.starts_with("<?xml") || text.starts_with("<svg") || text.starts_with("<!--") || text.starts_with("<!DOCTYPE"))
        && text.contains("<svg")
}

/// Reads the drawing. Nothing outside of the file is looked at: neither files nor addresses.
pub(crate) fn parse(source: &[u8]) -> Result<usvg::Tree, ImageError> {
    crate::Limits::check(crate::Limited::SourceBytes, source.len() as u64, MAX_BYTES as u64)?;
    let mut options =
        usvg::Options { fontdb: fonts::database(), font_family: fonts::FAMILY.to_owned(), ..Default::default() };
    options.image_href_resolver.resolve_string = Box::new(|_, _| None);
    // Pictures inside of a drawing are read by the same rules as others, or not at all.
    options.image_href_resolver.resolve_data = Box::new(|_, data: Arc<Vec<u8>>, _| embedded(&data));
    usvg::Tree::from_data(source, &options).map_err(|error| ImageError::damaged(Format::Svg, error))
}

/// A picture in a data URL: only plain stills of modest size.
fn embedded(data: &Arc<Vec<u8>>) -> Option<usvg::ImageKind> {
    let header = super::probe_embedded(data)?;
    if u64::from(header.width) * u64::from(header.height) > 4_000_000 {
        return None;
    }
    match header.format {
        Format::Jpeg => Some(usvg::ImageKind::JPEG(Arc::clone(data))),
        Format::Png => Some(usvg::ImageKind::PNG(Arc::clone(data))),
        _ => None,
    }
}

pub(super) fn probe(source: &[u8]) -> Result<Header, ImageError> {
    let size = parse(source)?.size().to_int_size();
    Ok(Header { alpha: true, ..Header::plain(Format::Svg, size.width(), size.height()) })
}
