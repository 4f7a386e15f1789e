//! Patterns with `*` and `?`, as policies and CORS rules have them.

/// Whether the whole text fits the pattern: `*` stands for any number of characters, `?` for one.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last star was, and how far it reaches; longer only when nothing else fits, so this is quick.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, reach)) => {
                    star = Some((at, reach + 1));
                    p = at + 1;
                    t = reach + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars() {
        for (pattern, text) in
            [("*", ""), ("a*c", "abbc"), ("a*b*c", "a__b__b_c"), ("a?c", "abc"), ("", ""), ("*.x", "a.x")]
        {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("a", ""), ("a?c", "ac"), ("a*c", "ab"), ("", "a"), ("*.x", "a.xy")] {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_slow_or_wrong_about_itself(text in "[ab*?]{0,60}") {
            proptest::prop_assert!(fits(&text, &text.replace('*', "xyz").replace('?', "q")));
        }
    }
}
