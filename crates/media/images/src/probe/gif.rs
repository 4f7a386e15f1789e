//! GIF's blocks: the size of the screen and how many pictures follow, without unpacking any.

use super::Header;
use crate::{Format, ImageError};

pub(super) fn probe(source: &[u8]) -> Result<Header, ImageError> {
    let short = || ImageError::damaged(Format::Gif, "the header is cut off");
    let head = source.get(6..13).ok_or_else(short)?;
    let side = |at: usize| u32::from(u16::from_le_bytes([head[at], head[at + 1]]));
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3_usize << ((flags & 7) + 1) };
    let mut rest = source.get(13 + table(head[4])..).unwrap_or(&[]);
    let mut frames = 0;
    let mut interlaced = false;
    while let Some((kind, after)) = rest.split_first() {
        let blocks = match kind {
            0x21 => after.get(1..),
            0x2c => {
                let Some(flags) = after.get(8) else { break };
                frames += 1;
                interlaced |= flags & 0x40 != 0;
                after.get(9 + table(*flags) + 1..)
            }
            _ => break,
        };
        let Some(blocks) = blocks else { break };
        rest = skip(blocks);
    }
    if frames == 0 {
        return Err(ImageError::damaged(Format::Gif, "there is no picture in it"));
    }
    Ok(Header { frames, alpha: true, interlaced, ..Header::plain(Format::Gif, side(0), side(2)) })
}

/// What follows a run of sub-blocks.
fn skip(mut blocks: &[u8]) -> &[u8] {
    while let Some((length, after)) = blocks.split_first() {
        blocks = after.get(usize::from(*length)..).unwrap_or(&[]);
        if *length == 0 {
            break;
        }
    }
    blocks
}
