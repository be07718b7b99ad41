//! How numbers look to people.

use num_bigint::BigUint;

/// `697 860`
pub(crate) fn grouped(number: impl ToString) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// `15 625`, or `1.6062e29` where nobody reads the digits.
pub(crate) fn approximate(count: &BigUint) -> String {
    let digits = count.to_string();
    if digits.len() < 10 {
        return grouped(digits);
    }
    let (mantissa, exponent) = scientific(&digits);
    match format!("{mantissa:.4}") {
        text if text.starts_with("10") => format!("1.0000e{}", exponent + 1),
        text => format!("{text}e{exponent}"),
    }
}

/// A mantissa in 1..10 and its power of ten.
pub(crate) fn scientific(digits: &str) -> (f64, usize) {
    let (first, rest) = digits.split_at(1);
    // A double has 17 digits at most.
    let rest = rest.get(..16).unwrap_or(rest);
    let mantissa = format!("{first}.{rest}").parse().unwrap_or_default();
    (mantissa, digits.len() - 1)
}

/// Less is the rounding of numbers whose sum is 0.
const NOISE: f64 = 1e-12;

/// A measured number without what is noise.
pub(crate) fn denoised(value: f64) -> f64 {
    if value.abs() < NOISE { 0.0 } else { value }
}

/// A measured number with four digits: `0.4219`, `12 340`, `3.5e-5`.
pub(crate) fn figure(value: f64) -> String {
    let value = denoised(value);
    let size = value.abs();
    if !value.is_finite() {
        return "-".to_owned();
    }
    if size >= 9999.5 {
        let sign = if value < 0.0 { "-" } else { "" };
        return format!("{sign}{}", grouped(size.round()));
    }
    if size != 0.0 && size < 1e-3 {
        let text = format!("{value:.2e}");
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
        return format!("{mantissa}e{exponent}");
    }
    let places = match size {
        0.0..1.0 => 4,
        1.0..10.0 => 3,
        10.0..100.0 => 2,
        100.0..1000.0 => 1,
        _ => 0,
    };
    let text = format!("{value:.places$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1 000"),
            (697_860, "697 860"),
        ] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn large_counts_are_shortened() {
        for (count, text) in [
            ("15625", "15 625"),
            ("999999999", "999 999 999"),
            ("1000000000", "1.0000e9"),
            ("160618186625454535808756219904", "1.6062e29"),
            ("9999999999999999999999", "1.0000e22"),
        ] {
            assert_eq!(approximate(&count.parse().unwrap()), text);
        }
    }

    #[test]
    fn figures_have_four_digits() {
        for (value, text) in [
            (0.0, "0"),
            (0.421_875, "0.4219"),
            (0.05, "0.05"),
            (-1.2345, "-1.234"),
            (11.46, "11.46"),
            (133.048_728, "133"),
            (2000.002, "2000"),
            (-12_340.4, "-12 340"),
            (0.000_035, "3.5e-5"),
            (-2.47e-18, "0"),
            (f64::NAN, "-"),
        ] {
            assert_eq!(figure(value), text);
        }
    }
}
