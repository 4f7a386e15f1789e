//! How often a change of rows is done again while others change the same rows.

use crate::LakeError;

/// So often in all.
const MOST: usize = 4;

/// Counts the tries of one change. Each looks anew at what is there.
#[derive(Debug, Default)]
pub struct Tries(usize);

impl Tries {
    /// Whether to try again after this: another statement was faster, and not too often yet.
    pub fn again(&mut self, error: &LakeError) -> bool {
        self.0 += 1;
        matches!(error, LakeError::Conflict { .. }) && self.0 < MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_was_too_slow_comes_again_and_not_for_ever() {
        let (mut tries, beaten) = (Tries::default(), LakeError::Conflict { table: "t".to_owned() });
        let again = std::iter::repeat_with(|| tries.again(&beaten)).take_while(|again| *again).count();
        assert_eq!(again, MOST - 1);
        assert!(!Tries::default().again(&LakeError::Cancelled));
    }
}
