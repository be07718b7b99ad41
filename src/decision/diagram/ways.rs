//! Sets of a size between bounds: how many there are, and their numbers.
//!
//! Sets are numbered as [`crate::decision::Choice::all`] lists them: as binary numbers whose bits
//! are the elements, the first the least.

use num_bigint::BigUint;

use crate::decision::point::binomial;

/// How many sets of `min..=max` of `n` elements there are.
pub(in crate::decision) fn ways(n: u32, min: u32, max: u32) -> BigUint {
    let max = max.min(n);
    if min > max {
        return BigUint::ZERO;
    }
    let all = || BigUint::from(1u8) << n;
    match (min, max == n) {
        (0, true) => return all(),
        (1, true) => return all() - 1u8,
        _ => {}
    }
    // One binomial from the one before.
    let mut next = binomial(n, min);
    let mut sum = BigUint::ZERO;
    for k in min..=max {
        sum += &next;
        next = next * (n - k) / (k + 1);
    }
    sum
}

/// The number of a set, given as ascending places below `n`; `None` if it has
/// another size.
pub(super) fn rank(n: u32, min: u32, max: u32, set: &[u32]) -> Option<BigUint> {
    let size = set.len() as u32;
    if size < min || size > max || set.last().is_some_and(|&last| last >= n) {
        return None;
    }
    let (mut rank, mut bits) = (BigUint::ZERO, BigUint::ZERO);
    let (mut min, mut max) = (min, max);
    for &place in set.iter().rev() {
        if min == 0 && max >= place {
            // All sets of the elements before.
            bits.set_bit(u64::from(place), true);
        } else {
            rank += ways(place, min, max);
        }
        min = min.saturating_sub(1);
        max = max.saturating_sub(1);
    }
    Some(rank + bits)
}

/// The set of a number, as ascending places.
pub(super) fn unrank(n: u32, min: u32, max: u32, rank: &BigUint) -> Vec<u32> {
    let mut rank = rank.clone();
    let mut set = Vec::new();
    let (mut min, mut max) = (min, max);
    for place in (0..n).rev() {
        if min == 0 && max > place {
            // What is left of the number is what is left of the set.
            set.extend((0..=place).rev().filter(|&bit| rank.bit(u64::from(bit))));
            break;
        }
        let without = ways(place, min, max);
        if rank >= without {
            rank -= without;
            set.push(place);
            min = min.saturating_sub(1);
            max = max.saturating_sub(1);
        }
    }
    set.reverse();
    set
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{Choice, Domain};

    #[test]
    fn sets_are_numbered_as_they_are_listed() {
        for n in 0..7 {
            for min in 0..=n {
                for max in min..=n {
                    let domain = Domain::Subset { n, min, max };
                    let all: Vec<Choice> = Choice::all(domain).collect();
                    assert_eq!(ways(n, min, max), all.len().into());
                    for (number, choice) in all.into_iter().enumerate() {
                        let Choice::Set(set) = choice else { panic!() };
                        let number = BigUint::from(number);
                        assert_eq!(rank(n, min, max, &set), Some(number.clone()), "{domain:?}");
                        assert_eq!(unrank(n, min, max, &number), set, "{domain:?}");
                    }
                }
            }
        }
        assert_eq!(rank(3, 1, 2, &[]), None);
        assert_eq!(rank(3, 0, 2, &[3]), None);
        assert_eq!(ways(3, 3, 2), BigUint::ZERO);
    }
}
