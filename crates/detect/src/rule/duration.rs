//! Lengths of time as rules write them: `90s`, `10m`, `1h`, `7d`, also `2 hours` as correlation rules have it.

/// µs of a length of time; none if it cannot be read or is not positive.
pub fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let amount: i64 = text.get(..digits)?.parse().ok()?;
    let unit = match text.get(digits..)?.trim().to_lowercase().as_str() {
        "ms" => 1_000,
        "s" | "sec" | "second" | "seconds" => 1_000_000,
        "m" | "min" | "minute" | "minutes" => 60_000_000,
        "h" | "hour" | "hours" => 3_600_000_000,
        "d" | "day" | "days" => 86_400_000_000,
        "w" | "week" | "weeks" => 604_800_000_000,
        _ => return None,
    };
    amount.checked_mul(unit).filter(|micros| *micros > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        assert_eq!(parse("10m"), Some(600_000_000));
        assert_eq!(parse("2 hours"), Some(7_200_000_000));
        for bad in ["", "0s", "h", "1 fortnight", "-1h", "9999999999999w"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
