//! The record of what was done: a log line for people, a JSON line for programs.

use {
    crate::{
        action::{Action, Kind, Task},
        receipt::Receipt,
        view::View,
    },
    anyhow::{Context, Result},
    cep_sdk::{Pubkey, SdkError, clock::ChainTime},
    serde_json::{Map, Value, json},
    std::{
        fs::{File, OpenOptions},
        io::Write,
        path::Path,
    },
    tracing::{info, warn},
};

pub struct Journal {
    events: Option<File>,
}

impl Journal {
    pub fn open(path: Option<&Path>) -> Result<Self> {
        let open = |path: &Path| {
            let file = OpenOptions::new().create(true).append(true).open(path);
            file.with_context(|| {
                format!(
                    "cannot write the events file {}; pass a path in a folder that exists",
                    path.display()
                )
            })
        };
        Ok(Self {
            events: path.map(open).transpose()?,
        })
    }

    /// The first sync is complete.
    pub fn ready(&mut self, own: Pubkey, view: &View) {
        let (time, accounts, auctions) = (view.time, view.accounts.len(), view.auctions.len());
        info!(account = %own, slot = time.slot, accounts, auctions, "ready");
        let details = json!({ "accounts": accounts, "auctions": auctions });
        self.write("ready", own, time.slot, time, details);
    }

    pub fn done(&mut self, action: &Action, receipt: &Receipt, time: ChainTime) {
        let event = match action.kind() {
            Kind::Refresh => "refreshed",
            Kind::RefreshScenarios => "scenarios",
            Kind::AnnounceSilence => "silence_announced",
            Kind::RefreshCurves => "curves",
            Kind::Open => "opened",
            Kind::Bid => "bid",
            Kind::Close => "closed",
            Kind::Reduce => "reduced",
            Kind::WriteOff => "written_off",
            Kind::Look => "looked",
            Kind::Settle => "settled",
        };
        let details = receipt.details();
        let signature = receipt.signature.to_string();
        info!(account = %action.subject, reason = action.reason, %details, signature, "{event}");
        let mut line = object(details);
        if let Task::Bid { terms, .. } = &action.task {
            line.insert("expected_profit".into(), terms.profit.into());
            line.insert("notional".into(), terms.notional.into());
        }
        line.insert("signature".into(), signature.into());
        line.insert("reason".into(), action.reason.clone().into());
        let slot = receipt.slot.unwrap_or(time.slot);
        self.write(event, action.subject, slot, time, Value::Object(line));
    }

    /// A program said no, or the cluster could not be asked.
    pub fn refused(&mut self, action: &Action, error: &SdkError, time: ChainTime) {
        let (kind, account) = (action.kind(), action.subject);
        let event = match error {
            SdkError::Refused { .. } => "refused",
            _ => "failed",
        };
        warn!(%account, action = %kind, reason = action.reason, result = %error, "{event}");
        let details = json!({
            "action": kind.to_string(), "reason": error.to_string(), "code": error.code(),
        });
        self.write(event, account, time.slot, time, details);
    }

    fn write(&mut self, event: &str, account: Pubkey, slot: u64, time: ChainTime, details: Value) {
        let Some(file) = &mut self.events else {
            return;
        };
        let mut line = Map::new();
        line.insert("event".into(), event.into());
        line.insert("account".into(), account.to_string().into());
        line.insert("slot".into(), slot.into());
        line.insert("time".into(), time.unix_timestamp.into());
        line.extend(object(details));
        // One write per line, so that a reader never sees half of one.
        let text = format!("{}\n", Value::Object(line));
        if let Err(error) = file.write_all(text.as_bytes()) {
            warn!(%error, "the events file could not be written; check the disk");
        }
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
