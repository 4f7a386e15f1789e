//! A client's messages, read from exactly the bytes of one. Pure, and never more memory than there are bytes.

use bytes::{Buf as _, Bytes};

/// A message that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It ends too early, or says that there is more in it than there is.
    #[error("the message {0} ends too early")]
    Short(&'static str),
    /// It goes on behind its end.
    #[error("the message {0} is longer than what it holds")]
    Long(&'static str),
    /// A text that is no UTF-8.
    #[error("the message {0} holds a text that is not UTF-8")]
    Text(&'static str),
    /// There is no such message.
    #[error("there is no message of type {0:?}")]
    Unknown(char),
    /// A version that is not spoken.
    #[error("version {major}.{minor} of the protocol is not spoken here: use 3.0 to 3.2")]
    Version {
        /// Before the point.
        major: u16,
        /// Behind it.
        minor: u16,
    },
}

/// What a connection begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Whether it may be encrypted with TLS.
    Ssl,
    /// Whether it may be encrypted with GSSAPI.
    Gss,
    /// A query of another connection is to end.
    Cancel {
        /// Whose.
        process: i32,
        /// What only that connection's client knows.
        secret: Bytes,
    },
    /// A session is wanted.
    Startup {
        /// The protocol's version behind `3.`.
        minor: u16,
        /// `user`, `database` and settings.
        options: Vec<(String, String)>,
    },
}

/// A prepared statement or a portal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// A statement.
    Statement,
    /// A portal.
    Portal,
}

/// What a client says in a session. Names are empty for what has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// The password.
    Password(String),
    /// Statements to be carried out at once.
    Query(String),
    /// A statement to be prepared.
    Parse {
        /// What to call it.
        name: String,
        /// The statement.
        query: String,
        /// Types of its parameters as far as the client says, by number; 0 leaves one open.
        types: Vec<u32>,
    },
    /// Values for a statement's parameters.
    Bind {
        /// What to call the portal.
        portal: String,
        /// Which statement.
        statement: String,
        /// Formats of the values: none for text, one for all, or one each.
        formats: Vec<i16>,
        /// The values.
        values: Vec<Option<Bytes>>,
        /// Formats of the answer's columns, likewise.
        results: Vec<i16>,
    },
    /// What something takes and gives.
    Describe(Of, String),
    /// Run a portal.
    Execute {
        /// Which.
        portal: String,
        /// Rows at most; 0 or less for all.
        rows: i32,
    },
    /// Forget something.
    Close(Of, String),
    /// Send what is there.
    Flush,
    /// The end of a series; errors end here.
    Sync,
    /// The end of the session.
    Terminate,
    /// Part of a COPY that is not under way any more.
    Copy,
}

struct Body {
    what: &'static str,
    rest: Bytes,
}

impl Body {
    fn need(&self, bytes: usize) -> Result<(), Malformed> {
        if self.rest.len() < bytes { Err(Malformed::Short(self.what)) } else { Ok(()) }
    }

    fn i16(&mut self) -> Result<i16, Malformed> {
        self.need(2)?;
        Ok(self.rest.get_i16())
    }

    fn i32(&mut self) -> Result<i32, Malformed> {
        self.need(4)?;
        Ok(self.rest.get_i32())
    }

    /// A count of things of which each has at least `each` bytes.
    fn count(&mut self, each: usize) -> Result<usize, Malformed> {
        self.need(2)?;
        let count = usize::from(self.rest.get_u16());
        self.need(count * each)?;
        Ok(count)
    }

    fn bytes(&mut self, length: usize) -> Result<Bytes, Malformed> {
        self.need(length)?;
        Ok(self.rest.split_to(length))
    }

    fn text(&mut self) -> Result<String, Malformed> {
        let end = self.rest.iter().position(|b| *b == 0).ok_or(Malformed::Short(self.what))?;
        let bytes = self.rest.split_to(end);
        self.rest.advance(1);
        String::from_utf8(bytes.into()).map_err(|_| Malformed::Text(self.what))
    }

    fn of(&mut self) -> Result<Of, Malformed> {
        self.need(1)?;
        match self.rest.get_u8() {
            b'S' => Ok(Of::Statement),
            b'P' => Ok(Of::Portal),
            other => Err(Malformed::Unknown(char::from(other))),
        }
    }

    fn formats(&mut self) -> Result<Vec<i16>, Malformed> {
        let count = self.count(2)?;
        (0..count).map(|_| self.i16()).collect()
    }

    fn end(self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed::Long(self.what)) }
    }
}

const CANCEL: i32 = 80_877_102;
const SSL: i32 = 80_877_103;
const GSS: i32 = 80_877_104;

/// Reads what a connection begins with, behind its length.
///
/// # Errors
/// When it is none.
pub fn opening(body: Bytes) -> Result<Opening, Malformed> {
    let mut body = Body { what: "startup", rest: body };
    match body.i32()? {
        SSL => body.end().map(|()| Opening::Ssl),
        GSS => body.end().map(|()| Opening::Gss),
        CANCEL => {
            let process = body.i32()?;
            Ok(Opening::Cancel { process, secret: body.rest })
        }
        version => {
            let (major, minor) = ((version >> 16) as u16, (version & 0xffff) as u16);
            if major != 3 {
                return Err(Malformed::Version { major, minor });
            }
            let mut options = Vec::new();
            loop {
                let name = body.text()?;
                if name.is_empty() {
                    break;
                }
                options.push((name, body.text()?));
            }
            body.end()?;
            Ok(Opening::Startup { minor, options })
        }
    }
}

/// Reads a message of a type, behind its length.
///
/// # Errors
/// When it is none.
pub fn message(kind: u8, body: Bytes) -> Result<Message, Malformed> {
    let named = |what| Body { what, rest: body.clone() };
    let (message, body) = match kind {
        b'p' => {
            let mut body = named("password");
            (Message::Password(body.text()?), body)
        }
        b'Q' => {
            let mut body = named("query");
            (Message::Query(body.text()?), body)
        }
        b'P' => {
            let mut body = named("parse");
            let (name, query, count) = (body.text()?, body.text()?, body.count(4)?);
            let types = (0..count).map(|_| body.i32().map(i32::cast_unsigned)).collect::<Result<_, _>>()?;
            (Message::Parse { name, query, types }, body)
        }
        b'B' => {
            let mut body = named("bind");
            let (portal, statement, formats) = (body.text()?, body.text()?, body.formats()?);
            let count = body.count(4)?;
            let mut values = Vec::with_capacity(count);
            for _ in 0..count {
                let length = body.i32()?;
                values.push(usize::try_from(length).ok().map(|length| body.bytes(length)).transpose()?);
            }
            let results = body.formats()?;
            (Message::Bind { portal, statement, formats, values, results }, body)
        }
        b'D' => {
            let mut body = named("describe");
            (Message::Describe(body.of()?, body.text()?), body)
        }
        b'C' => {
            let mut body = named("close");
            (Message::Close(body.of()?, body.text()?), body)
        }
        b'E' => {
            let mut body = named("execute");
            (Message::Execute { portal: body.text()?, rows: body.i32()? }, body)
        }
        b'H' => (Message::Flush, named("flush")),
        b'S' => (Message::Sync, named("sync")),
        b'X' => (Message::Terminate, named("terminate")),
        b'd' | b'c' | b'f' => return Ok(Message::Copy),
        other => return Err(Malformed::Unknown(char::from(other))),
    };
    body.end()?;
    Ok(message)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(kind: u8, body: &[u8]) -> Result<Message, Malformed> {
        message(kind, Bytes::copy_from_slice(body))
    }

    #[test]
    fn what_clients_say_is_read() {
        let parse = read(b'P', b"s1\0SELECT $1\0\0\x01\0\0\0\x17").unwrap();
        assert_eq!(parse, Message::Parse { name: "s1".into(), query: "SELECT $1".into(), types: vec![23] });
        let bind = read(b'B', b"\0s1\0\0\x01\0\x01\0\x02\0\0\0\x01x\xff\xff\xff\xff\0\0").unwrap();
        let values = vec![Some(Bytes::from_static(b"x")), None];
        let (portal, statement) = (String::new(), "s1".to_owned());
        assert_eq!(bind, Message::Bind { portal, statement, formats: vec![1], values, results: vec![] });
        assert_eq!(read(b'E', b"c\0\0\0\0\x05").unwrap(), Message::Execute { portal: "c".into(), rows: 5 });
        let startup = opening(Bytes::from_static(b"\0\x03\0\0user\0me\0\0")).unwrap();
        assert_eq!(startup, Opening::Startup { minor: 0, options: vec![("user".into(), "me".into())] });
    }

    #[test]
    fn what_is_none_says_why() {
        assert_eq!(read(b'Q', b"SELECT 1"), Err(Malformed::Short("query")));
        assert_eq!(read(b'Q', b"a\0b"), Err(Malformed::Long("query")));
        assert_eq!(read(b'Q', b"\xff\0"), Err(Malformed::Text("query")));
        assert_eq!(read(b'?', b""), Err(Malformed::Unknown('?')));
        // More values than bytes: nothing is made for them.
        assert_eq!(read(b'B', b"\0\0\0\0\xff\xff\0\0"), Err(Malformed::Short("bind")));
        assert_eq!(read(b'B', b"\0\0\0\0\0\x01\x7f\xff\xff\xff\0\0"), Err(Malformed::Short("bind")));
        let old = opening(Bytes::from_static(b"\0\x02\0\0"));
        assert_eq!(old, Err(Malformed::Version { major: 2, minor: 0 }));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(kind: u8, body: Vec<u8>) {
            let _ = message(kind, Bytes::from(body.clone()));
            let _ = opening(Bytes::from(body));
        }
    }
}
