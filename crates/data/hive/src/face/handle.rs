//! Handles: a public half and a secret half, as TCLIService has them.

use crate::thrift::{Fields, Writer};

/// A handle of a session or operation. It is good only as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Handle {
    guid: [u8; 16],
    secret: [u8; 16],
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.id())
    }
}

impl Handle {
    /// A new one, which nobody can guess.
    pub(super) fn draw() -> Result<Self, getrandom::Error> {
        let (mut guid, mut secret) = ([0; 16], [0; 16]);
        getrandom::fill(&mut guid)?;
        getrandom::fill(&mut secret)?;
        Ok(Self { guid, secret })
    }

    /// Its public half, as text.
    pub(super) fn id(&self) -> String {
        self.guid.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// From a THandleIdentifier.
    pub(super) fn read(fields: &Fields) -> Option<Self> {
        Some(Self { guid: fields.bytes(1)?.try_into().ok()?, secret: fields.bytes(2)?.try_into().ok()? })
    }

    /// As a THandleIdentifier in the field `id`.
    pub(super) fn write(&self, writer: &mut Writer, id: i16) {
        writer.structure(id, |w| {
            w.bytes(1, &self.guid);
            w.bytes(2, &self.secret);
        });
    }
}
