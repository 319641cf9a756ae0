//! A chart of days, drawn here as SVG: it needs no script and prints.

use super::Moment;

/// The height of the tallest bar.
const HEIGHT: i64 = 64;
/// The room of a day, with the space between.
const STEP: i64 = 24;
/// The width of a bar.
const WIDTH: i64 = 18;

/// A day's bar.
#[derive(Clone, Debug)]
pub struct Bar {
    /// From the left.
    pub x: i64,
    /// From the top.
    pub y: i64,
    /// How high.
    pub height: i64,
    /// `2026-11-24`.
    pub day: String,
    /// How many.
    pub count: i64,
    /// The address of the day's records.
    pub link: String,
}

/// Days in a row.
#[derive(Clone, Debug)]
pub struct Chart {
    /// One for each day, the oldest first.
    pub bars: Vec<Bar>,
    /// What the picture says, in a sentence.
    pub summary: String,
}

impl Chart {
    /// The chart of `days`: when each begins and how many there were; `link` is the address of a day's records.
    pub fn new(days: &[(jiff::Timestamp, i64)], link: impl Fn(&str, &str) -> String) -> Self {
        let most = days.iter().map(|(_, count)| *count).max().unwrap_or(0);
        let name = |at: jiff::Timestamp| Moment::new(at, at).iso.chars().take(10).collect::<String>();
        let bars: Vec<Bar> = (0..)
            .zip(days)
            .map(|(n, (start, count))| {
                let height = bar_height(*count, most);
                let day = name(*start);
                let next = name(model::time::after(*start, 24 * 60 * 60));
                Bar {
                    x: n * STEP,
                    y: HEIGHT - height,
                    height,
                    link: link(&day, &next),
                    day,
                    count: *count,
                }
            })
            .collect();
        Self {
            summary: summary(&bars),
            bars,
        }
    }

    /// The picture's width.
    pub fn width(&self) -> i64 {
        i64::try_from(self.bars.len()).unwrap_or(0) * STEP - (STEP - WIDTH)
    }

    /// The picture's height.
    pub fn height(&self) -> i64 {
        HEIGHT
    }

    /// A bar's width.
    pub fn bar_width(&self) -> i64 {
        WIDTH
    }

    /// The days on which there was something, the newest first.
    pub fn busy(&self) -> impl Iterator<Item = &Bar> {
        self.bars.iter().rev().filter(|bar| bar.count > 0)
    }
}

/// What is there can be seen, however little; nothing is a line.
fn bar_height(count: i64, most: i64) -> i64 {
    match count {
        0 => 1,
        count => (count.saturating_mul(HEIGHT) / most.max(1)).max(3),
    }
}

fn summary(bars: &[Bar]) -> String {
    let total: i64 = bars.iter().map(|bar| bar.count).sum();
    let days = bars.len();
    match bars.iter().max_by_key(|bar| bar.count) {
        Some(most) if total > 0 => format!(
            "{total} record{} in the last {days} days, most of them on {}: {}.",
            if total == 1 { "" } else { "s" },
            most.day,
            most.count
        ),
        _ => format!("No records in the last {days} days."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_high_as_their_share() {
        let day = |n: i64| model::time::from_micros((20_000 + n) * 86_400_000_000);
        let days = [(day(0), 0), (day(1), 1), (day(2), 1000), (day(3), 500)];
        let chart = Chart::new(&days, |from, to| format!("{from} {to}"));
        let heights: Vec<_> = chart.bars.iter().map(|bar| bar.height).collect();
        assert_eq!(heights, [1, 3, 64, 32]);
        assert_eq!(chart.bars[0].link, "2024-10-04 2024-10-05");
        assert_eq!(
            chart.summary,
            "1501 records in the last 4 days, most of them on 2024-10-06: 1000."
        );
        assert_eq!(chart.busy().count(), 3);
        assert_eq!(
            Chart::new(&[(day(0), 0)], |_, _| String::new()).summary,
            "No records in the last 1 days."
        );
    }
}
