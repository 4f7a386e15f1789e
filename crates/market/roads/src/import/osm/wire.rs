//! The few words of the protocol-buffer wire format that OSM PBF is written in: a walk over the fields of a
//! message that lies in memory. Nothing is copied, so what a file claims about itself costs no memory.

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A number of variable length.
    Number(u64),
    /// Bytes: a text, a message or packed numbers.
    Bytes(&'a [u8]),
    /// A fixed-width number, which OSM PBF does not use.
    Fixed,
}

/// What is wrong with a message.
pub(super) type Flaw = &'static str;

/// The fields of a message: (number, value).
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>), Flaw>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Result<(u64, Value<'a>), Flaw> {
        let key = varint(&mut self.0)?;
        let value = match key & 7 {
            0 => Value::Number(varint(&mut self.0)?),
            1 => self.skip(8)?,
            2 => {
                let length = usize::try_from(varint(&mut self.0)?).map_err(|_| "a field is longer than memory")?;
                let (bytes, rest) = self.0.split_at_checked(length).ok_or("a field is longer than its message")?;
                self.0 = rest;
                Value::Bytes(bytes)
            }
            5 => self.skip(4)?,
            _ => return Err("a field of unknown wire type"),
        };
        Ok((key >> 3, value))
    }

    fn skip(&mut self, bytes: usize) -> Result<Value<'a>, Flaw> {
        self.0 = self.0.get(bytes..).ok_or("a field is cut off")?;
        Ok(Value::Fixed)
    }
}

/// Takes one number of variable length.
pub(super) fn varint(bytes: &mut &[u8]) -> Result<u64, Flaw> {
    let mut value = 0_u64;
    for (ix, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * ix);
        if byte & 0x80 == 0 {
            *bytes = &bytes[ix + 1..];
            return Ok(value);
        }
    }
    Err("a number is cut off or too long")
}

/// A packed run of numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Packed<'a>(pub(super) &'a [u8]);

impl Iterator for Packed<'_> {
    type Item = Result<u64, Flaw>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let number = varint(&mut self.0);
        if number.is_err() {
            self.0 = &[];
        }
        Some(number)
    }
}

/// A signed number from its zig-zag form.
pub(super) const fn zigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_walked_and_flaws_end_the_walk() {
        let fields: Vec<_> = Fields(&[0x08, 0x96, 0x01, 0x12, 2, b'o', b'k']).collect();
        assert_eq!(fields, [Ok((1, Value::Number(150))), Ok((2, Value::Bytes(b"ok")))]);
        for bad in [&[0x08][..], &[0x12, 5, 1], &[0x0b], &[0xff; 11], &[0x0d, 1, 2]] {
            let fields: Vec<_> = Fields(bad).collect();
            assert!(fields.len() == 1 && fields[0].is_err(), "{bad:?}");
        }
        assert_eq!([0, 1, 2, 3, u64::MAX].map(zigzag), [0, -1, 1, -2, i64::MIN]);
    }
}
