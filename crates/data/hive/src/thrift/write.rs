//! Writes structures of the binary protocol into a buffer.

use super::kind;

/// Fields of a structure, one after the other; [`Writer::stop`] ends it.
#[derive(Clone, Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// An empty buffer.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What has been written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// How many bytes have been written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing has been written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn field(&mut self, kind: u8, id: i16) {
        self.0.push(kind);
        self.0.extend(id.to_be_bytes());
    }

    /// A length or count. Nothing that is written here comes near the limit of the wire, which is 2 GiB.
    pub(crate) fn size(&mut self, size: usize) {
        self.0.extend(i32::try_from(size).unwrap_or(i32::MAX).to_be_bytes());
    }

    /// Makes room for this many bytes more.
    pub(crate) fn reserve(&mut self, bytes: usize) {
        self.0.reserve(bytes);
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
    }

    pub(crate) fn sized(&mut self, bytes: &[u8]) {
        self.size(bytes.len());
        self.0.extend(bytes);
    }

    /// Ends a structure.
    pub fn stop(&mut self) {
        self.0.push(kind::STOP);
    }

    /// A flag.
    pub fn bool(&mut self, id: i16, value: bool) {
        self.field(kind::BOOL, id);
        self.0.push(u8::from(value));
    }

    /// A number of 16 bits.
    pub fn i16(&mut self, id: i16, value: i16) {
        self.field(kind::I16, id);
        self.0.extend(value.to_be_bytes());
    }

    /// A number of 32 bits, or a value of an enumeration.
    pub fn i32(&mut self, id: i16, value: i32) {
        self.field(kind::I32, id);
        self.0.extend(value.to_be_bytes());
    }

    /// A number of 64 bits.
    pub fn i64(&mut self, id: i16, value: i64) {
        self.field(kind::I64, id);
        self.0.extend(value.to_be_bytes());
    }

    /// A floating-point number.
    pub fn double(&mut self, id: i16, value: f64) {
        self.field(kind::DOUBLE, id);
        self.0.extend(value.to_be_bytes());
    }

    /// A text.
    pub fn text(&mut self, id: i16, value: &str) {
        self.bytes(id, value.as_bytes());
    }

    /// Bytes.
    pub fn bytes(&mut self, id: i16, value: &[u8]) {
        self.field(kind::STRING, id);
        self.sized(value);
    }

    /// A structure or union; its fields are written by `fields`, its end by this.
    pub fn structure(&mut self, id: i16, fields: impl FnOnce(&mut Self)) {
        self.field(kind::STRUCT, id);
        fields(self);
        self.stop();
    }

    /// A list of structures.
    pub fn structures<T>(&mut self, id: i16, items: &[T], mut fields: impl FnMut(&mut Self, &T)) {
        self.list(id, kind::STRUCT, items.len());
        for item in items {
            fields(self, item);
            self.stop();
        }
    }

    /// The head of a list; its items follow.
    pub(crate) fn list(&mut self, id: i16, item: u8, count: usize) {
        self.field(kind::LIST, id);
        self.0.push(item);
        self.size(count);
    }

    /// A list of texts.
    pub fn texts<'a>(&mut self, id: i16, items: impl IntoIterator<Item = &'a str>) {
        let items: Vec<&str> = items.into_iter().collect();
        self.list(id, kind::STRING, items.len());
        for item in items {
            self.sized(item.as_bytes());
        }
    }

    /// A map from text to text.
    pub fn text_map<'a>(&mut self, id: i16, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) {
        let pairs: Vec<(&str, &str)> = pairs.into_iter().collect();
        self.field(kind::MAP, id);
        self.0.extend([kind::STRING, kind::STRING]);
        self.size(pairs.len());
        for (key, value) in pairs {
            self.sized(key.as_bytes());
            self.sized(value.as_bytes());
        }
    }

    /// A map from text to structures or unions.
    pub fn struct_map<T>(&mut self, id: i16, pairs: &[(&str, T)], mut fields: impl FnMut(&mut Self, &T)) {
        self.field(kind::MAP, id);
        self.0.extend([kind::STRING, kind::STRUCT]);
        self.size(pairs.len());
        for (key, value) in pairs {
            self.sized(key.as_bytes());
            fields(self, value);
            self.stop();
        }
    }
}
