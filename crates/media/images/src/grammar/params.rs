//! The parameters of one command, read by name; what nobody asked for is an error.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Grammar, GrammarError, Problem};
use crate::pipeline::{Color, Gravity};

/// URL-safe Base64 with or without padding, as clients send both.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Encodes a text as URLs carry it.
pub(crate) fn encode_text(text: &str) -> String {
    BASE64.encode(text)
}

/// Decodes URL-safe Base64 of UTF-8; the ordinary alphabet is understood as well.
pub(crate) fn decode_text(text: &str) -> Option<String> {
    let url_safe: String = text
        .chars()
        .map(|c| match c {
            '+' => '-',
            '/' => '_',
            c => c,
        })
        .collect();
    String::from_utf8(BASE64.decode(url_safe).ok()?).ok()
}

/// Name, value, and whether somebody asked for it.
type Entry = (String, String, bool);

/// The parameters of one command.
pub(crate) struct Params {
    grammar: Grammar,
    command: String,
    entries: Vec<Entry>,
}

impl Params {
    /// Of name and value pairs; a name that comes twice is an error.
    pub(crate) fn new(
        grammar: Grammar,
        command: &str,
        pairs: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, GrammarError> {
        let mut entries: Vec<Entry> = Vec::new();
        for (name, value) in pairs {
            if entries.iter().any(|(known, _, _)| *known == name) {
                return Err(GrammarError::new(grammar, command, &name, Problem::Repeated));
            }
            entries.push((name, value, false));
        }
        Ok(Self { grammar, command: command.to_owned(), entries })
    }

    /// An error about one parameter.
    pub(crate) fn error(&self, name: &str, problem: Problem) -> GrammarError {
        GrammarError::new(self.grammar, &self.command, name, problem)
    }

    /// Takes a value as it stands.
    pub(crate) fn raw(&mut self, name: &str) -> Option<String> {
        let entry = self.entries.iter_mut().find(|(known, _, _)| known == name)?;
        entry.2 = true;
        Some(entry.1.clone())
    }

    /// Takes a whole number.
    pub(crate) fn int<T: TryFrom<i64>>(&mut self, name: &str, min: i64, max: i64) -> Result<Option<T>, GrammarError> {
        let Some(text) = self.raw(name) else { return Ok(None) };
        let number: i64 = text.trim().parse().map_err(|_| self.error(name, Problem::NoNumber(short(&text))))?;
        let fits = (min..=max).contains(&number).then(|| T::try_from(number).ok()).flatten();
        let wrong = || Problem::OutOfRange { given: number.to_string(), min: min.to_string(), max: max.to_string() };
        fits.map(Some).ok_or_else(|| self.error(name, wrong()))
    }

    /// Takes a whole number that must be there.
    pub(crate) fn need<T: TryFrom<i64>>(&mut self, name: &str, min: i64, max: i64) -> Result<T, GrammarError> {
        self.int(name, min, max)?.ok_or_else(|| self.error(name, Problem::Missing))
    }

    /// Takes a number.
    pub(crate) fn float(&mut self, name: &str, min: f32, max: f32) -> Result<Option<f32>, GrammarError> {
        let Some(text) = self.raw(name) else { return Ok(None) };
        let number: f32 = text.trim().parse().map_err(|_| self.error(name, Problem::NoNumber(short(&text))))?;
        if (min..=max).contains(&number) {
            return Ok(Some(number));
        }
        let wrong = Problem::OutOfRange { given: short(&text), min: min.to_string(), max: max.to_string() };
        Err(self.error(name, wrong))
    }

    /// Takes one of some words, without regard to case.
    pub(crate) fn choice<T: Copy>(&mut self, name: &str, words: &[(&str, T)]) -> Result<Option<T>, GrammarError> {
        let Some(text) = self.raw(name) else { return Ok(None) };
        let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text.trim()));
        found.map(|(_, value)| Some(*value)).ok_or_else(|| {
            let allowed = words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
            self.error(name, Problem::NotOneOf { given: short(&text), allowed })
        })
    }

    /// Takes 0 or 1.
    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>, GrammarError> {
        self.choice(name, &[("0", false), ("1", true), ("false", false), ("true", true)])
    }

    /// Takes one of the nine places, or `Focus` with the point in `fx` and `fy`.
    pub(crate) fn gravity(&mut self, name: &str) -> Result<Option<Gravity>, GrammarError> {
        if self.raw(name).is_some_and(|word| word.eq_ignore_ascii_case("focus")) {
            let mut part = |name| self.float(name, 0.0, 1.0)?.ok_or_else(|| self.error(name, Problem::Missing));
            return Ok(Some(Gravity::focus(part("fx")?, part("fy")?)));
        }
        let words = Gravity::ALL.map(|gravity| (gravity.as_str(), gravity));
        self.choice(name, &words)
    }

    /// Takes a colour.
    pub(crate) fn color(&mut self, name: &str) -> Result<Option<Color>, GrammarError> {
        let Some(text) = self.raw(name) else { return Ok(None) };
        self.read_color(name, &text).map(Some)
    }

    /// Reads a colour that was in a parameter.
    pub(crate) fn read_color(&self, name: &str, text: &str) -> Result<Color, GrammarError> {
        let allowed = || "rrggbb, rgb, rrggbbaa, transparent, or a name like red".to_owned();
        Color::parse(text).ok_or_else(|| self.error(name, Problem::NotOneOf { given: short(text), allowed: allowed() }))
    }

    /// Takes a text in URL-safe Base64.
    pub(crate) fn text(&mut self, name: &str, max_bytes: usize) -> Result<Option<String>, GrammarError> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        let text = decode_text(&raw).ok_or_else(|| self.error(name, Problem::NoBase64))?;
        if text.is_empty() || text.len() > max_bytes {
            return Err(self.error(name, Problem::Length { given: text.len(), max: max_bytes }));
        }
        Ok(Some(text))
    }

    /// Ends reading: what nobody asked for is an error.
    pub(crate) fn finish(self) -> Result<(), GrammarError> {
        match self.entries.iter().find(|(_, _, asked)| !asked) {
            Some((name, _, _)) => Err(self.error(name, Problem::UnknownParameter)),
            None => Ok(()),
        }
    }
}

fn short(text: &str) -> String {
    text.chars().take(64).collect()
}
