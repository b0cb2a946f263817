//! Numbers and lengths of time as people read them.

use std::time::Duration;

/// `1234567` → `1,234,567`
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 event`, `3 events`
pub fn plural(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{} {noun}s", count(number)) }
}

/// How long something took: `850 µs`, `12.3 ms`, `12.3 s`, `4 min 5 s`.
pub fn elapsed(time: Duration) -> String {
    let micros = time.as_micros();
    match micros {
        0..1000 => format!("{micros} µs"),
        1000..1_000_000 => format!("{:.1} ms", time.as_secs_f64() * 1e3),
        1_000_000..60_000_000 => format!("{:.1} s", time.as_secs_f64()),
        _ => span_seconds(time.as_secs()),
    }
}

/// The time between two events, in microseconds: `0.25 s`, `5 min 29 s`, `3 d 4 h`.
pub fn span(micros: i64) -> String {
    let micros = micros.unsigned_abs();
    if micros < 10_000_000 {
        let seconds = format!("{:.2}", micros as f64 / 1e6);
        return format!("{} s", seconds.trim_end_matches('0').trim_end_matches('.'));
    }
    span_seconds(micros / 1_000_000)
}

fn span_seconds(seconds: u64) -> String {
    let two = |big: u64, big_unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{big} {big_unit}"),
        _ => format!("{big} {big_unit} {small} {small_unit}"),
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => two(seconds / 60, "min", seconds % 60, "s"),
        3600..86_400 => two(seconds / 3600, "h", seconds % 3600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3600, "h"),
    }
}

/// Events per second; nothing when the time is too short to say.
pub fn rate(events: u64, time: Duration) -> Option<String> {
    let seconds = time.as_secs_f64();
    if seconds < 1e-3 || events == 0 {
        return None;
    }
    let rate = events as f64 / seconds;
    // Three leading digits are all that a single run can tell.
    let scale = 10f64.powf((rate.log10().floor() - 2.0).max(0.0));
    Some(format!("{} events/s", count(((rate / scale).round() * scale) as u64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_separators() {
        let shown = [0, 12, 123, 1234, 123_456, 1_234_567].map(count);
        assert_eq!(shown, ["0", "12", "123", "1,234", "123,456", "1,234,567"]);
        assert_eq!(plural(1, "event"), "1 event");
        assert_eq!(plural(1200, "event"), "1,200 events");
    }

    #[test]
    fn lengths_of_time() {
        assert_eq!(elapsed(Duration::from_micros(850)), "850 µs");
        assert_eq!(elapsed(Duration::from_micros(12_340)), "12.3 ms");
        assert_eq!(elapsed(Duration::from_millis(12_345)), "12.3 s");
        assert_eq!(elapsed(Duration::from_secs(245)), "4 min 5 s");
        assert_eq!(span(250_000), "0.25 s");
        assert_eq!(span(0), "0 s");
        assert_eq!(span(329_000_000), "5 min 29 s");
        assert_eq!(span(-7_200_000_000), "2 h");
        assert_eq!(span(273_600_000_000), "3 d 4 h");
    }

    #[test]
    fn rates_keep_three_digits() {
        assert_eq!(rate(1_234_567, Duration::from_secs(1)).as_deref(), Some("1,230,000 events/s"));
        assert_eq!(rate(42, Duration::from_secs(1)).as_deref(), Some("42 events/s"));
        assert_eq!(rate(5, Duration::ZERO), None);
    }
}
