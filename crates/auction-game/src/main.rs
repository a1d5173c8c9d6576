use cep_auction_game::*;
use cep_risk::auction::AuctionParams;
fn main() -> anyhow::Result<()> {
    for (pn, params) in [("shipped", SHIPPED), ("proposed", PROPOSED)] {
        for regime in Regime::ALL {
            let n = if regime.accounts > 1 { 8 } else { 300 };
            for (mn, m) in [
                ("paced", Mechanism::Auction { params, pace: Some(SHIPPED_PACE) }),
                ("unpaced", Mechanism::Auction { params, pace: None }),
                ("notional", Mechanism::BonusOnNotional),
                ("equity", Mechanism::BonusOnEquity),
            ] {
                let t0 = std::time::Instant::now();
                let game = Game::new(regime).with(m);
                let th = if matches!(m, Mechanism::Auction { .. }) { solve(&game, 1, n)? } else { 0.0 };
                let t1 = t0.elapsed();
                let s = summarise(&sample(&game, th, 2, n)?);
                println!("{pn} {} {mn} th {:.2} bp first {} open {:?} given {:.2}%±{:.2} of eq {:.2}%  bad {:.1}±{:.1} insolv {:.3} net {:.1} [{:.1?} {:.1?}]", regime.name, th*1e4, s.first_bid, s.open,
                    100.*s.given_of_sold.mean, 100.*s.given_of_sold.error, 100.*s.given_of_equity.mean, s.bad_debt.mean, s.bad_debt.error, s.insolvent.mean, s.net.mean, t1, t0.elapsed());
                if mn == "paced" {
                    for d in waiting(&game, th, &[-60, -20, -10, -5, -2, 2, 5, 10, 20, 60], 3, n)? {
                        println!("   {} {:.2} ± {:.2}  diff {:.3} ± {:.3}", d.seconds, d.profit.mean, d.profit.error, d.difference.mean, d.difference.error);
                    }
                }
            }
        }
    }
    let _: Option<AuctionParams> = None;
    Ok(())
}
