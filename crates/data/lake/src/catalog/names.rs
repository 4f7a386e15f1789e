//! Names of databases, tables and columns, which one was probably meant, and how many there are.

use crate::LakeError;

/// Refuses a name that could not be a folder or would have to be quoted everywhere.
///
/// # Errors
/// [`LakeError::Invalid`].
pub fn check_name(what: &str, name: &str) -> Result<(), LakeError> {
    let good = (1..=128).contains(&name.len())
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if good {
        return Ok(());
    }
    Err(LakeError::invalid(
        format!("{what} name"),
        format!("{name:?} cannot be used"),
        "use letters, digits and _, not beginning with a digit, at most 128 bytes",
    ))
}

/// Tables that no list shows and nobody writes by name, since they are only there for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unseen {
    /// Of one session.
    Temporary,
    /// Being filled, before it gets its name.
    Filling,
    /// A view of the files that a statement takes in.
    Loading,
}

impl Unseen {
    const ALL: [Self; 3] = [Self::Temporary, Self::Filling, Self::Loading];

    const fn prefix(self) -> &'static str {
        match self {
            Self::Temporary => "__temporary_",
            Self::Filling => "__filling_",
            Self::Loading => "__loading_",
        }
    }

    /// The name of such a table with this id.
    #[must_use]
    pub fn name(self, id: &str) -> String {
        format!("{}{id}", self.prefix())
    }

    /// Whether a table's name is one of these.
    #[must_use]
    pub fn is(name: &str) -> bool {
        let id = Self::ALL.into_iter().find_map(|kind| name.strip_prefix(kind.prefix()));
        id.is_some_and(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }
}

/// So many of something: `1 table`, `2 tables`.
pub(crate) fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// The nearest of `names`, if one is near enough to have been meant.
#[must_use]
pub fn nearest<'a>(asked: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let asked = asked.to_lowercase();
    let limit = (asked.chars().count() / 3).max(1);
    names
        .into_iter()
        .map(|name| (distance(&asked, &name.to_lowercase()), name))
        .filter(|(far, _)| *far <= limit)
        .min()
        .map(|(_, name)| name.to_owned())
}

/// Edits from one text to the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let next = (corner + usize::from(ca != *cb)).min(row[j] + 1).min(row[j + 1] + 1);
            corner = row[j + 1];
            row[j + 1] = next;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered() {
        let names = ["orders", "order_events", "quotes"];
        assert_eq!(nearest("oders", names).as_deref(), Some("orders"));
        assert_eq!(nearest("QUOTE", names).as_deref(), Some("quotes"));
        assert_eq!(nearest("zzz", names), None);
    }

    #[test]
    fn names_fit_into_folders() {
        let unseen = Unseen::Temporary.name(&uuid::Uuid::now_v7().simple().to_string());
        assert!(Unseen::is(&unseen) && check_name("table", &unseen).is_ok());
        assert!(!Unseen::is("__temporary_rides") && !Unseen::is("__mine"));
        assert!(check_name("table", "ride_2").is_ok() && check_name("table", "订单").is_ok());
        for bad in ["", "..", "a/b", "2x", "a b", &"x".repeat(129)] {
            assert!(check_name("table", bad).is_err(), "{bad}");
        }
    }
}
