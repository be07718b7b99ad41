//! The strategy against chance.

use maud::{Markup, html};
use serde_json::Value;

use super::axis::{Axis, pixels};
use super::{Facts, table};
use crate::numbers::figure;

/// Pixels.
const WIDTH: f64 = 560.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 540.0;
const ROW: f64 = 46.0;

pub(super) fn comparison(facts: &Facts, comparison: &Value) -> Markup {
    let number = |path: &str| {
        comparison
            .pointer(path)
            .and_then(Value::as_f64)
            .unwrap_or(f64::NAN)
    };
    let measure = facts.measure();
    let sides = ["strategy", "uniform"].map(|side| {
        let of = |what: &str| number(&format!("/{side}/{what}"));
        (
            if side == "uniform" { "chance" } else { side },
            of("mean"),
            of("best"),
        )
    });
    let better = number("/better_by");
    let samples = comparison
        .get("samples")
        .and_then(Value::as_u64)
        .unwrap_or(0);
    let interval = comparison
        .get("interval")
        .filter(|interval| interval.is_array());
    let interval = interval.map(|_| [number("/interval/0"), number("/interval/1")]);
    let words = match interval {
        Some([low, high]) if low > 0.0 => format!(
            "The mean of the strategy's architectures is better by {} (95 % interval {} to {}).",
            figure(better),
            figure(low),
            figure(high)
        ),
        Some([low, high]) if high < 0.0 => format!(
            "The mean of the strategy's architectures is worse than that of chance by {} (95 % interval {} to {}).",
            figure(-better),
            figure(-high),
            figure(-low)
        ),
        Some([low, high]) => format!(
            "The strategy is not told apart from chance: its mean is better by {} (95 % interval {} to {}).",
            figure(better),
            figure(low),
            figure(high)
        ),
        None => format!(
            "The mean of the strategy's architectures is better by {}.",
            figure(better)
        ),
    };
    let values = sides.iter().flat_map(|(_, mean, best)| [*mean, *best]);
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
        (low.min(value), high.max(value))
    });
    let room = (high - low) * 0.08;
    let axis = Axis::of([low - room, high + room].into_iter(), (LEFT, RIGHT));
    let base = 2.0 * ROW + 6.0;
    let rows: Vec<Vec<String>> = sides
        .iter()
        .map(|(side, mean, best)| vec![(*side).to_owned(), figure(*mean), figure(*best)])
        .collect();
    html! {
        p { (words) }
        p class="note" {
            (samples) " architectures of each, judged with the same shared weights on the same validation examples. "
            "The interval is over the architectures that might have been drawn; it says nothing of other weights or examples."
        }
        figure class="chart" {
            figcaption { "Strategy and chance" }
            svg viewBox=(format!("0 0 {WIDTH} {}", base + 34.0)) role="img" aria-label=(words) {
                @for tick in axis.ticks() {
                    @let x = pixels(axis.place(tick));
                    line class="grid" x1=(x) x2=(x) y1="0" y2=(base) {}
                    text class="tick middle" x=(x) y=(base + 15.0) { (figure(tick)) }
                }
                line class="axis" x1=(LEFT) x2=(RIGHT) y1=(base) y2=(base) {}
                text class="label middle" x=(f64::midpoint(LEFT, RIGHT)) y=(base + 30.0) { (measure) }
                @for (place, (side, mean, best)) in sides.iter().enumerate() {
                    @let y = ROW * (place as f64 + 0.5) + 4.0;
                    text class="label end" x=(LEFT - 8.0) y=(y + 4.0) { (side) }
                    line class=(format!("line c{place}")) x1=(pixels(axis.place(*mean))) x2=(pixels(axis.place(*best))) y1=(y) y2=(y) {}
                    circle class=(format!("dot c{place}")) r="5" cx=(pixels(axis.place(*mean))) cy=(y) {}
                    circle class=(format!("ring c{place}")) r="5" cx=(pixels(axis.place(*best))) cy=(y) {}
                    text class="tick middle" x=(pixels(axis.place(*mean))) y=(y - 9.0) { "mean " (figure(*mean)) }
                    text class="tick middle" x=(pixels(axis.place(*best))) y=(y + 18.0) { "best " (figure(*best)) }
                }
            }
        }
        (table(&["", "mean", "best"], &rows))
    }
}
