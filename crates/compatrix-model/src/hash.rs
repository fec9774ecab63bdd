//! Hashes, which prove that a source, a library or an executable is still the same.
//!
//! Nothing is hashed here: the engine reads the bytes.

use std::fmt;
use std::str::FromStr;

use base16ct::lower;
use serde::{Deserialize, Serialize};

/// Displays as 64 lower-case hex digits, and is parsed from nothing else. A precision cuts it: `{hash:.12}`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256([u8; 32]);

/// A text that is no hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotSha256(String);

impl From<[u8; 32]> for Sha256 {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl FromStr for Sha256 {
    type Err = NotSha256;

    fn from_str(text: &str) -> Result<Self, NotSha256> {
        let mut bytes = [0; 32];
        match lower::decode(text, &mut bytes) {
            Ok(decoded) if decoded.len() == 32 => Ok(Self(bytes)),
            _ => Err(NotSha256(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Sha256 {
    type Error = NotSha256;

    fn try_from(text: String) -> Result<Self, NotSha256> {
        text.parse()
    }
}

impl From<Sha256> for String {
    fn from(hash: Sha256) -> String {
        hash.to_string()
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(lower::encode_str(&self.0, &mut [0; 64]).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for NotSha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a SHA-256 has 64 lower-case hex digits, unlike {:?}", self.0)
    }
}

impl std::error::Error for NotSha256 {}

/// For serde: a value that may be unknown, which the stored form spells as an empty text.
pub mod or_empty {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize, Deserializer, Serializer};

    /// The stored form, outside of serde.
    pub fn text<T: Display>(value: &Option<T>) -> String {
        value.as_ref().map(T::to_string).unwrap_or_default()
    }

    /// The value that [`text`] spelled.
    ///
    /// # Errors
    /// The text is neither empty nor a value.
    pub fn parse<T: FromStr>(text: &str) -> Result<Option<T>, T::Err> {
        Some(text).filter(|text| !text.is_empty()).map(str::parse).transpose()
    }

    /// For `#[serde(with = "or_empty")]`.
    ///
    /// # Errors
    /// Those of `to`.
    pub fn serialize<T: Display, S: Serializer>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&text(value))
    }

    /// For `#[serde(with = "or_empty")]`.
    ///
    /// # Errors
    /// There is no text, or it is neither empty nor a value.
    pub fn deserialize<'de, T, D>(from: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        parse(&String::deserialize(from)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_64_lower_case_hex_digits_are_a_hash() {
        let text = "0123456789abcdef".repeat(4);
        let hash: Sha256 = text.parse().unwrap();
        assert_eq!((hash.to_string(), format!("{hash:.6}")), (text.clone(), "012345".to_owned()));
        assert_eq!(serde_json::from_str::<Sha256>(&serde_json::to_string(&hash).unwrap()).unwrap(), hash);
        let (upper, longer) = (text.to_uppercase(), format!("{text}0"));
        let wide = "é".repeat(32);
        for text in ["", "0", &text[1..], &upper, &longer, &text.replace('f', "g"), &wide] {
            assert!(text.parse::<Sha256>().is_err(), "{text}");
            assert!(serde_json::from_str::<Sha256>(&format!("{text:?}")).is_err(), "{text}");
        }
    }
}
