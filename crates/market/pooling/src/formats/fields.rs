//! Lines of numbers, with the place of what is wrong.

use super::FormatError;

/// One line of a file.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) file: &'static str,
    pub(super) number: usize,
    pub(super) text: &'a str,
}

/// The lines that are not empty.
pub(super) fn lines<'a>(file: &'static str, text: &'a str) -> impl Iterator<Item = Line<'a>> {
    let all = text.lines().enumerate().map(move |(i, text)| Line { file, number: i + 1, text });
    all.filter(|line| !line.text.trim().is_empty())
}

impl Line<'_> {
    pub(super) fn wrong(&self, reason: impl Into<String>) -> FormatError {
        FormatError::Line { file: self.file, line: self.number, reason: reason.into() }
    }

    /// The first `N` fields as finite numbers; more may follow.
    pub(super) fn numbers<const N: usize>(&self, wanted: &str) -> Result<[f64; N], FormatError> {
        let mut fields = self.text.split_whitespace();
        let mut numbers = [0.0; N];
        for number in &mut numbers {
            let field = fields.next().ok_or_else(|| self.wrong(format!("too short; wanted: {wanted}")))?;
            *number = self.number(field)?;
        }
        Ok(numbers)
    }

    pub(super) fn number(&self, field: &str) -> Result<f64, FormatError> {
        match field.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(value),
            _ => Err(self.wrong(format!("`{field}` is no finite number"))),
        }
    }

    /// A whole number from 0 up, for a field that counts or points.
    pub(super) fn index(&self, field: &str, value: f64, below: usize) -> Result<usize, FormatError> {
        if value >= 0.0 && value.fract() == 0.0 && value < below as f64 {
            Ok(value as usize)
        } else {
            Err(self.wrong(format!("{field} is {value}; it must be a whole number from 0, below {below}")))
        }
    }

    /// A whole number of moderate size.
    pub(super) fn whole(&self, field: &str, value: f64) -> Result<i32, FormatError> {
        if value.fract() == 0.0 && value.abs() <= 1e9 {
            Ok(value as i32)
        } else {
            Err(self.wrong(format!("{field} is {value}; it must be a whole number of at most 1,000,000,000")))
        }
    }
}
