//! The value of a number as written.
//!
//! - `3`, `10_000`: whole.
//! - `0.5`, `1.0`, `1e3`: a point or an exponent makes a number with a fraction.
//! - `K`, `M`, `G` stand for 10^3, 10^6, 10^9, and so do `MB`, `GB` for bytes. The
//!   result is whole when its value is: `5.4M` is 5 400 000.
//! - `%` is a hundredth, `ms` and `us` are parts of a second: never whole.
//!
//! All is computed in decimal, so `5.4M` and `20%` are what they look like.

/// A number's value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    Int(i64),
    Float(f64),
}

/// What is wrong with a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::syntax) enum Fault {
    /// It does not fit.
    TooLarge,
    /// No digit follows its point.
    LonePoint,
    /// A `_` that does not stand between two digits.
    Underscore,
    /// Letters behind it that are no unit.
    Unit(String),
}

/// The units: how written, the power of ten, whether the result may be whole.
const UNITS: &[(&str, i64, bool)] = &[
    ("", 0, true),
    ("K", 3, true),
    ("M", 6, true),
    ("G", 9, true),
    ("MB", 6, true),
    ("GB", 9, true),
    ("%", -2, false),
    ("ms", -3, false),
    ("us", -6, false),
];

/// The same for a message.
pub(in crate::syntax) const UNITS_IN_WORDS: &str =
    "the units are K, M and G, MB and GB for bytes, ms and us for times, and %";

/// The value of a number, `text` being what the rule `number` matched.
pub(super) fn value(text: &str) -> Result<Value, Fault> {
    let mut rest = text;
    let whole = digits(&mut rest)?;
    let fraction = match rest.strip_prefix('.') {
        Some("") => return Err(Fault::LonePoint),
        Some(after) => {
            rest = after;
            Some(digits(&mut rest)?)
        }
        None => None,
    };
    let exponent = exponent(&mut rest)?;
    let &(_, power, may_be_whole) = UNITS
        .iter()
        .find(|(unit, ..)| *unit == rest)
        .ok_or_else(|| Fault::Unit(rest.to_owned()))?;

    let decimals = fraction.as_ref().map_or(0, String::len) as i64;
    let all_digits = whole + fraction.as_deref().unwrap_or_default();
    let looks_whole = exponent.is_none() && (fraction.is_none() || !rest.is_empty());
    if may_be_whole && looks_whole {
        let significant = all_digits.trim_end_matches('0');
        let zeros = (all_digits.len() - significant.len()) as i64 + power - decimals;
        if let Ok(zeros) = u32::try_from(zeros) {
            return int(significant, zeros)
                .ok_or(Fault::TooLarge)
                .map(Value::Int);
        }
    }
    let shift = exponent
        .unwrap_or(0)
        .saturating_add(power)
        .saturating_sub(decimals);
    match format!("{all_digits}e{shift}").parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Value::Float(value)),
        _ => Err(Fault::TooLarge),
    }
}

fn int(significant: &str, zeros: u32) -> Option<i64> {
    let mut value = 0_i64;
    for digit in significant.bytes() {
        value = value
            .checked_mul(10)?
            .checked_add(i64::from(digit - b'0'))?;
    }
    if value == 0 {
        return Some(0);
    }
    value.checked_mul(10_i64.checked_pow(zeros)?)
}

/// Takes digits off the front, without their `_`.
fn digits(rest: &mut &str) -> Result<String, Fault> {
    let len = rest
        .find(|c: char| !c.is_ascii_digit() && c != '_')
        .unwrap_or(rest.len());
    let (digits, after) = rest.split_at(len);
    *rest = after;
    if digits.starts_with('_') || digits.ends_with('_') || digits.contains("__") {
        return Err(Fault::Underscore);
    }
    Ok(digits.replace('_', ""))
}

/// Takes an exponent off the front. `e` without a digit is no exponent.
fn exponent(rest: &mut &str) -> Result<Option<i64>, Fault> {
    let Some(after) = rest.strip_prefix(['e', 'E']) else {
        return Ok(None);
    };
    let negative = after.starts_with('-');
    let mut after = after.strip_prefix(['-', '+']).unwrap_or(after);
    if !after.starts_with(|c: char| c.is_ascii_digit()) {
        return Ok(None);
    }
    let digits = digits(&mut after)?;
    *rest = after;
    // An exponent that does not fit is far beyond what a float holds.
    let value = digits.parse().unwrap_or(i64::MAX / 4);
    Ok(Some(if negative { -value } else { value }))
}

#[cfg(test)]
mod tests {
    use super::Fault::{TooLarge, Underscore, Unit};
    use super::Value::{Float, Int};
    use super::value;

    #[test]
    fn whole_numbers_stay_whole() {
        for (text, expected) in [
            ("0", 0),
            ("007", 7),
            ("10_000", 10_000),
            ("5M", 5_000_000),
            ("5.4M", 5_400_000),
            ("0.0M", 0),
            ("1.5K", 1500),
            ("2GB", 2_000_000_000),
            ("16MB", 16_000_000),
            ("9223372036854775807", i64::MAX),
        ] {
            assert_eq!(value(text), Ok(Int(expected)), "{text}");
        }
    }

    #[test]
    fn other_numbers_are_the_nearest_float() {
        for (text, expected) in [
            ("0.5", 0.5),
            ("1.0", 1.0),
            ("1e3", 1e3),
            ("1E-5", 1e-5),
            ("2.5e+2", 250.0),
            ("20%", 0.2),
            ("100%", 1.0),
            ("3ms", 0.003),
            ("250us", 250e-6),
            ("0.0001K", 0.1),
            ("1e2K", 1e5),
            ("1e-999", 0.0),
            ("1e-99999999999999999999", 0.0),
        ] {
            assert_eq!(value(text), Ok(Float(expected)), "{text}");
        }
    }

    #[test]
    fn faults_are_named() {
        assert_eq!(value("9223372036854775808"), Err(TooLarge));
        assert_eq!(value("9223372037G"), Err(TooLarge));
        assert_eq!(value("1e999"), Err(TooLarge));
        assert_eq!(value("1e99999999999999999999"), Err(TooLarge));
        assert_eq!(value("1_"), Err(Underscore));
        assert_eq!(value("1__0"), Err(Underscore));
        assert_eq!(value("3kb"), Err(Unit("kb".to_owned())));
        assert_eq!(value("0x10"), Err(Unit("x10".to_owned())));
        assert_eq!(value("1e"), Err(Unit("e".to_owned())));
    }
}
