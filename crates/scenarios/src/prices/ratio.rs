//! The ratio of two symbols as a symbol of its own: a staked token's price over its redemption value.

use super::{Bar, Mark, PriceHistory};
use crate::shape::Symbol;

impl PriceHistory {
    /// Bars of `numerator / denominator` on the days that both have in the same file. Highs and lows divide by each
    /// other as if they came at the same moment, and are widened to hold open and close.
    pub(crate) fn ratio(
        &self,
        numerator: Symbol,
        denominator: Symbol,
    ) -> Option<(Vec<Option<Bar>>, Vec<Mark>)> {
        let (over, under) = (self.bars(numerator)?, self.bars(denominator)?);
        let (marks, others) = (self.marks(numerator)?, self.marks(denominator)?);
        let bars = over.iter().zip(under).zip(marks.iter().zip(others));
        let bars = bars
            .map(|((over, under), (mark, other))| {
                let (Some(over), Some(under)) = (over, under) else {
                    return None;
                };
                let (open, close) = (over.open / under.open, over.close / under.close);
                (mark.file == other.file).then(|| Bar {
                    open,
                    high: (over.high / under.high).max(open).max(close),
                    low: (over.low / under.low).min(open).min(close),
                    close,
                })
            })
            .collect();
        // A ratio's realised variance is not known from those of its parts.
        let marks = marks.iter().map(|m| Mark {
            file: m.file,
            realised: None,
        });
        Some((bars, marks.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_exists_where_both_do_and_holds_its_open_and_close() {
        let text = "date,a_open,a_high,a_low,a_close,b_open,b_high,b_low,b_close\n\
                    2020-01-01,2,4,1,2,,,,\n\
                    2020-01-02,2,4,1,3,2,4,2,3\n";
        let history = PriceHistory::parse(text).unwrap();
        let (bars, _) = history
            .ratio("A".parse().unwrap(), "B".parse().unwrap())
            .unwrap();
        assert_eq!(bars[0], None);
        let bar = bars[1].unwrap();
        assert_eq!(
            (bar.open, bar.high, bar.low, bar.close),
            (1.0, 1.0, 0.5, 1.0)
        );
    }
}
