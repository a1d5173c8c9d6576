//! The report's tables as text, made once for both forms.

use {
    super::{
        facts::{Moment, beginning, worst},
        words::{dollars, factor, percent, time},
    },
    crate::{
        actors::ROLES,
        auctions::{Bid, Liquidation},
        replay::Recording,
    },
};

pub struct Table {
    pub title: &'static str,
    pub note: &'static str,
    pub head: Vec<&'static str>,
    pub rows: Vec<Vec<String>>,
}

pub fn all(recording: &Recording) -> Vec<Table> {
    vec![
        margin_at_start(recording),
        margin_at_worst(recording),
        auctions(recording),
        bids(recording),
        insurance(recording),
        books(recording),
        keeper(recording),
    ]
}

fn name(actor: usize) -> String {
    ROLES
        .get(actor)
        .map_or("unknown", |role| role.name())
        .to_owned()
}

fn somebody(actor: Option<usize>) -> String {
    actor.map_or_else(|| "somebody else".to_owned(), name)
}

fn margin_row(actor: usize, moment: &Moment) -> Vec<String> {
    let h = &moment.health;
    let (joint, apart) = (h.initial.requirement, h.isolated_initial);
    vec![
        name(actor),
        time(moment.sample.time),
        dollars(h.initial.equity),
        dollars(joint),
        dollars(apart),
        percent(joint as f64, apart as f64),
        dollars(h.maintenance.requirement),
        factor(h.factor()),
    ]
}

fn margin_table(title: &'static str, note: &'static str, rows: Vec<Vec<String>>) -> Table {
    Table {
        title,
        note,
        head: vec![
            "account",
            "time (UTC)",
            "equity, USD",
            "initial margin, jointly, USD",
            "one by one, USD",
            "jointly / one by one",
            "maintenance margin, USD",
            "health factor",
        ],
        rows,
    }
}

fn margin_at_start(recording: &Recording) -> Table {
    let rows = (0..ROLES.len())
        .filter_map(|actor| Some(margin_row(actor, &beginning(recording, actor)?)))
        .collect();
    margin_table(
        "Margin when each account opened its positions",
        "Jointly: the account's whole portfolio under one set of scenarios, which is what the program demands. One by \
         one: the same positions each on its own, summed, with no offset between them.",
        rows,
    )
}

fn margin_at_worst(recording: &Recording) -> Table {
    let rows = (0..ROLES.len())
        .filter_map(|actor| Some(margin_row(actor, &worst(recording, actor)?)))
        .collect();
    margin_table(
        "Margin at each account's worst moment",
        "When its health factor (equity over maintenance margin) was lowest. Below 1 anybody may open an auction.",
        rows,
    )
}

fn auctions(recording: &Recording) -> Table {
    let row = |l: &Liquidation| {
        vec![
            name(l.actor),
            time(l.breach),
            time(l.opened),
            somebody(l.opened_by),
            dollars(l.equity),
            dollars(l.requirement),
            l.bids.len().to_string(),
            l.closed.map_or_else(|| "still open".into(), time),
        ]
    };
    Table {
        title: "Liquidations",
        note: "As recorded in the liquidation program's events. Breach: the print that took the account below its \
               maintenance margin.",
        head: vec![
            "account",
            "breach (UTC)",
            "auction opened",
            "by",
            "equity, USD",
            "maintenance margin, USD",
            "bids",
            "closed",
        ],
        rows: recording.chronicle.liquidations.iter().map(row).collect(),
    }
}

fn bids(recording: &Recording) -> Table {
    let all = recording.chronicle.liquidations.iter();
    let rows = all.flat_map(|l| l.bids.iter().map(|bid| bid_row(l.actor, bid)));
    Table {
        title: "Bids in the auctions",
        note: "Each takes a slice of the whole portfolio. A negative price was paid to the bidder by the insurance fund, \
               because the slice was worth less than nothing.",
        head: vec![
            "account",
            "time (UTC)",
            "bidder",
            "slice",
            "value, USD",
            "price, USD",
            "price / value",
        ],
        rows: rows.collect(),
    }
}

fn bid_row(actor: usize, bid: &Bid) -> Vec<String> {
    let ratio = if bid.discount > 0 {
        percent(bid.discount as f64, 1e9)
    } else {
        "insured".into()
    };
    vec![
        name(actor),
        time(bid.time),
        somebody(bid.bidder),
        format!("{:.2} %", bid.fraction as f64 / 1e7),
        dollars(value_of(bid)),
        dollars(bid.payment),
        ratio,
    ]
}

/// What the slice was worth at the mark, micro-USD.
fn value_of(bid: &Bid) -> i64 {
    if bid.discount > 0 {
        return (bid.payment as f64 * 1e9 / bid.discount as f64).round() as i64;
    }
    (bid.equity as f64 * bid.fraction as f64 / 1e9).round() as i64
}

fn insurance(recording: &Recording) -> Table {
    let fund = &recording.last.fund;
    let money = |micro: u64| dollars(i64::try_from(micro).unwrap_or(i64::MAX));
    let row = |what: &str, amount: String| vec![what.to_owned(), amount];
    Table {
        title: "Insurance fund",
        note: "It pays bidders to take over accounts that owe more than they have.",
        head: vec!["", "USD"],
        rows: vec![
            row("paid in", money(fund.deposited)),
            row("paid out to bidders", money(fund.paid_out)),
            row(
                "received of the fees",
                dollars(recording.last.pool.insurance_income),
            ),
            row("left", dollars(recording.last.pool.ledger.insurance)),
            row(
                "trading fees earned by the pool",
                dollars(recording.last.pool.ledger.fees),
            ),
        ],
    }
}

fn books(recording: &Recording) -> Table {
    Table {
        title: "Conservation",
        note: "After the last price, in the smallest unit (micro-USD, millionths of a contract, lamports). The demo stops at \
               the first difference that is not zero.",
        head: vec!["equation", "left side", "right side", "difference"],
        rows: recording
            .equations
            .iter()
            .map(|e| {
                vec![
                    e.what.clone(),
                    e.left.to_string(),
                    e.right.to_string(),
                    e.difference().to_string(),
                ]
            })
            .collect(),
    }
}

fn keeper(recording: &Recording) -> Table {
    let meaning = |event: &str| match event {
        "refreshed" => "a price folded into a risk book",
        "silence_announced" => "a book announced silent between two prices of the replay",
        "scenarios" => "a book's scenarios rescaled to its volatility",
        "opened" => "auction opened",
        "bid" => "bid made",
        "closed" => "auction closed",
        "settled" => "an account's profit or loss settled into cash",
        "refused" => "refused by a program, tried again later",
        "failed" => "not delivered, tried again later",
        _ => "",
    };
    Table {
        title: "What the keeper did",
        note: "Counted from its events file.",
        head: vec!["event", "meaning", "times"],
        rows: recording
            .keeper
            .iter()
            .filter(|(event, _)| *event != "ready")
            .map(|(event, count)| vec![event.clone(), meaning(event).to_owned(), count.to_string()])
            .collect(),
    }
}
