//! Which format a client gets that leaves the choice to us: a pure function of what it accepts and what the source is.

use crate::pipeline::{Deliver, Pipeline, Target};
use crate::{Format, Header};

/// The format for a client with this `Accept` header: the smallest that it names itself, or the source's own.
///
/// Wildcards promise nothing: browsers send `*/*` for formats that they cannot show. AVIF is preferred over WebP,
/// but for animations, where WebP is what keeps them.
pub fn negotiate(accept: &str, header: &Header) -> Format {
    let accepts = |format: Format| accept.split(',').any(|range| names(range, format.media_type()));
    if header.frames <= 1 && accepts(Format::Avif) {
        Format::Avif
    } else if accepts(Format::WebP) {
        Format::WebP
    } else {
        without_preference(header)
    }
}

/// What of an `Accept` header makes a difference to [`negotiate`]: equal texts choose equally.
pub fn accepted(accept: &str) -> &'static str {
    let accepts = |format: Format| accept.split(',').any(|range| names(range, format.media_type()));
    match (accepts(Format::Avif), accepts(Format::WebP)) {
        (false, false) => "",
        (true, false) => "image/avif",
        (false, true) => "image/webp",
        (true, true) => "image/avif,image/webp",
    }
}

/// Whether a range names the type and does not refuse it with `q=0`.
fn names(range: &str, media_type: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(media_type));
    let refused = parts.any(|parameter| {
        let value = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="));
        value.and_then(|value| value.trim().parse::<f32>().ok()).is_some_and(|quality| quality <= 0.0)
    });
    named && !refused
}

/// The source's format, or its nearest relative that every client can show.
pub(crate) fn without_preference(header: &Header) -> Format {
    match header.format {
        Format::Svg => Format::Png,
        Format::Heic | Format::Tiff if header.alpha => Format::Png,
        Format::Heic | Format::Tiff => Format::Jpeg,
        other => other,
    }
}

impl Pipeline {
    /// Settles a format that was left to the client.
    #[must_use]
    pub fn for_client(mut self, accept: &str, header: &Header) -> Self {
        if let Deliver::Picture(encoding) = &mut self.deliver
            && encoding.target == Target::Accepted
        {
            encoding.target = Target::Format(negotiate(accept, header));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_that_is_named_wins() {
        let still = Header::plain(Format::Jpeg, 10, 10);
        let moving = Header { frames: 5, ..Header::plain(Format::Gif, 10, 10) };
        let chrome = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8";
        for (accept, header, format) in [
            (chrome, &still, Format::Avif),
            (chrome, &moving, Format::WebP),
            ("image/webp,*/*", &still, Format::WebP),
            ("image/avif;q=0, image/webp;q=0.5", &still, Format::WebP),
            ("*/*", &still, Format::Jpeg),
            ("", &moving, Format::Gif),
            ("IMAGE/AVIF", &still, Format::Avif),
            ("image/avifx", &still, Format::Jpeg),
        ] {
            assert_eq!(negotiate(accept, header), format, "{accept}");
            assert_eq!(negotiate(accepted(accept), header), format, "{accept}");
        }
        assert_eq!(without_preference(&Header::plain(Format::Svg, 1, 1)), Format::Png);
        assert_eq!(without_preference(&Header::plain(Format::Heic, 1, 1)), Format::Jpeg);
    }
}
