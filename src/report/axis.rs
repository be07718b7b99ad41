//! Axes: from numbers to pixels, with round numbers on them.

/// From this ratio on an axis is logarithmic.
const LOGARITHMIC: f64 = 15.0;

/// From numbers to pixels.
pub(super) struct Axis {
    /// Of the numbers, or their logarithms.
    from: f64,
    to: f64,
    pixels: (f64, f64),
    /// Whether it is one of logarithms.
    pub logarithmic: bool,
}

impl Axis {
    /// An axis that is logarithmic where numbers are of different sizes.
    pub(super) fn of(values: impl Iterator<Item = f64> + Clone, pixels: (f64, f64)) -> Self {
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.clone().fold(f64::NEG_INFINITY, f64::max);
        if low > 0.0 && high / low > LOGARITHMIC {
            return Self {
                from: low.log10(),
                to: high.log10(),
                pixels,
                logarithmic: true,
            };
        }
        let mut axis = Self::linear(values, pixels);
        // No value lies on the border.
        let room = (axis.to - axis.from) * 0.04;
        (axis.from, axis.to) = (axis.from - room, axis.to + room);
        axis
    }

    pub(super) fn linear(values: impl Iterator<Item = f64> + Clone, pixels: (f64, f64)) -> Self {
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.fold(f64::NEG_INFINITY, f64::max);
        // A number alone stands in the middle.
        let spread = if high > low {
            0.0
        } else {
            low.abs().max(1e-3) * 0.1
        };
        Self {
            from: low - spread,
            to: high + spread,
            pixels,
            logarithmic: false,
        }
    }

    pub(super) fn place(&self, value: f64) -> f64 {
        let value = if self.logarithmic {
            value.log10()
        } else {
            value
        };
        let share = (value - self.from) / (self.to - self.from);
        self.pixels.0 + share * (self.pixels.1 - self.pixels.0)
    }

    /// Round numbers on it, about five.
    pub(super) fn ticks(&self) -> Vec<f64> {
        if self.logarithmic {
            let (first, last) = (self.from.floor() as i32, self.to.ceil() as i32);
            let every = ((last - first) / 6 + 1) as usize;
            // Between few powers of ten there is room for two more.
            let factors: &[f64] = if last - first < 4 {
                &[1.0, 2.0, 5.0]
            } else {
                &[1.0]
            };
            let powers = (first..=last).step_by(every).map(|power| 10f64.powi(power));
            let ticks = powers.flat_map(|power| factors.iter().map(move |factor| factor * power));
            let within = |tick: &f64| (self.from..=self.to).contains(&tick.log10());
            return ticks.filter(within).collect();
        }
        let rough = (self.to - self.from) / 6.0;
        let power = 10f64.powf(rough.log10().floor());
        let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
        let step = steps
            .into_iter()
            .find(|step| *step >= rough)
            .unwrap_or(rough);
        let (first, last) = (
            (self.from / step).ceil() as i64,
            (self.to / step).floor() as i64,
        );
        (first..=last).map(|n| n as f64 * step).collect()
    }
}

/// To a tenth.
pub(super) fn pixels(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::figure;

    #[test]
    fn ticks_are_round_and_within_the_axis() {
        let ticks = |low: f64, high: f64| {
            let axis = Axis::of([low, high].into_iter(), (0.0, 100.0));
            axis.ticks()
                .into_iter()
                .map(figure)
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(ticks(0.0, 1.0), "0 0.2 0.4 0.6 0.8 1");
        assert_eq!(ticks(1.9, 2.6), "2 2.2 2.4 2.6");
        assert_eq!(ticks(1.0, 4964.0), "1 10 100 1000");
        assert_eq!(ticks(79.0, 2100.0), "100 200 500 1000 2000");
        assert_eq!(ticks(-3.0, 17.0), "0 5 10 15");
        assert_eq!(ticks(5.0, 5.0), "4.6 4.8 5 5.2 5.4");
    }
}
