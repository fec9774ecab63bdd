//! Bytes of a file as text, in whichever encoding people saved it.

/// The text of a file: UTF-8, UTF-16 with or without its mark, otherwise Latin-1.
///
/// # Errors
/// The bytes are no text; the message says why.
pub fn decode(bytes: &[u8]) -> Result<String, String> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return Ok(wide(rest, u16::from_le_bytes));
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return Ok(wide(rest, u16::from_be_bytes));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.contains(&0) {
        // In UTF-16 without a mark, every second byte of Latin text is zero.
        let zeros =
            |first: usize| bytes.iter().skip(first).step_by(2).filter(|byte| **byte == 0).count() * 5 > bytes.len() * 2;
        return match (zeros(0), zeros(1)) {
            (false, true) => Ok(wide(bytes, u16::from_le_bytes)),
            (true, false) => Ok(wide(bytes, u16::from_be_bytes)),
            _ => Err("it has bytes of zero, so it is no text; save it as UTF-8".to_owned()),
        };
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(_) => Ok(bytes.iter().map(|byte| char::from(*byte)).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_every_encoding() {
        let text = "# é\nMSRV: 1.65\n";
        let units: Vec<u16> = text.encode_utf16().collect();
        let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            [b"\xff\xfe".to_vec(), little.clone()].concat(),
            [b"\xfe\xff".to_vec(), big.clone()].concat(),
            little,
            big,
            latin,
        ] {
            assert_eq!(decode(&bytes).as_deref(), Ok(text), "{bytes:?}");
        }
        assert!(decode(b"\x7fELF\0\0\0\x01\x02\x03abcdef").unwrap_err().contains("no text"));
        assert_eq!(decode(b"").as_deref(), Ok(""));
        assert_eq!(decode(b"\xff\xfeA").as_deref(), Ok(""));
    }
}
