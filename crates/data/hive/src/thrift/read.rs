//! Reads structures of the binary protocol into a tree whose size is bounded.

use super::kind;

/// Structures, lists and maps inside each other.
const MAX_DEPTH: usize = 16;
/// Values in one message; a HiveServer2 request has a few dozen.
const MAX_VALUES: usize = 100_000;

/// Bytes that are no message of the binary protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ThriftError {
    /// The bytes end inside a value.
    #[error("the message ends inside {0}")]
    Short(&'static str),
    /// A type number that the protocol does not have.
    #[error("{0} is no type of the binary protocol")]
    UnknownType(u8),
    /// A count or length that is negative or larger than the bytes that follow.
    #[error("a {what} of {size} does not fit into the bytes that follow")]
    BadSize {
        /// What is counted.
        what: &'static str,
        /// How many it says.
        size: i64,
    },
    /// Deeper or larger than any request of the service.
    #[error("the message holds more than {0}")]
    TooLarge(&'static str),
    /// Not the strict form of version 1.
    #[error("the message does not begin with version 1 of the strict binary protocol")]
    BadVersion,
    /// A name or text that is not UTF-8.
    #[error("the {0} is not UTF-8")]
    NotText(&'static str),
    /// A field that the call needs.
    #[error("field {id} ({name}) is missing or of another type")]
    Missing {
        /// The field's number.
        id: i16,
        /// The field's name in the interface description.
        name: &'static str,
    },
}

/// One value of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `bool`
    Bool(bool),
    /// `byte`
    Byte(i8),
    /// `i16`
    I16(i16),
    /// `i32` and enumerations
    I32(i32),
    /// `i64`
    I64(i64),
    /// `double`
    Double(f64),
    /// `string` and `binary`
    Bytes(Vec<u8>),
    /// A structure or union.
    Struct(Fields),
    /// Keys with values, in the order of the wire.
    Map(Vec<(Self, Self)>),
    /// A list or set.
    List(Vec<Self>),
}

/// The fields of a structure by number; fields that nobody asks for are passed over, as the protocol wants.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(Vec<(i16, Value)>);

impl Fields {
    /// The field, when it is there.
    #[must_use]
    pub fn get(&self, id: i16) -> Option<&Value> {
        self.0.iter().find(|(field, _)| *field == id).map(|(_, value)| value)
    }

    /// A structure; an empty one when it is missing, so that what is missed inside is named.
    #[must_use]
    pub fn structure(&self, id: i16) -> &Self {
        static EMPTY: Fields = Fields(Vec::new());
        match self.get(id) {
            Some(Value::Struct(fields)) => fields,
            _ => &EMPTY,
        }
    }

    /// A text, when it is there and UTF-8.
    #[must_use]
    pub fn text(&self, id: i16) -> Option<&str> {
        match self.get(id) {
            Some(Value::Bytes(bytes)) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// Bytes, when they are there.
    #[must_use]
    pub fn bytes(&self, id: i16) -> Option<&[u8]> {
        match self.get(id) {
            Some(Value::Bytes(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// A whole number of any width.
    #[must_use]
    pub fn int(&self, id: i16) -> Option<i64> {
        match self.get(id)? {
            Value::Byte(v) => Some(i64::from(*v)),
            Value::I16(v) => Some(i64::from(*v)),
            Value::I32(v) => Some(i64::from(*v)),
            Value::I64(v) => Some(*v),
            _ => None,
        }
    }

    /// A flag; missing means false.
    #[must_use]
    pub fn flag(&self, id: i16) -> bool {
        matches!(self.get(id), Some(Value::Bool(true)))
    }

    /// The pairs of a map of texts; others in it are passed over.
    pub fn pairs(&self, id: i16) -> impl Iterator<Item = (&str, &str)> {
        let pairs = match self.get(id) {
            Some(Value::Map(pairs)) => pairs.as_slice(),
            _ => &[],
        };
        pairs.iter().filter_map(|(key, value)| match (key, value) {
            (Value::Bytes(key), Value::Bytes(value)) => {
                Some((std::str::from_utf8(key).ok()?, std::str::from_utf8(value).ok()?))
            }
            _ => None,
        })
    }

    /// The texts of a list; `None` when there is no list.
    #[must_use]
    pub fn texts(&self, id: i16) -> Option<Vec<&str>> {
        let Some(Value::List(items)) = self.get(id) else { return None };
        Some(
            items
                .iter()
                .filter_map(|item| match item {
                    Value::Bytes(bytes) => std::str::from_utf8(bytes).ok(),
                    _ => None,
                })
                .collect(),
        )
    }
}

impl FromIterator<(i16, Value)> for Fields {
    fn from_iter<I: IntoIterator<Item = (i16, Value)>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

/// Reads one structure from the front of `bytes`.
///
/// # Errors
/// [`ThriftError`] for anything that is not one whole structure within the bounds.
pub fn read_fields(bytes: &[u8]) -> Result<Fields, ThriftError> {
    Reader::new(bytes).fields(0)
}

/// Walks over bytes and counts what it keeps.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    values: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, values: 0 }
    }

    fn take(&mut self, count: usize, what: &'static str) -> Result<&'a [u8], ThriftError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(ThriftError::Short(what))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], ThriftError> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N, what)?);
        Ok(out)
    }

    pub(crate) fn i32(&mut self, what: &'static str) -> Result<i32, ThriftError> {
        self.array(what).map(i32::from_be_bytes)
    }

    fn byte(&mut self, what: &'static str) -> Result<u8, ThriftError> {
        self.array::<1>(what).map(|[byte]| byte)
    }

    /// A count of things that take at least a byte each.
    fn count(&mut self, what: &'static str) -> Result<usize, ThriftError> {
        let size = self.i32(what)?;
        usize::try_from(size)
            .ok()
            .filter(|size| *size <= self.rest.len())
            .ok_or(ThriftError::BadSize { what, size: i64::from(size) })
    }

    pub(crate) fn bytes(&mut self, what: &'static str) -> Result<&'a [u8], ThriftError> {
        let size = self.count(what)?;
        self.take(size, what)
    }

    pub(crate) fn fields(&mut self, depth: usize) -> Result<Fields, ThriftError> {
        if depth > MAX_DEPTH {
            return Err(ThriftError::TooLarge("16 levels"));
        }
        let mut fields = Vec::new();
        loop {
            let kind = self.byte("a field")?;
            if kind == kind::STOP {
                return Ok(Fields(fields));
            }
            let id = i16::from_be_bytes(self.array("a field")?);
            fields.push((id, self.value(kind, depth + 1)?));
        }
    }

    fn value(&mut self, kind: u8, depth: usize) -> Result<Value, ThriftError> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(ThriftError::TooLarge("100000 values"));
        }
        if depth > MAX_DEPTH {
            return Err(ThriftError::TooLarge("16 levels"));
        }
        Ok(match kind {
            kind::BOOL => Value::Bool(self.byte("a bool")? != 0),
            kind::BYTE => Value::Byte(i8::from_be_bytes(self.array("a byte")?)),
            kind::I16 => Value::I16(i16::from_be_bytes(self.array("an i16")?)),
            kind::I32 => Value::I32(self.i32("an i32")?),
            kind::I64 => Value::I64(i64::from_be_bytes(self.array("an i64")?)),
            kind::DOUBLE => Value::Double(f64::from_be_bytes(self.array("a double")?)),
            kind::STRING => Value::Bytes(self.bytes("a string")?.to_vec()),
            kind::STRUCT => Value::Struct(self.fields(depth)?),
            kind::MAP => {
                let (key, value) = (self.byte("a map")?, self.byte("a map")?);
                let mut pairs = Vec::new();
                for _ in 0..self.count("map")? {
                    pairs.push((self.value(key, depth + 1)?, self.value(value, depth + 1)?));
                }
                Value::Map(pairs)
            }
            kind::LIST | kind::SET => {
                let item = self.byte("a list")?;
                let mut items = Vec::new();
                for _ in 0..self.count("list")? {
                    items.push(self.value(item, depth + 1)?);
                }
                Value::List(items)
            }
            unknown => return Err(ThriftError::UnknownType(unknown)),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::thrift::Writer;

    fn written(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
        let mut writer = Writer::new();
        write(&mut writer);
        writer.into_bytes()
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = written(|w| {
            w.text(1, "séance");
            w.i32(2, -5);
            w.structure(3, |w| w.bool(1, true));
            w.texts(4, ["a", "b"]);
            w.text_map(5, [("k", "v")]);
            w.i64(6, i64::MAX);
            w.double(7, 0.5);
            w.stop();
        });
        let fields = read_fields(&bytes).unwrap();
        assert_eq!(fields.text(1), Some("séance"));
        assert_eq!(fields.int(2), Some(-5));
        assert!(fields.structure(3).flag(1) && !fields.structure(9).flag(1));
        assert_eq!(fields.texts(4).unwrap(), ["a", "b"]);
        assert_eq!(fields.pairs(5).collect::<Vec<_>>(), [("k", "v")]);
        assert_eq!(fields.int(6), Some(i64::MAX));
        assert_eq!(fields.get(7), Some(&Value::Double(0.5)));
        for cut in 0..bytes.len() {
            assert!(read_fields(&bytes[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn sizes_that_lie_are_refused() {
        let lie = [kind::LIST, 0, 1, kind::I32, 0x7f, 0xff, 0xff, 0xff];
        assert_eq!(read_fields(&lie), Err(ThriftError::BadSize { what: "list", size: 0x7fff_ffff }));
        let negative = [kind::STRING, 0, 1, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(read_fields(&negative), Err(ThriftError::BadSize { what: "a string", size: -1 }));
        let deep: Vec<u8> = std::iter::repeat_n([kind::STRUCT, 0, 1], 40).flatten().collect();
        assert_eq!(read_fields(&deep), Err(ThriftError::TooLarge("16 levels")));
        assert_eq!(read_fields(&[9, 0, 1]), Err(ThriftError::UnknownType(9)));
        let mut many = vec![kind::LIST, 0, 1, kind::BOOL];
        many.extend(200_000_i32.to_be_bytes());
        many.extend(vec![0; 200_001]);
        assert_eq!(read_fields(&many), Err(ThriftError::TooLarge("100000 values")));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let _ = read_fields(&bytes);
        }
    }
}
