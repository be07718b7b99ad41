//! Line charts as SVG: axes with units, lines that are named where they end, colours that
//! colour-blind readers tell apart.

use maud::{Markup, html};

use super::axis::{Axis, pixels};
use crate::numbers::{denoised, figure};
use crate::run::Point;

/// The drawing; the lines lie between the margins.
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 230.0;
const LEFT: f64 = 62.0;
const RIGHT: f64 = 156.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 36.0;
/// Between the names of two lines.
const APART: f64 = 14.0;
/// A line has no more points: of more steps it is the mean, with a band about it.
const POINTS: usize = 160;

/// What the horizontal axis counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// The steps of the run.
    Steps,
    /// Those that a figure has: one upon another, where other steps lie between.
    Updates,
}

/// A chart of figures.
pub(super) struct Chart {
    pub title: String,
    pub over: Over,
    /// What the vertical axis counts.
    pub unit: String,
    pub lines: Vec<Line>,
}

/// A figure.
pub(super) struct Line {
    pub name: String,
    pub points: Vec<Point>,
}

/// Some steps one after another.
struct Bin {
    step: f64,
    mean: f64,
    low: f64,
    high: f64,
}

impl Chart {
    /// The chart of those lines that have points; `None` where none has.
    pub(super) fn of(
        title: &str,
        unit: &str,
        over: Over,
        lines: &[(&str, &[Point])],
    ) -> Option<Self> {
        let place = |(index, point): (usize, &Point)| Point {
            step: match over {
                Over::Steps => point.step,
                Over::Updates => index as u64 + 1,
            },
            value: denoised(point.value),
            ..*point
        };
        let lines: Vec<Line> = lines
            .iter()
            .map(|(name, points)| Line {
                name: (*name).to_owned(),
                points: points
                    .iter()
                    .enumerate()
                    .map(place)
                    .filter(|point| point.value.is_finite())
                    .collect(),
            })
            .filter(|line| !line.points.is_empty())
            .collect();
        (!lines.is_empty()).then(|| Self {
            title: title.to_owned(),
            over,
            unit: unit.to_owned(),
            lines,
        })
    }

    /// The last place on the horizontal axis that has a point.
    pub(super) fn end(&self) -> u64 {
        let last = self.lines.iter().filter_map(|line| line.points.last());
        last.map(|point| point.step).max().unwrap_or(1)
    }

    /// Draws the chart up to a place on the horizontal axis, as long as that of others.
    pub(super) fn draw(&self, end: u64) -> Markup {
        let lines: Vec<Vec<Bin>> = self.lines.iter().map(|line| bins(&line.points)).collect();
        let all = || lines.iter().flatten();
        let steps = Axis::linear([1.0, end as f64].into_iter(), (LEFT, WIDTH - RIGHT));
        let values = all().flat_map(|bin| [bin.low, bin.high]);
        let values = Axis::of(values, (HEIGHT - BOTTOM, TOP));
        let names = self.names(&lines, &values);
        let over = match self.over {
            Over::Steps => "step",
            Over::Updates => "update of the strategy",
        };
        let scale = if values.logarithmic {
            ", logarithmic"
        } else {
            ""
        };
        html! {
            figure class="chart" {
                figcaption { (self.title) }
                svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(self.words()) {
                    @for tick in values.ticks() {
                        @let y = pixels(values.place(tick));
                        line class="grid" x1=(LEFT) x2=(WIDTH - RIGHT) y1=(y) y2=(y) {}
                        text class="tick end" x=(LEFT - 6.0) y=(pixels(values.place(tick) + 3.5)) { (figure(tick)) }
                    }
                    @for tick in steps.ticks() {
                        @let x = pixels(steps.place(tick));
                        line class="axis" x1=(x) x2=(x) y1=(HEIGHT - BOTTOM) y2=(HEIGHT - BOTTOM + 4.0) {}
                        text class="tick middle" x=(x) y=(HEIGHT - BOTTOM + 16.0) { (figure(tick)) }
                    }
                    line class="axis" x1=(LEFT) x2=(WIDTH - RIGHT) y1=(HEIGHT - BOTTOM) y2=(HEIGHT - BOTTOM) {}
                    text class="label middle" x=(f64::midpoint(LEFT, WIDTH - RIGHT)) y=(HEIGHT - 4.0) { (over) }
                    text class="label middle" transform=(format!("translate(11 {}) rotate(-90)", f64::midpoint(TOP, HEIGHT - BOTTOM))) {
                        (self.unit) (scale)
                    }
                    @for (place, bins) in lines.iter().enumerate() {
                        @if bins.iter().any(|bin| bin.low < bin.high) {
                            path class=(format!("band c{place}")) d=(band(bins, &steps, &values)) {}
                        }
                    }
                    @for (place, bins) in lines.iter().enumerate() {
                        path class=(format!("line c{place}")) d=(path(bins, &steps, &values)) {}
                        @if bins.len() <= 40 {
                            @for bin in bins {
                                circle class=(format!("dot c{place}")) r="2.5"
                                    cx=(pixels(steps.place(bin.step))) cy=(pixels(values.place(bin.mean))) {
                                    title { (format!("{over} {}: {}", bin.step, figure(bin.mean))) }
                                }
                            }
                        }
                    }
                    @for (place, y, text) in &names {
                        text class=(format!("name c{place}")) x=(WIDTH - RIGHT + 8.0) y=(pixels(y + 4.0)) { (text) }
                    }
                }
                // On a narrow screen in place of the names beside the lines.
                ul class="legend" aria-hidden="true" {
                    @for (place, _, text) in by_line(&names) { li { span class=(format!("key c{place}")) {} (text) } }
                }
            }
        }
    }

    /// The names of lines with where they end, none upon another.
    fn names(&self, lines: &[Vec<Bin>], values: &Axis) -> Vec<(usize, f64, String)> {
        let mut names: Vec<(usize, f64, String)> = Vec::new();
        for (place, (line, bins)) in self.lines.iter().zip(lines).enumerate() {
            if let Some(last) = bins.last() {
                let text = format!("{} {}", line.name, figure(last.mean));
                names.push((place, values.place(last.mean), text));
            }
        }
        names.sort_by(|a, b| a.1.total_cmp(&b.1));
        let mut least = TOP;
        for (_, y, _) in &mut names {
            *y = y.max(least);
            least = *y + APART;
        }
        let mut most = HEIGHT - BOTTOM;
        for (_, y, _) in names.iter_mut().rev() {
            *y = y.min(most);
            most = *y - APART;
        }
        names
    }

    /// The chart for who does not see it.
    fn words(&self) -> String {
        let line = |line: &Line| {
            let value = |point: Option<&Point>| figure(point.map_or(f64::NAN, |p| p.value));
            let (first, last) = (value(line.points.first()), value(line.points.last()));
            format!("{} from {first} to {last}", line.name)
        };
        let lines: Vec<String> = self.lines.iter().map(line).collect();
        format!("{}: {}", self.title, lines.join("; "))
    }
}

/// Names in the order of their lines.
fn by_line(names: &[(usize, f64, String)]) -> Vec<&(usize, f64, String)> {
    let mut names: Vec<_> = names.iter().collect();
    names.sort_by_key(|(place, ..)| *place);
    names
}

/// The means of equally many steps each.
fn bins(points: &[Point]) -> Vec<Bin> {
    let size = points.len().div_ceil(POINTS).max(1);
    let bin = |points: &[Point]| {
        let n = points.len() as f64;
        let values = || points.iter().map(|point| point.value);
        Bin {
            step: points.iter().map(|point| point.step as f64).sum::<f64>() / n,
            mean: values().sum::<f64>() / n,
            low: values().fold(f64::INFINITY, f64::min),
            high: values().fold(f64::NEG_INFINITY, f64::max),
        }
    };
    points.chunks(size).map(bin).collect()
}

/// Splits a line where many other steps lie between two of its own.
fn runs(bins: &[Bin]) -> impl Iterator<Item = &[Bin]> {
    /// A line of fewer points is one of epochs, and goes on.
    const DENSE: usize = 40;
    /// Times the usual distance.
    const GAP: f64 = 5.0;
    let length = match bins {
        [first, .., last] => last.step - first.step,
        _ => 0.0,
    };
    let usual = length / bins.len().max(2) as f64;
    let whole = bins.len() <= DENSE;
    bins.chunk_by(move |a, b| whole || b.step - a.step <= GAP * usual)
}

fn path(bins: &[Bin], steps: &Axis, values: &Axis) -> String {
    let at = |bin: &Bin| {
        let (x, y) = (steps.place(bin.step), values.place(bin.mean));
        format!("{} {}", pixels(x), pixels(y))
    };
    let run = |bins: &[Bin]| format!("M{}", bins.iter().map(at).collect::<Vec<_>>().join("L"));
    runs(bins).map(run).collect()
}

fn band(bins: &[Bin], steps: &Axis, values: &Axis) -> String {
    let at = |step: f64, value: f64| {
        let (x, y) = (steps.place(step), values.place(value));
        format!("{} {}", pixels(x), pixels(y))
    };
    let run = |bins: &[Bin]| {
        let above = bins.iter().map(|bin| at(bin.step, bin.high));
        let below = bins.iter().rev().map(|bin| at(bin.step, bin.low));
        format!("M{}Z", above.chain(below).collect::<Vec<_>>().join("L"))
    };
    runs(bins).map(run).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_broken_where_other_steps_lie_between() {
        let bins = |steps: &[u64]| -> Vec<Bin> {
            let point = |&step: &u64| Point {
                step,
                epoch: 1,
                value: 0.0,
            };
            super::bins(&steps.iter().map(point).collect::<Vec<_>>())
        };
        let split = |steps: &[u64]| runs(&bins(steps)).map(<[Bin]>::len).collect::<Vec<_>>();
        let dense: Vec<u64> = (1..=50).chain(101..=130).collect();
        assert_eq!(split(&dense), [50, 30]);
        assert_eq!(split(&[10, 20, 900]), [3]);
        assert!(split(&[]).is_empty());
    }

    #[test]
    fn many_steps_are_their_means_in_a_band() {
        let point = |step: u64| Point {
            step,
            epoch: 1,
            value: (step % 2) as f64,
        };
        let points: Vec<Point> = (1..=1600).map(point).collect();
        let bins = bins(&points);
        assert_eq!(bins.len(), POINTS);
        for bin in &bins {
            let found = [bin.mean, bin.low, bin.high].map(figure);
            assert_eq!(found, ["0.5", "0", "1"]);
        }
        let chart = Chart::of("loss", "nats", Over::Steps, &[("a", &points), ("b", &[])]).unwrap();
        assert_eq!(chart.lines.len(), 1);
        let text = chart.draw(1600).into_string();
        assert!(text.contains("class=\"band c0\"") && !text.contains("NaN"));
        assert!(Chart::of("loss", "nats", Over::Updates, &[("b", &[])]).is_none());
    }
}
