//! The story in a few sentences, all figures from the recording.

use {
    super::words::{dollars, percent, time},
    crate::{
        actors::{INSURANCE, ROLES, Role},
        prices::SOL,
        replay::{Recording, Sample},
    },
    cep_sdk::{health::Health, units::micro_usd},
};

/// A moment of one account: the sample and its health there, before anybody acted on the prices.
pub struct Moment<'a> {
    pub sample: &'a Sample,
    pub health: Health,
}

/// The first moment at which something is required of the account.
pub fn beginning(recording: &Recording, actor: usize) -> Option<Moment<'_>> {
    recording.samples.iter().find_map(|sample| {
        let health = *sample.after.get(actor)?;
        (health.isolated_initial > 0).then_some(Moment { sample, health })
    })
}

/// The moment of its lowest health factor.
pub fn worst(recording: &Recording, actor: usize) -> Option<Moment<'_>> {
    let moments = recording.samples.iter().flat_map(|sample| {
        let seen = [sample.at_print.get(actor), sample.after.get(actor)];
        seen.into_iter().flatten().map(move |health| Moment {
            sample,
            health: *health,
        })
    });
    moments
        .filter_map(|moment| Some((moment.health.factor()?, moment)))
        .min_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, moment)| moment)
}

pub fn place(role: Role) -> usize {
    ROLES.iter().position(|r| *r == role).unwrap_or_default()
}

pub fn sentences(recording: &Recording) -> Vec<String> {
    let mut all = Vec::new();
    all.extend(fall(recording));
    all.extend(hedge(recording));
    all.extend(liquidations(recording));
    let paid = recording.last.fund.paid_out;
    all.push(format!(
        "The insurance fund paid {} of its {} USD for accounts that owed more than they had.",
        dollars(i64::try_from(paid).unwrap_or(i64::MAX)),
        dollars(micro_usd(INSURANCE)),
    ));
    all.push(format!(
        "The books were checked {} times, after every price: each of {} equations held to the smallest unit.",
        recording.checks,
        recording.equations.len()
    ));
    all
}

fn fall(recording: &Recording) -> Option<String> {
    let start = recording.samples.first()?.prices.get(SOL)?;
    let low = recording
        .samples
        .iter()
        .min_by(|a, b| a.prices[SOL].total_cmp(&b.prices[SOL]))?;
    Some(format!(
        "SOL fell from {start:.2} to {:.2} USD ({}) at {} UTC.",
        low.prices[SOL],
        percent(low.prices[SOL] - start, *start),
        time(low.time)
    ))
}

fn hedge(recording: &Recording) -> Option<String> {
    let actor = place(Role::Hedger);
    let start = beginning(recording, actor)?.health;
    let worst = worst(recording, actor)?;
    Some(format!(
        "The hedged account needs {} USD of initial margin where its parts one by one need {} ({}); its health \
         factor never fell below {:.1} and it was never liquidated.",
        dollars(start.initial.requirement),
        dollars(start.isolated_initial),
        percent(
            start.initial.requirement as f64,
            start.isolated_initial as f64
        ),
        worst.health.factor()?,
    ))
}

fn liquidations(recording: &Recording) -> Vec<String> {
    let all = recording.chronicle.liquidations.iter();
    all.map(|l| {
        let bought: f64 = l.bids.iter().map(|bid| bid.fraction as f64 / 1e9).sum();
        let state = if l.equity >= 0 {
            format!("with {} USD of equity left", dollars(l.equity))
        } else {
            format!("owing {} USD", dollars(-l.equity))
        };
        format!(
            "The {} account fell below maintenance margin at {} UTC {state}; the keeper opened an auction and took \
             {} of it in {} {}.",
            ROLES.get(l.actor).map_or("unknown", |r| r.name()),
            time(l.breach),
            percent(bought.min(1.0), 1.0),
            l.bids.len(),
            if l.bids.len() == 1 { "bid" } else { "bids" },
        )
    })
    .collect()
}
