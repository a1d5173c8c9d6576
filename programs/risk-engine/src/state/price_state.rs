//! What the oracles say of a price, and what an underlying in each state allows.

/// What a book's oracles say of its price. Computed in one place, [`super::RiskBook::price_state`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceState {
    /// Recent, from enough sources that agree, narrow enough, and where the sources say.
    Fresh,
    /// Recent, but of too few sources, of sources that disagree or are unsure, held back by the circuit breaker, paused, or of
    /// a staked token whose base is one of these. Its value counts: with the sources' interval in initial margin, with
    /// the governed one in maintenance margin.
    Uncertain,
    /// Older than [`super::RiskBook::max_price_age`], or not there yet. A refresh ends it, and anyone may call that.
    Silent,
    /// Silent, announced on chain, and the delay is over in which anyone could have refreshed it.
    Announced,
}

/// What somebody wants to do with a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PriceUse {
    /// A trade that adds to anybody's position in the underlying.
    NewRisk,
    /// A trade that only makes positions in it smaller.
    Shrink,
    /// Cash or collateral leaves an account that is exposed to it.
    Withdraw,
    /// Open an auction, bid, take a single position, reduce the other side, write off, close.
    Liquidate,
    /// Turn unrealised profit and loss into cash.
    SettleProfit,
    /// Deposit a token that is only taken in near its redemption value.
    Deposit,
}

/// The answer of [`PriceState::permission`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    Yes,
    /// Yes, under initial margin that charges [`super::RiskBook::doubt`] of the price per net contract.
    Charged,
    No,
}

impl PriceState {
    /// The table; docs/oracles.md shows it.
    #[must_use]
    pub const fn permission(self, to: PriceUse) -> Permission {
        use {Permission::*, PriceState::*, PriceUse::*};
        match (self, to) {
            (Fresh, _) => Yes,
            (Uncertain | Silent | Announced, NewRisk) => No,
            (Uncertain | Silent | Announced, Shrink | Withdraw) => Charged,
            (Uncertain | Announced, Liquidate) => Yes,
            // Somebody may know a newer price and hold it back.
            (Silent, Liquidate) => No,
            (Uncertain, SettleProfit | Deposit) => Yes,
            (Silent | Announced, SettleProfit | Deposit) => No,
        }
    }

    /// Whether the price may be used so at all.
    #[must_use]
    pub const fn allows(self, to: PriceUse) -> bool {
        !matches!(self.permission(to), Permission::No)
    }

    /// Whether nobody's print of the last [`super::RiskBook::max_price_age`] stands behind the price.
    #[must_use]
    pub const fn is_silent(self) -> bool {
        matches!(self, Self::Silent | Self::Announced)
    }
}

#[cfg(test)]
mod tests {
    use super::{Permission::*, PriceState::*, PriceUse::*, *};

    const STATES: [PriceState; 4] = [Fresh, Uncertain, Silent, Announced];
    const USES: [PriceUse; 6] = [NewRisk, Shrink, Withdraw, Liquidate, SettleProfit, Deposit];

    /// A price that is known less well never allows more, but for liquidation, which a silence stops for a published time only.
    #[test]
    fn each_state_allows_no_more_than_the_one_before_it() {
        let rank = |p| match p {
            Yes => 2,
            Charged => 1,
            No => 0,
        };
        for to in USES {
            for pair in STATES.windows(2) {
                let [before, after] = [pair[0], pair[1]].map(|s| rank(s.permission(to)));
                let restarts = to == Liquidate && pair == [Silent, Announced];
                assert!(after <= before || restarts, "{to:?} in {pair:?}");
            }
        }
        assert!(Announced.allows(Liquidate) && !Silent.allows(Liquidate));
        assert!(
            STATES
                .iter()
                .all(|s| s.allows(Shrink) && s.allows(Withdraw))
        );
    }

    /// The page shows what the code does.
    #[test]
    fn the_table_is_the_one_in_the_docs() {
        let page = include_str!("../../../../docs/oracles.md");
        let words = |p| match p {
            Yes => "yes",
            Charged => "yes, charged `doubt`",
            No => "no",
        };
        for (to, name) in USES.into_iter().zip([
            "new risk",
            "smaller positions",
            "withdraw",
            "liquidate (open, bid, reduce, write off, close)",
            "settle profit",
            "deposit a staked token",
        ]) {
            let cells = STATES.map(|s| words(s.permission(to)));
            let row = format!("| {name} | {} |", cells.join(" | "));
            assert!(page.contains(&row), "docs/oracles.md lacks: {row}");
        }
    }
}
