//! Server-sent events, the reading side (WHATWG HTML, section 9.2): bytes in, events out.

/// One event of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// The last `id:` seen, to resume from.
    pub(super) id: String,
    pub(super) data: String,
}

/// Keeps what has not yet become a whole event. A single event may not grow past a megabyte.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pending: Vec<u8>,
    current: Event,
    has_data: bool,
}

const MAX_EVENT: usize = 1 << 20;

impl Reader {
    /// Takes the next bytes of the stream and gives the events that they complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> anyhow::Result<Vec<Event>> {
        self.pending.extend_from_slice(bytes);
        let mut out = Vec::new();
        let mut start = 0;
        while let Some(end) = self.pending[start..].iter().position(|b| *b == b'\n') {
            let line = String::from_utf8_lossy(&self.pending[start..start + end]).into_owned();
            start += end + 1;
            self.line(line.strip_suffix('\r').unwrap_or(&line), &mut out);
        }
        self.pending.drain(..start);
        anyhow::ensure!(self.pending.len() + self.current.data.len() <= MAX_EVENT, "an event of over a megabyte");
        Ok(out)
    }

    fn line(&mut self, line: &str, out: &mut Vec<Event>) {
        if line.is_empty() {
            if std::mem::take(&mut self.has_data) {
                out.push(Event { id: self.current.id.clone(), data: std::mem::take(&mut self.current.data) });
            }
            return;
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "id" => value.clone_into(&mut self.current.id),
            "data" => {
                if self.has_data {
                    self.current.data.push('\n');
                }
                self.current.data.push_str(value);
                self.has_data = true;
            }
            _ => {} // comments, event names and retry times do not matter to us
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn events_survive_any_cut() {
        let text = b": hello\n\nid: 7\nevent: offered\ndata: {\"a\":\ndata: 1}\n\nid: 8\r\ndata:x\r\n\r\n";
        for cut in 0..text.len() {
            let mut reader = Reader::default();
            let mut events = reader.push(&text[..cut]).unwrap();
            events.extend(reader.push(&text[cut..]).unwrap());
            assert_eq!(
                events,
                [Event { id: "7".into(), data: "{\"a\":\n1}".into() }, Event { id: "8".into(), data: "x".into() },]
            );
        }
    }

    #[test]
    fn an_endless_line_is_refused() {
        let mut reader = Reader::default();
        assert!(reader.push(&vec![b'x'; MAX_EVENT + 1]).is_err());
    }
}
