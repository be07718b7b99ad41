//! What samples say: intervals of differences, rank correlations.

/// The mean of the values; 0 of none.
#[must_use]
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The variance of a population that the values were drawn from; 0 of fewer than two.
#[must_use]
pub fn variance(values: &[f64]) -> f64 {
    let centre = mean(values);
    let squares: f64 = values.iter().map(|x| (x - centre).powi(2)).sum();
    squares / values.len().saturating_sub(1).max(1) as f64
}

/// A 95 % interval of `mean(a) - mean(b)` of the populations that two samples were
/// drawn from (Welch's, by Student's t). `None` with fewer than two values in either.
#[must_use]
pub fn interval_of_difference(a: &[f64], b: &[f64]) -> Option<[f64; 2]> {
    if a.len() < 2 || b.len() < 2 {
        return None;
    }
    let of = |values: &[f64]| variance(values) / values.len() as f64;
    let (u, v) = (of(a), of(b));
    let freedom = |of: f64, values: &[f64]| of.powi(2) / (values.len() - 1) as f64;
    let below = freedom(u, a) + freedom(v, b);
    let difference = mean(a) - mean(b);
    // Without any spread there is nothing to be uncertain of.
    let t = if below > 0.0 {
        student((u + v).powi(2) / below)
    } else {
        0.0
    };
    let half = t * (u + v).sqrt();
    Some([difference - half, difference + half])
}

/// The 97.5 % quantile of Student's t with `freedom` degrees of freedom, within 1 %
/// from 3 on (Fisher's expansion about the normal quantile; Abramowitz and Stegun
/// 26.7.5).
fn student(freedom: f64) -> f64 {
    let z = 1.959_963_985_f64;
    let n = freedom.max(1.0);
    let terms = [
        z,
        (z.powi(3) + z) / 4.0 / n,
        (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0 / n.powi(2),
        (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0 / n.powi(3),
    ];
    terms.iter().sum()
}

/// Kendall's tau-b: how much more often two pairs are in the same order than not.
/// `None` where one side has no two different values.
#[must_use]
pub fn kendall(pairs: &[(f64, f64)]) -> Option<f64> {
    let (mut sum, mut left, mut right) = (0.0, 0.0, 0.0);
    for (i, a) in pairs.iter().enumerate() {
        for b in pairs.iter().take(i) {
            let sign = |x: f64, y: f64| f64::from(i8::from(x > y) - i8::from(x < y));
            let (x, y) = (sign(a.0, b.0), sign(a.1, b.1));
            sum += x * y;
            left += x.abs();
            right += y.abs();
        }
    }
    (left * right > 0.0).then(|| sum / f64::sqrt(left * right))
}

/// Spearman's rho: the correlation of ranks, equal values sharing the mean of theirs.
/// `None` where one side has no two different values.
#[must_use]
pub fn spearman(pairs: &[(f64, f64)]) -> Option<f64> {
    let left: Vec<f64> = pairs.iter().map(|pair| pair.0).collect();
    let right: Vec<f64> = pairs.iter().map(|pair| pair.1).collect();
    let (x, y) = (ranks(&left), ranks(&right));
    let (centre_x, centre_y) = (mean(&x), mean(&y));
    let together = x
        .iter()
        .zip(&y)
        .map(|(x, y)| (x - centre_x) * (y - centre_y));
    let covariance = together.sum::<f64>() / pairs.len().saturating_sub(1).max(1) as f64;
    let spread = f64::sqrt(variance(&x) * variance(&y));
    (spread > 0.0).then(|| covariance / spread)
}

fn ranks(values: &[f64]) -> Vec<f64> {
    let rank = |value: &f64| {
        let less = values.iter().filter(|other| *other < value).count();
        let no_more = values.iter().filter(|other| *other <= value).count();
        f64::midpoint(less as f64 + 1.0, no_more as f64)
    };
    values.iter().map(rank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(found: f64, expected: f64, within: f64) {
        assert!((found - expected).abs() < within, "{found}, not {expected}");
    }

    #[test]
    fn quantiles_of_students_t_are_those_of_tables() {
        for (freedom, expected) in [(3.0, 3.182), (9.0, 2.262), (30.0, 2.042), (1e9, 1.960)] {
            close(student(freedom), expected, 0.01 * expected);
        }
    }

    #[test]
    fn the_interval_is_that_of_welch() {
        // Means 3 and 2, variances 2.5 and 1: 1 ± t sqrt(0.5 + 0.2) with 6.7 degrees.
        let [low, high] =
            interval_of_difference(&[1.0, 2.0, 3.0, 4.0, 5.0], &[1.0, 1.0, 2.0, 3.0, 3.0]).unwrap();
        close(f64::midpoint(low, high), 1.0, 1e-12);
        close((high - low) / 2.0, 2.387 * 0.7f64.sqrt(), 0.01);
        assert_eq!(interval_of_difference(&[1.0], &[1.0, 2.0]), None);
        let [low, high] = interval_of_difference(&[2.0, 2.0], &[1.0, 1.0]).unwrap();
        close(low, 1.0, 1e-12);
        close(high, 1.0, 1e-12);
    }

    #[test]
    fn correlations_are_those_made_by_hand() {
        let of = |y: &[f64]| {
            (1..)
                .map(f64::from)
                .zip(y.iter().copied())
                .collect::<Vec<_>>()
        };
        let up = of(&[1.0, 2.0, 3.0, 4.0]);
        assert_eq!((kendall(&up), spearman(&up)), (Some(1.0), Some(1.0)));
        // One of six pairs is in the other order; ranks differ by 1 twice.
        let mixed = of(&[2.0, 1.0, 3.0, 4.0]);
        close(kendall(&mixed).unwrap(), 4.0 / 6.0, 1e-12);
        close(spearman(&mixed).unwrap(), 1.0 - 6.0 * 2.0 / 60.0, 1e-12);
        // Of three pairs one is equal on the right: 2 / sqrt(3 * 2); ranks 1.5, 1.5, 3.
        let tied = of(&[1.0, 1.0, 2.0]);
        close(kendall(&tied).unwrap(), 2.0 / 6.0f64.sqrt(), 1e-12);
        close(spearman(&tied).unwrap(), 0.75f64.sqrt(), 1e-12);
        let flat = of(&[1.0, 1.0]);
        assert_eq!((kendall(&flat), spearman(&flat)), (None, None));
    }
}
