//! The container of AVIF and HEIC (ISO/IEC 23008-12): items, their properties, grids, transparency and orientation.

use std::collections::BTreeMap;

use super::Header;
pub(crate) use super::bytes::Bytes;
use crate::orientation::Orientation;
use crate::{Format, ImageError};

/// Tiles and items that are looked at; phones make grids of about fifty.
const MAX_ITEMS: usize = 1024;

pub(super) fn sniff(source: &[u8]) -> Option<Format> {
    let (kind, brands) = Bytes(source).next_box()?;
    if &kind != b"ftyp" {
        return None;
    }
    let brand = |names: &[&[u8; 4]]| {
        brands.chunks_exact(4).enumerate().any(|(ix, b)| ix != 1 && names.iter().any(|name| b == name.as_slice()))
    };
    if brand(&[b"avif", b"avis"]) {
        return Some(Format::Avif);
    }
    brand(&[b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1"]).then_some(Format::Heic)
}

/// One coded picture, whole or in tiles.
#[derive(Clone, Debug, Default)]
pub(crate) struct Coded {
    /// Size of the whole.
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Columns and rows when it is cut into tiles.
    pub(crate) grid: Option<(u32, u32)>,
    /// The coded bytes of each tile by rows, as ranges of the file.
    pub(crate) tiles: Vec<Vec<std::ops::Range<usize>>>,
    /// The decoder's configuration record (`hvcC` or `av1C`).
    pub(crate) config: Vec<u8>,
    /// Size of a tile when there is a grid.
    pub(crate) tile_size: Option<(u32, u32)>,
    /// Bits of a channel and number of channels.
    pub(crate) depth: u8,
    pub(crate) channels: u8,
}

/// What the file shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    pub(crate) picture: Coded,
    pub(crate) alpha: Option<Coded>,
    pub(crate) orientation: Orientation,
    pub(crate) profile: Option<Vec<u8>>,
    /// Primaries, transfer, matrix and full range, as in ITU-T H.273.
    pub(crate) cicp: Option<(u8, u8, u8, bool)>,
    pub(crate) gain_map: bool,
}

impl Default for Orientation {
    fn default() -> Self {
        Self::UPRIGHT
    }
}

impl Coded {
    /// The bytes of a tile.
    pub(crate) fn tile(&self, source: &[u8], index: usize) -> Option<Vec<u8>> {
        let ranges = self.tiles.get(index)?;
        let mut out = Vec::new();
        for range in ranges {
            out.extend_from_slice(source.get(range.clone())?);
        }
        Some(out)
    }
}

#[derive(Default)]
struct Item {
    kind: [u8; 4],
    extents: Vec<std::ops::Range<usize>>,
    /// Indices of properties, from 1.
    properties: Vec<usize>,
}

#[derive(Default)]
struct Meta<'a> {
    primary: u32,
    items: BTreeMap<u32, Item>,
    properties: Vec<([u8; 4], &'a [u8])>,
    /// Kind, from, to.
    references: Vec<([u8; 4], u32, Vec<u32>)>,
}

/// Reads what the file shows.
pub(crate) fn read(source: &[u8], format: Format) -> Result<Shown, ImageError> {
    let broken = || ImageError::damaged(format, "its boxes do not describe a picture");
    let meta = meta(source).ok_or_else(broken)?;
    let mut shown = Shown { picture: meta.coded(source, meta.primary).ok_or_else(broken)?, ..Shown::default() };
    for (kind, payload) in meta.properties_of(meta.primary) {
        match (kind, payload) {
            (b"irot", [angle, ..]) => {
                shown.orientation = shown.orientation.then(Orientation::turned(4 - (angle & 3)));
            }
            // Axis 0 swaps top and bottom, axis 1 left and right.
            (b"imir", [axis, ..]) => {
                let turn = if axis & 1 == 1 { Orientation::MIRRORED } else { Orientation::from_exif(4) };
                shown.orientation = shown.orientation.then(turn);
            }
            (b"colr", [b'n', b'c', b'l', b'x', _, primaries, _, transfer, _, matrix, range, ..]) => {
                shown.cicp = Some((*primaries, *transfer, *matrix, range & 0x80 != 0));
            }
            (b"colr", [b'p' | b'r', ..]) => {
                shown.profile = payload.get(4..).map(<[u8]>::to_vec);
            }
            _ => {}
        }
    }
    for (kind, from, to) in &meta.references {
        if kind == b"auxl" && to.contains(&meta.primary) && shown.alpha.is_none() && meta.is_alpha(*from) {
            shown.alpha = meta.coded(source, *from);
        }
    }
    shown.gain_map = meta.items.values().any(|item| &item.kind == b"tmap");
    Ok(shown)
}

pub(super) fn probe(source: &[u8], format: Format) -> Result<Header, ImageError> {
    let shown = read(source, format)?;
    let picture = &shown.picture;
    Ok(Header {
        orientation: shown.orientation,
        alpha: shown.alpha.is_some(),
        depth: picture.depth,
        channels: picture.channels,
        profile: shown.profile.is_some(),
        gain_map: shown.gain_map,
        ..Header::plain(format, picture.width, picture.height)
    })
}

/// The EXIF block of the file. Its orientation counts for nothing here: the container's own does.
pub(crate) fn exif_block(source: &[u8]) -> Option<Vec<u8>> {
    let meta = meta(source)?;
    let (_, item) = meta.items.iter().find(|(_, item)| &item.kind == b"Exif")?;
    let bytes: Vec<u8> = item.extents.iter().filter_map(|range| source.get(range.clone())).flatten().copied().collect();
    let skip = usize::try_from(Bytes(&bytes).u32()?).ok()?;
    bytes.get(skip.checked_add(4)?..).map(<[u8]>::to_vec)
}

fn meta(source: &[u8]) -> Option<Meta<'_>> {
    let mut file = Bytes(source);
    let payload = loop {
        let (kind, payload) = file.next_box()?;
        if &kind == b"meta" {
            break payload;
        }
    };
    let mut meta = Meta::default();
    let mut boxes = Bytes(payload);
    boxes.full()?;
    let (mut locations, mut data) = (None, 0);
    while let Some((kind, payload)) = boxes.next_box() {
        match &kind {
            b"pitm" => meta.primary = primary(payload)?,
            b"iinf" => kinds(payload, &mut meta)?,
            b"iprp" => properties(payload, &mut meta)?,
            b"iref" => references(payload, &mut meta)?,
            b"iloc" => locations = Some(payload),
            b"idat" => data = payload.as_ptr() as usize - source.as_ptr() as usize,
            _ => {}
        }
    }
    extents(locations?, data, &mut meta)?;
    Some(meta)
}

fn primary(payload: &[u8]) -> Option<u32> {
    let mut bytes = Bytes(payload);
    if bytes.full()?.0 == 0 { bytes.u16().map(u32::from) } else { bytes.u32() }
}

fn kinds(payload: &[u8], meta: &mut Meta<'_>) -> Option<()> {
    let mut bytes = Bytes(payload);
    let count = if bytes.full()?.0 == 0 { u32::from(bytes.u16()?) } else { bytes.u32()? };
    for _ in 0..count.min(u32::try_from(MAX_ITEMS).ok()?) {
        let Some((kind, entry)) = bytes.next_box() else { break };
        if &kind != b"infe" {
            continue;
        }
        let mut entry = Bytes(entry);
        let (version, _) = entry.full()?;
        let id = if version == 2 { u32::from(entry.u16()?) } else { entry.u32()? };
        entry.u16()?;
        meta.items.entry(id).or_default().kind = entry.take(4)?.try_into().ok()?;
    }
    Some(())
}

fn properties<'a>(payload: &'a [u8], meta: &mut Meta<'a>) -> Option<()> {
    let mut boxes = Bytes(payload);
    while let Some((kind, payload)) = boxes.next_box() {
        if &kind == b"ipco" {
            let mut inner = Bytes(payload);
            while let Some(property) = inner.next_box() {
                if meta.properties.len() < MAX_ITEMS {
                    meta.properties.push(property);
                }
            }
        } else if &kind == b"ipma" {
            let mut bytes = Bytes(payload);
            let (version, flags) = bytes.full()?;
            for _ in 0..bytes.u32()?.min(4096) {
                let id = if version == 0 { u32::from(bytes.u16()?) } else { bytes.u32()? };
                for _ in 0..bytes.u8()? {
                    let index = if flags & 1 == 1 { bytes.u16()? & 0x7fff } else { u16::from(bytes.u8()? & 0x7f) };
                    if let Some(item) = meta.items.get_mut(&id) {
                        item.properties.push(usize::from(index));
                    }
                }
            }
        }
    }
    Some(())
}

fn references(payload: &[u8], meta: &mut Meta<'_>) -> Option<()> {
    let mut bytes = Bytes(payload);
    let wide = bytes.full()?.0 != 0;
    let id = |bytes: &mut Bytes<'_>| if wide { bytes.u32() } else { bytes.u16().map(u32::from) };
    while let Some((kind, entry)) = bytes.next_box() {
        let mut entry = Bytes(entry);
        let from = id(&mut entry)?;
        let to = (0..entry.u16()?).map_while(|_| id(&mut entry)).take(MAX_ITEMS).collect();
        if meta.references.len() < MAX_ITEMS {
            meta.references.push((kind, from, to));
        }
    }
    Some(())
}

fn extents(payload: &[u8], data: usize, meta: &mut Meta<'_>) -> Option<()> {
    let mut bytes = Bytes(payload);
    let (version, _) = bytes.full()?;
    let sizes = bytes.u16()?;
    let nibble = |shift: u16| usize::from(sizes >> shift & 15);
    let (offset_size, length_size, base_size) = (nibble(12), nibble(8), nibble(4));
    let index_size = if version > 0 { nibble(0) } else { 0 };
    let count = if version < 2 { u32::from(bytes.u16()?) } else { bytes.u32()? };
    for _ in 0..count.min(4096) {
        let id = if version < 2 { u32::from(bytes.u16()?) } else { bytes.u32()? };
        let method = if version > 0 { bytes.u16()? & 15 } else { 0 };
        bytes.u16()?;
        let base = usize::try_from(bytes.uint(base_size)?).ok()?;
        for _ in 0..bytes.u16()? {
            bytes.uint(index_size)?;
            let offset = usize::try_from(bytes.uint(offset_size)?).ok()?;
            let length = usize::try_from(bytes.uint(length_size)?).ok()?;
            let start = base.checked_add(offset)?.checked_add(if method == 1 { data } else { 0 })?;
            // Items that lie in other items are for things that are not shown here.
            if let (Some(item), Some(end), true) = (meta.items.get_mut(&id), start.checked_add(length), method < 2)
                && item.extents.len() < MAX_ITEMS
            {
                item.extents.push(start..end);
            }
        }
    }
    Some(())
}

impl Meta<'_> {
    fn properties_of(&self, id: u32) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
        let indices = self.items.get(&id).map_or(&[][..], |item| &item.properties);
        indices
            .iter()
            .filter_map(|index| self.properties.get(index.checked_sub(1)?))
            .map(|(kind, bytes)| (kind, *bytes))
    }

    fn is_alpha(&self, id: u32) -> bool {
        self.properties_of(id)
            .any(|(kind, payload)| kind == b"auxC" && contains(payload, b"alpha") | contains(payload, b"auxid:1"))
    }

    /// An item as a coded picture, with its tiles.
    fn coded(&self, source: &[u8], id: u32) -> Option<Coded> {
        let item = self.items.get(&id)?;
        let mut coded = Coded { depth: 8, channels: 3, ..Coded::default() };
        for (kind, payload) in self.properties_of(id) {
            coded.property(kind, payload);
        }
        if &item.kind != b"grid" {
            coded.tiles = vec![item.extents.clone()];
            return (coded.width > 0 && coded.height > 0).then_some(coded);
        }
        let record: Vec<u8> =
            item.extents.iter().filter_map(|r| source.get(r.clone())).flatten().copied().take(16).collect();
        let mut bytes = Bytes(&record);
        let (_, flags) = (bytes.u8()?, bytes.u8()?);
        let (rows, columns) = (u32::from(bytes.u8()?) + 1, u32::from(bytes.u8()?) + 1);
        let mut side = || if flags & 1 == 1 { bytes.u32() } else { bytes.u16().map(u32::from) };
        (coded.width, coded.height) = (side()?, side()?);
        coded.grid = Some((columns, rows));
        let (_, _, parts) = self.references.iter().find(|(kind, from, _)| kind == b"dimg" && *from == id)?;
        if u64::try_from(parts.len()).ok()? != u64::from(rows) * u64::from(columns) {
            return None;
        }
        for part in parts {
            coded.tiles.push(self.items.get(part)?.extents.clone());
        }
        let mut first = Coded { depth: 8, channels: 3, ..Coded::default() };
        for (kind, payload) in self.properties_of(*parts.first()?) {
            first.property(kind, payload);
        }
        coded.tile_size = Some((first.width, first.height));
        // All tiles but the last ones lie inside: what they hold in sum is bounded by the whole.
        let fits =
            |count: u32, tile: u32, whole: u32| tile > 0 && u64::from(count - 1) * u64::from(tile) < u64::from(whole);
        if !fits(columns, first.width, coded.width) || !fits(rows, first.height, coded.height) {
            return None;
        }
        (coded.config, coded.depth, coded.channels) = (first.config, first.depth, first.channels);
        Some(coded)
    }
}

impl Coded {
    fn property(&mut self, kind: &[u8; 4], payload: &[u8]) {
        let mut bytes = Bytes(payload);
        match kind {
            b"ispe" => {
                let size = bytes.full().and_then(|_| bytes.u32().zip(bytes.u32()));
                (self.width, self.height) = size.unwrap_or((self.width, self.height));
            }
            b"pixi" => {
                if let Some((channels, depth)) = bytes.full().and_then(|_| bytes.u8().zip(bytes.u8())) {
                    (self.channels, self.depth) = (if channels == 1 { 1 } else { 3 }, depth);
                }
            }
            b"av1C" | b"hvcC" => self.config = payload.to_vec(),
            _ => {}
        }
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_files_are_no_pictures() {
        let mut file = b"\0\0\0\x14ftypavif\0\0\0\0avif".to_vec();
        assert_eq!(sniff(&file), Some(Format::Avif));
        file.extend(b"\0\0\0\x0cmeta\0\0\0\0");
        assert!(read(&file, Format::Avif).is_err());
        file.extend([0xff; 64]);
        assert!(read(&file, Format::Avif).is_err());
        assert!(exif_block(&file).is_none());
    }
}
