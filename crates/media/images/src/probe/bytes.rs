//! A cursor over big-endian bytes that ends in `None` instead of panicking.

/// What is left to be read.
#[derive(Clone, Copy)]
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }

    /// An unsigned number of 0 to 8 bytes.
    pub(crate) fn uint(&mut self, bytes: usize) -> Option<u64> {
        Some(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.uint(1).and_then(|n| u8::try_from(n).ok())
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.uint(2).and_then(|n| u16::try_from(n).ok())
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.uint(4).and_then(|n| u32::try_from(n).ok())
    }

    /// The next box of an ISO base media file: its type and its payload.
    pub(crate) fn next_box(&mut self) -> Option<([u8; 4], &'a [u8])> {
        let size = self.u32()?;
        let kind: [u8; 4] = self.take(4)?.try_into().ok()?;
        let length = match size {
            0 => self.0.len(),
            1 => usize::try_from(self.uint(8)?).ok()?.checked_sub(16)?,
            _ => usize::try_from(size).ok()?.checked_sub(8)?,
        };
        let payload = self.take(length.min(self.0.len()))?;
        Some((kind, payload))
    }

    /// The version and the flags of a full box.
    pub(crate) fn full(&mut self) -> Option<(u8, u32)> {
        let word = self.u32()?;
        Some(((word >> 24) as u8, word & 0xff_ffff))
    }
}
