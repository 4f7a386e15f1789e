//! The little XML that faces and pictures write themselves: S3's errors and the answer to a form.

/// An element with a text. What no XML can hold comes out as U+FFFD.
#[must_use]
pub fn element(name: &str, text: &str) -> String {
    let mut out = format!("<{name}>");
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(' '),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out.push_str(&format!("</{name}>"));
    out
}

#[cfg(test)]
mod tests {
    use super::element;

    #[test]
    fn texts_mean_themselves() {
        assert_eq!(element("Message", "a<b & \"c\"\n\u{1}"), "<Message>a&lt;b &amp; &quot;c&quot; \u{fffd}</Message>");
    }
}
