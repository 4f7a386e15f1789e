//! Where one statement ends and the next begins.

/// The statements of a text, without the semicolons between them and without empty ones.
pub(super) fn statements(text: &str) -> Vec<&str> {
    let (mut out, mut from) = (Vec::new(), 0);
    for end in ends(text) {
        out.push(text[from..end].trim());
        from = end + 1;
    }
    out.push(text[from..].trim());
    out.retain(|statement| !statement.is_empty() && !only_comments(statement));
    out
}

/// Whether the text ends with a whole statement.
pub(super) fn is_whole(text: &str) -> bool {
    ends(text).last().is_some_and(|end| only_comments(&text[end + 1..]))
}

/// Places of semicolons outside of quotes and comments.
fn ends(text: &str) -> Vec<usize> {
    let mut out = Vec::new();
    walk(text, |at, c| {
        if c == b';' {
            out.push(at);
        }
    });
    out
}

fn only_comments(text: &str) -> bool {
    let mut nothing = true;
    walk(text, |_, c| nothing &= c.is_ascii_whitespace() || c == b';');
    nothing
}

/// Calls `each` for every byte that is part of the statement proper; a quoted text counts as its quotes.
fn walk(text: &str, mut each: impl FnMut(usize, u8)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        if rest.starts_with(b"--") {
            at += rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        } else if rest.starts_with(b"/*") {
            at += rest.windows(2).skip(2).position(|pair| pair == b"*/").map_or(rest.len(), |n| n + 4);
        } else if matches!(rest[0], b'\'' | b'"' | b'`') {
            each(at, rest[0]);
            at += rest.iter().skip(1).position(|b| *b == rest[0]).map_or(rest.len(), |n| n + 2);
        } else {
            each(at, rest[0]);
            at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semicolons_inside_quotes_and_comments_end_nothing() {
        let text = "select ';' ; -- a;b\n select \"a;b\" /* ; */;; -- end;";
        assert_eq!(statements(text), ["select ';'", "-- a;b\n select \"a;b\" /* ; */"]);
        assert!(is_whole("select 1; -- done") && !is_whole("select ';") && !is_whole("select 1"));
    }
}
