//! The command line.

use {
    crate::plan::Policy,
    anyhow::{Context, Result, anyhow, bail},
    cep_sdk::{
        Pubkey, address,
        units::{micro_usd, symbol},
    },
    clap::{Args, Parser, Subcommand},
    solana_sdk::{
        signature::Keypair,
        signer::{Signer, keypair::read_keypair_file},
    },
    std::{collections::BTreeMap, path::PathBuf, time::Duration},
};

#[derive(Parser)]
#[command(
    name = "cep-keeper",
    version,
    about = "Liquidator's bot of the Capital Efficiency Protocol"
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Follow the cluster, turn the cranks, open auctions and bid in them, until stopped
    Run(Run),
}

#[derive(Args)]
pub struct Run {
    /// JSON-RPC endpoint of the cluster
    #[arg(long, default_value = "http://127.0.0.1:8899")]
    url: String,
    /// Websocket endpoint [default: --url with ws for http and the next port, as Solana's tools do]
    #[arg(long)]
    ws_url: Option<String>,
    /// Key file of the keeper: pays fees and rent, and owns the margin account
    /// [default: ~/.config/solana/id.json]
    #[arg(long, value_name = "PATH")]
    keypair: Option<PathBuf>,
    /// Which of the key's margin accounts receives rewards and bids
    #[arg(long, value_name = "N", default_value_t = 0)]
    account_id: u16,
    /// Oracle account to refresh an underlying from, as SYMBOL=PUBKEY; repeat for each underlying and source
    #[arg(long = "price-account", value_name = "SYMBOL=PUBKEY", value_parser = price_account)]
    price_accounts: Vec<([u8; 8], Pubkey)>,
    /// Least profit of a bid, basis points of the slice's notional
    #[arg(long, value_name = "BPS", default_value_t = 10)]
    min_profit_bps: u32,
    /// Least profit of a bid, USD
    #[arg(long, value_name = "USD", default_value_t = 0.1, value_parser = amount)]
    min_profit: f64,
    /// Expected cost of hedging or unwinding a slice, basis points of its notional
    #[arg(long, value_name = "BPS", default_value_t = 10)]
    hedge_cost_bps: u32,
    /// Largest notional of one bid, USD [default: no limit but the own margin]
    #[arg(long, value_name = "USD", value_parser = amount)]
    max_notional: Option<f64>,
    /// Settle positions whose unsettled profit or loss is at least this, USD
    #[arg(long, value_name = "USD", default_value_t = 100.0, value_parser = amount)]
    settle_above: f64,
    /// Settlements per round at most; 0 leaves settling to others
    #[arg(long, value_name = "N", default_value_t = 8)]
    settle_limit: usize,
    /// Read everything anew this often, seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    resync: u64,
    /// Append one JSON line per completed action to this file
    #[arg(long, value_name = "PATH")]
    events_file: Option<PathBuf>,
    /// Log as JSON lines instead of text
    #[arg(long)]
    pub log_json: bool,
}

/// The command line, checked, with its files read.
pub struct Config {
    pub url: String,
    pub ws_url: String,
    pub keypair: Keypair,
    pub account_id: u16,
    pub policy: Policy,
    pub resync: Duration,
    pub events_file: Option<PathBuf>,
}

impl Run {
    pub fn load(self) -> Result<Config> {
        let keypair = read_keypair(self.keypair)?;
        let mut prices: BTreeMap<_, Vec<Pubkey>> = BTreeMap::new();
        for (symbol, account) in self.price_accounts {
            prices.entry(symbol).or_default().push(account);
        }
        let policy = Policy {
            own: address::margin_account(&keypair.pubkey(), self.account_id),
            prices,
            min_profit_bps: self.min_profit_bps,
            min_profit: micro_usd(self.min_profit),
            hedge_cost_bps: self.hedge_cost_bps,
            max_notional: self.max_notional.map_or(i64::MAX, micro_usd),
            settle_above: micro_usd(self.settle_above).max(1),
            settle_limit: self.settle_limit,
        };
        Ok(Config {
            ws_url: self.ws_url.map_or_else(|| ws_url_of(&self.url), Ok)?,
            url: self.url,
            keypair,
            account_id: self.account_id,
            policy,
            resync: Duration::from_secs(self.resync),
            events_file: self.events_file,
        })
    }
}

fn read_keypair(path: Option<PathBuf>) -> Result<Keypair> {
    let path = match path {
        Some(path) => path,
        None => std::env::home_dir()
            .context("no home directory to look for a key in; pass --keypair PATH")?
            .join(".config/solana/id.json"),
    };
    let shown = path.display();
    if !path.is_file() {
        bail!(
            "there is no key file at {shown}; make one with `solana-keygen new -o {shown}`, or pass --keypair PATH"
        );
    }
    read_keypair_file(&path).map_err(|error| {
        anyhow!("{shown} is not a key file ({error}); it must be a JSON array of 64 numbers, as `solana-keygen new` writes")
    })
}

/// Solana's convention: same host, ws for http, one port up.
fn ws_url_of(url: &str) -> Result<String> {
    let advice = || format!("cannot tell the websocket of {url}; pass --ws-url");
    let (scheme, rest) = url.split_once("://").with_context(advice)?;
    let scheme = match scheme {
        "http" => "ws",
        "https" => "wss",
        _ => bail!(advice()),
    };
    let (authority, path) = match rest.split_once('/') {
        Some((authority, path)) => (authority, format!("/{path}")),
        None => (rest, String::new()),
    };
    let Some((host, port)) = authority.rsplit_once(':') else {
        return Ok(format!("{scheme}://{authority}{path}"));
    };
    let port: u16 = port.parse().with_context(advice)?;
    let port = port.checked_add(1).with_context(advice)?;
    Ok(format!("{scheme}://{host}:{port}{path}"))
}

fn price_account(text: &str) -> Result<([u8; 8], Pubkey), String> {
    let (name, key) = text.split_once('=').ok_or(
        "write it as SYMBOL=PUBKEY, for example SOL=7UVimffxr9ow1uXYxsr4LHAcV58mLzhmwaeKvJ1pjLiE",
    )?;
    let plain = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
    if name.is_empty() || name.len() > 8 || !name.bytes().all(plain) {
        return Err(format!(
            "{name:?} is no symbol: 1 to 8 characters of A-Z and 0-9"
        ));
    }
    let key = key
        .parse()
        .map_err(|_| format!("{key:?} is no account address (base58)"))?;
    Ok((symbol(name), key))
}

fn amount(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    // Micro-USD in an i64.
    if (0.0..9e12).contains(&value) {
        return Ok(value);
    }
    Err("must be from 0 to 9 trillion USD".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_websocket_follows_solanas_convention() {
        let cases = [
            ("http://127.0.0.1:8899", "ws://127.0.0.1:8900"),
            ("https://api.example.org", "wss://api.example.org"),
            ("https://example.org:443/key", "wss://example.org:444/key"),
        ];
        for (url, ws) in cases {
            assert_eq!(ws_url_of(url).unwrap(), ws);
        }
        assert!(ws_url_of("127.0.0.1:8899").is_err());
        assert!(ws_url_of("ftp://x").is_err());
    }

    #[test]
    fn price_accounts_name_a_symbol_and_an_address() {
        let key = Pubkey::new_unique();
        let (name, parsed) = price_account(&format!("SOL={key}")).unwrap();
        assert_eq!((&name, parsed), (b"SOL\0\0\0\0\0", key));
        for bad in ["SOL", "sol=x", "TOOLONGNAME=x", "SOL=x", &format!("={key}")] {
            assert!(price_account(bad).is_err(), "{bad}");
        }
        assert!(amount("-1").is_err() && amount("NaN").is_err() && amount("1e300").is_err());
    }

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }
}
