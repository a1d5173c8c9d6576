//! The loop: take in what changed, decide, act, look again. One task owns the view.

use {
    crate::{
        action::{Action, Memory},
        config::Config,
        execute::{Actor, execute, involved},
        follow,
        journal::Journal,
        plan::{Policy, own_trouble, plan},
        receipt::Receipt,
        refusals::Refusals,
        sync,
        view::{View, targets},
    },
    anyhow::{Context, Result},
    cep_sdk::{
        Client, Pubkey, SdkError,
        follow::{Change, reachable},
    },
    futures::{StreamExt, stream},
    std::{
        collections::BTreeSet,
        time::{Duration, Instant},
    },
    tokio::{
        sync::{
            mpsc::{self, Receiver},
            watch,
        },
        time::{MissedTickBehavior, interval},
    },
    tracing::{info, warn},
};

/// How often to look at the clock when nothing changes: auction prices fall with time.
const TICK: Duration = Duration::from_millis(500);
/// Transactions in flight at once.
const PARALLEL: usize = 8;
/// Changes that may wait to be taken in.
const BACKLOG: usize = 4_096;

pub struct Keeper {
    client: Client,
    actor: Actor,
    policy: Policy,
    view: View,
    journal: Journal,
    refusals: Refusals,
    stop: watch::Receiver<bool>,
}

/// Runs until `stop` turns true.
pub async fn run(config: Config, mut stop: watch::Receiver<bool>) -> Result<()> {
    let journal = Journal::open(config.events_file.as_deref())?;
    let client = Client::new(config.url.clone());
    let view = sync::first(&client, &config).await?;
    reachable(&config.ws_url)
        .await
        .context("the keeper follows the cluster over websocket; correct --ws-url")?;
    let (sender, mut changes) = mpsc::channel(BACKLOG);
    let followed = targets(config.policy.prices.values().flatten().copied());
    let follower = tokio::spawn(follow::forever(config.ws_url.clone(), followed, sender));
    let mut keeper = Keeper {
        client,
        actor: Actor {
            own: config.policy.own,
            keypair: config.keypair,
        },
        policy: config.policy,
        view,
        journal,
        refusals: Refusals::default(),
        stop: stop.clone(),
    };
    keeper.watch(&mut changes, config.resync, &mut stop).await;
    follower.abort();
    info!("stopped");
    Ok(())
}

impl Keeper {
    async fn watch(
        &mut self,
        changes: &mut Receiver<Change>,
        resync: Duration,
        stop: &mut watch::Receiver<bool>,
    ) {
        let (mut tick, mut resync) = (interval(TICK), interval(resync));
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        resync.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first tick is immediate, and the view is new.
        resync.tick().await;
        let (mut connected, mut ready) = (false, false);
        while !*stop.borrow() {
            let read = tokio::select! {
                _ = stop.changed() => break,
                Some(change) = changes.recv() => {
                    let mut new = self.take(change);
                    while let Ok(change) = changes.try_recv() {
                        new |= self.take(change);
                    }
                    connected |= new;
                    // What changed before the subscriptions stood was not told.
                    new && self.resync().await
                }
                _ = resync.tick() => self.resync().await,
                _ = tick.tick() => false,
            };
            if connected && read && !ready {
                ready = true;
                self.journal.ready(self.policy.own, &self.view);
            }
            if ready {
                self.round().await;
            }
        }
    }

    /// Takes in one change; true when it is a new connection.
    fn take(&mut self, change: Change) -> bool {
        let Change::Account(at, account) = change else {
            return true;
        };
        if let Err(error) = self.view.apply(at, Some(&account)) {
            warn!(account = %at, %error, "change not understood");
        }
        false
    }

    /// Reads everything anew; false when the cluster did not answer.
    async fn resync(&mut self) -> bool {
        let prices = self.policy.prices.values().flatten().copied();
        match sync::load(&self.client, prices).await {
            Ok(view) => self.view = view,
            Err(error) => {
                warn!(%error, "could not read the cluster anew; keeping what is known");
                return false;
            }
        }
        if let Some(trouble) = own_trouble(&self.view, &self.policy) {
            warn!(account = %self.policy.own, "{trouble}");
        }
        true
    }

    /// Plans and acts until there is nothing left to do. Each action is tried once per round, so a
    /// round ends.
    async fn round(&mut self) {
        if !self.reread(&BTreeSet::new()).await {
            return;
        }
        let mut memory = Memory {
            attempted: BTreeSet::new(),
            refused: self.refusals.active(Instant::now(), self.view.time),
        };
        // A change may be told late, after what it led to was read: look again before the first step.
        let first = plan(&self.view, &self.policy, &memory);
        if first.is_empty() || !self.reread(&self.involved(&first)).await {
            return;
        }
        while !*self.stop.borrow() {
            let actions = plan(&self.view, &self.policy, &memory);
            if actions.is_empty() {
                return;
            }
            let involved = self.involved(&actions);
            let results = self.send(actions).await;
            let read = self.reread(&involved).await;
            for (action, result) in results {
                memory.attempted.insert(action.key());
                self.record(&action, result, &mut memory);
            }
            if !read {
                return;
            }
        }
    }

    fn involved(&self, actions: &[Action]) -> BTreeSet<Pubkey> {
        let lists = actions.iter().map(|action| involved(&self.actor, action));
        lists.flatten().collect()
    }

    async fn send(&self, actions: Vec<Action>) -> Vec<(Action, Result<Receipt, SdkError>)> {
        let sent = actions.into_iter().map(|action| async {
            let result = execute(&self.client, &self.actor, &action).await;
            (action, result)
        });
        stream::iter(sent)
            .buffer_unordered(PARALLEL)
            .collect()
            .await
    }

    fn record(&mut self, action: &Action, result: Result<Receipt, SdkError>, memory: &mut Memory) {
        let time = self.view.time;
        match result {
            Ok(receipt) => {
                self.refusals.clear(action.key());
                self.journal.done(action, &receipt, time);
            }
            Err(error) => {
                self.refusals.add(action.key(), Instant::now(), time);
                memory.refused.insert(action.key());
                self.journal.refused(action, &error, time);
            }
        }
    }

    /// Reads `addresses` and the clock; false when the cluster did not answer.
    async fn reread(&mut self, addresses: &BTreeSet<Pubkey>) -> bool {
        let list: Vec<Pubkey> = addresses.iter().copied().collect();
        let result = sync::reread(&self.client, &mut self.view, &list).await;
        if let Err(error) = &result {
            warn!(%error, "could not read the cluster; trying again");
        }
        result.is_ok()
    }
}
