//! Messages: a call with its name and number, and the reply or exception that answers it.

use super::{Fields, ThriftError, Writer, read::Reader};

/// Version 1 of the strict protocol, in the upper half of the first word.
const VERSION: u32 = 0x8001_0000;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// Asks for a reply.
    Call,
    /// Answers.
    Reply,
    /// Answers that the call could not even be made.
    Exception,
}

impl MessageKind {
    const fn number(self) -> u32 {
        match self {
            Self::Call => 1,
            Self::Reply => 2,
            Self::Exception => 3,
        }
    }
}

/// A call: which one, its number, and the one structure that each call of HiveServer2 takes.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The call's name, for example `OpenSession`.
    pub name: String,
    /// Repeated in the answer.
    pub sequence: i32,
    /// The request.
    pub request: Fields,
}

/// Reads a call from the whole of a frame.
///
/// # Errors
/// [`ThriftError`] for bytes that are no call.
pub fn read_call(frame: &[u8]) -> Result<Call, ThriftError> {
    let mut reader = Reader::new(frame);
    let word = reader.i32("the head of the message")?.cast_unsigned();
    if word & 0xffff_0000 != VERSION || word & 0xff != MessageKind::Call.number() {
        return Err(ThriftError::BadVersion);
    }
    let name =
        std::str::from_utf8(reader.bytes("the call's name")?).map_err(|_| ThriftError::NotText("call's name"))?;
    let sequence = reader.i32("the call's number")?;
    let request = reader.fields(0)?.structure(1).clone();
    Ok(Call { name: name.to_owned(), sequence, request })
}

fn head(kind: MessageKind, name: &str, sequence: i32) -> Writer {
    let mut writer = Writer::new();
    writer.raw(&(VERSION | kind.number()).to_be_bytes());
    writer.sized(name.as_bytes());
    writer.raw(&sequence.to_be_bytes());
    writer
}

/// The reply to a call; `fields` writes the fields of its one structure.
#[must_use]
pub fn reply(name: &str, sequence: i32, fields: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = head(MessageKind::Reply, name, sequence);
    writer.structure(0, fields);
    writer.stop();
    writer.into_bytes()
}

/// The answer to a call that is not known (1) or not understood (7, a protocol error).
#[must_use]
pub fn exception(name: &str, sequence: i32, code: i32, message: &str) -> Vec<u8> {
    let mut writer = head(MessageKind::Exception, name, sequence);
    writer.text(1, message);
    writer.i32(2, code);
    writer.stop();
    writer.into_bytes()
}

/// The same as a client would send it.
#[must_use]
pub fn call(name: &str, sequence: i32, fields: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = head(MessageKind::Call, name, sequence);
    writer.structure(1, fields);
    writer.stop();
    writer.into_bytes()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::thrift::kind;

    #[test]
    fn a_call_is_read_and_others_are_not() {
        let bytes = call("CloseSession", 7, |w| w.structure(1, |w| w.i32(1, 3)));
        let read = read_call(&bytes).unwrap();
        assert_eq!((read.name.as_str(), read.sequence), ("CloseSession", 7));
        assert_eq!(read.request.structure(1).int(1), Some(3));
        assert_eq!(read_call(&reply("CloseSession", 7, |_| {})), Err(ThriftError::BadVersion));
        assert_eq!(read_call(&bytes[..3]), Err(ThriftError::Short("the head of the message")));
        assert_eq!(read_call(b"GET / HTTP/1.1\r\n"), Err(ThriftError::BadVersion));
    }

    #[test]
    fn an_exception_has_its_text_first() {
        let bytes = exception("Nothing", 1, 1, "no such call");
        assert_eq!(&bytes[..4], [0x80, 1, 0, 3]);
        assert_eq!(bytes[4 + 4 + 7 + 4], kind::STRING);
    }
}
