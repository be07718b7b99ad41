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
}
