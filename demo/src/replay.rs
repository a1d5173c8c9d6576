//! The crash, print by print: prices onto the chain, the keeper does its work, everything is checked and
//! sampled.

use {
    crate::{
        actors::{Cast, Role},
        auctions::{Chronicle, Moment},
        checks::{Equation, require_balanced},
        cluster::Cluster,
        keeper::{Keeper, Tally},
        prices::{Feeds, Prices, Print, Tape, receiver},
        progress::Progress,
        sample::{Snapshot, Watch},
    },
    anyhow::{Result, bail},
    cep_sdk::health::Health,
    std::time::{Duration, Instant},
    tokio::time::sleep,
};

/// 10 October 2025, 21:00 UTC: the hour of the low begins, and the latecomer opens.
const LATECOMER_AT: i64 = 1_760_130_000;
/// While an auction is open the same price is posted again this often, so that its clock runs.
const REPOST_SECONDS: i64 = 120;
/// Reposts that fit between two prints.
const REPOSTS: i64 = 6;
/// How long the keeper may take to act on a price.
const PATIENCE: Duration = Duration::from_secs(45);
const POLL: Duration = Duration::from_millis(25);
/// Nothing may change for this long before the keeper counts as done.
const QUIET: Duration = Duration::from_millis(100);
/// The same while an auction waits for a better price.
const QUIET_IN_AUCTION: Duration = Duration::from_millis(600);
/// A print lasts at least this long when a person watches: three slots.
const WATCHABLE: Duration = Duration::from_millis(1_200);

/// Everybody at one print. Health is in the order of the cast.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Original time, Unix seconds.
    pub time: i64,
    pub prices: Prices,
    /// With the new prices, before anybody acted on them.
    pub at_print: Vec<Health>,
    /// When the keeper was done.
    pub after: Vec<Health>,
    /// Micro-USD.
    pub insurance: i64,
}

/// What the replay leaves for the report.
pub struct Recording {
    pub samples: Vec<Sample>,
    pub chronicle: Chronicle,
    pub equations: Vec<Equation>,
    /// How often the equations were checked.
    pub checks: usize,
    pub keeper: Tally,
    pub last: Snapshot,
}

pub struct Replay<'a> {
    pub cluster: &'a Cluster,
    pub cast: &'a Cast,
    pub watch: &'a Watch,
    pub feeds: &'a Feeds,
    pub keeper: &'a mut Keeper,
    /// Chain time less original time.
    pub offset: i64,
    pub fast: bool,
}

impl Replay<'_> {
    pub async fn run(mut self, tape: &Tape, progress: &mut Progress) -> Result<Recording> {
        let first = self.watch.read(&self.cluster.client).await?;
        let health = first.health()?;
        let start = tape.prints.first().map_or(0, |p| p.time);
        let mut recording = Recording {
            samples: vec![Sample {
                time: start,
                prices: tape.start,
                at_print: health.clone(),
                after: health,
                insurance: first.pool.ledger.insurance,
            }],
            chronicle: Chronicle::default(),
            equations: require_balanced(&first)?,
            checks: 1,
            keeper: Tally::new(),
            last: first,
        };
        for print in &tape.prints {
            let began = Instant::now();
            self.play(print, &mut recording).await?;
            let tally = self.keeper.tally()?;
            for (event, count) in &tally {
                *recording.keeper.entry(event.clone()).or_default() += count;
            }
            progress.print(print, &recording, &tally);
            if !self.fast {
                sleep(WATCHABLE.saturating_sub(began.elapsed())).await;
            }
        }
        Ok(recording)
    }

    async fn play(&mut self, print: &Print, recording: &mut Recording) -> Result<()> {
        let at_print = recording.last.health_at(&print.prices)?;
        self.post(print, 0, recording).await?;
        if print.time == LATECOMER_AT {
            self.cast
                .trade(self.cluster, self.feeds, Role::Latecomer, &print.prices)
                .await?;
            recording.last = self.watch.read(&self.cluster.client).await?;
        }
        for repost in 1..=REPOSTS {
            if !recording.last.in_auction() {
                break;
            }
            self.post(print, repost * REPOST_SECONDS, recording).await?;
        }
        recording.samples.push(Sample {
            time: print.time,
            prices: print.prices,
            at_print,
            after: recording.last.health()?,
            insurance: recording.last.pool.ledger.insurance,
        });
        Ok(())
    }

    /// Posts the print's prices, `delay` seconds after its time, and waits until the keeper is done.
    async fn post(&mut self, print: &Print, delay: i64, recording: &mut Recording) -> Result<()> {
        let chain = print.time + self.offset + delay;
        self.cluster.travel_to(chain)?;
        for (account, bytes) in self.feeds.updates(&print.prices, chain)? {
            self.cluster.write_account(&account, &bytes, &receiver())?;
        }
        recording.last = self.settle(chain).await?;
        recording.equations = require_balanced(&recording.last)?;
        recording.checks += 1;
        let moment = Moment {
            print: print.time,
            offset: self.offset,
            chain,
        };
        recording
            .chronicle
            .update(&self.cluster.client, self.cast, moment)
            .await
    }

    /// Waits until the books stand on the new prices, nobody failing lacks an auction, and nothing moves.
    async fn settle(&mut self, publish_time: i64) -> Result<Snapshot> {
        let client = &self.cluster.client;
        let start = Instant::now();
        let mut last = self.watch.read(client).await?;
        let mut since = Instant::now();
        loop {
            sleep(POLL).await;
            let now = self.watch.read(client).await?;
            if !now.same_as(&last) {
                since = Instant::now();
            }
            last = now;
            let refreshed = last.is_refreshed(publish_time);
            let quiet = if last.in_auction() {
                QUIET_IN_AUCTION
            } else {
                QUIET
            };
            if refreshed && since.elapsed() >= quiet && !last.awaits_auction()? {
                return Ok(last);
            }
            self.keeper.require_alive()?;
            if start.elapsed() > PATIENCE {
                let what = if refreshed {
                    "open an auction on an account below maintenance margin"
                } else {
                    "bring the new prices into all books"
                };
                bail!(
                    "the keeper did not {what} within {} s; its log is {}",
                    PATIENCE.as_secs(),
                    self.keeper.log().display()
                );
            }
        }
    }
}
