//! The fonts for text: a built-in one with Latin, Greek, Cyrillic and the Chinese characters of GB 2312.

use std::sync::{Arc, LazyLock};

use resvg::usvg::fontdb;

/// The family of the built-in font.
pub(crate) const FAMILY: &str = "WenQuanYi Micro Hei";

/// A part of WenQuanYi Micro Hei (Apache-2.0); fonts/NOTICE.md says how it was made.
static BUILT_IN: &[u8] = include_bytes!("../fonts/MicroHei-subset.ttf");

static DATABASE: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut database = fontdb::Database::new();
    database.load_font_source(fontdb::Source::Binary(Arc::new(BUILT_IN)));
    for generic in [
        fontdb::Database::set_serif_family as fn(&mut fontdb::Database, String),
        fontdb::Database::set_sans_serif_family,
        fontdb::Database::set_monospace_family,
    ] {
        generic(&mut database, FAMILY.to_owned());
    }
    Arc::new(database)
});

/// All fonts that there are.
pub(crate) fn database() -> Arc<fontdb::Database> {
    Arc::clone(&DATABASE)
}
