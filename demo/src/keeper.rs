//! The real keeper binary as a child process, and what it says it does.

use {
    crate::{
        cluster::Cluster,
        prices::{Feeds, SYMBOLS},
    },
    anyhow::{Context, Result, bail},
    serde::Deserialize,
    solana_sdk::signature::Keypair,
    std::{
        collections::BTreeMap,
        env,
        fs::{self, File},
        path::{Path, PathBuf},
        process::{Child, Command, Stdio},
        time::{Duration, Instant},
    },
    tokio::time::sleep,
};

const START_TIMEOUT: Duration = Duration::from_secs(60);

pub struct Keeper {
    child: Child,
    events: PathBuf,
    log: PathBuf,
    /// Lines of the events file that were counted already.
    read: usize,
}

/// How often each kind of event happened.
pub type Tally = BTreeMap<String, usize>;

#[derive(Deserialize)]
struct Event {
    event: String,
}

impl Keeper {
    /// Starts `cep-keeper`, which cargo put beside this binary, and waits until it follows the chain.
    pub async fn start(
        cluster: &Cluster,
        feeds: &Feeds,
        key: &Keypair,
        directory: &Path,
    ) -> Result<Self> {
        let binary = env::current_exe()?.with_file_name("cep-keeper");
        if !binary.is_file() {
            bail!(
                "{} does not exist; run `cargo xtask demo`, which builds it",
                binary.display()
            );
        }
        let (key_file, events, log) = (
            directory.join("keeper-key.json"),
            directory.join("keeper-events.jsonl"),
            directory.join("keeper.log"),
        );
        fs::write(&key_file, serde_json::to_string(&key.to_bytes().to_vec())?)
            .with_context(|| format!("cannot write {}", key_file.display()))?;
        if events.exists() {
            fs::remove_file(&events)?;
        }
        let mut command = Command::new(binary);
        command
            .args(["run", "--url", cluster.url(), "--ws-url", cluster.ws_url()])
            .args(["--account-id", "0"])
            .arg("--keypair")
            .arg(&key_file)
            .arg("--events-file")
            .arg(&events)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?);
        for (symbol, account) in SYMBOLS.iter().zip(&feeds.accounts) {
            command.args(["--price-account", &format!("{symbol}={account}")]);
        }
        let child = command.spawn().context("the keeper could not be started")?;
        let mut keeper = Self {
            child,
            events,
            log,
            read: 0,
        };
        keeper.wait_until_ready().await?;
        Ok(keeper)
    }

    async fn wait_until_ready(&mut self) -> Result<()> {
        let start = Instant::now();
        while start.elapsed() < START_TIMEOUT {
            self.require_alive()?;
            if self.tally()?.contains_key("ready") {
                return Ok(());
            }
            sleep(Duration::from_millis(50)).await;
        }
        bail!(
            "the keeper was not ready within {} s; its log is {}",
            START_TIMEOUT.as_secs(),
            self.log.display()
        )
    }

    pub fn require_alive(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!(
                "the keeper stopped ({status}); its last words are in {}",
                self.log.display()
            );
        }
        Ok(())
    }

    pub fn log(&self) -> &Path {
        &self.log
    }

    /// What happened since the last call.
    pub fn tally(&mut self) -> Result<Tally> {
        let text = match fs::read_to_string(&self.events) {
            Ok(text) => text,
            Err(_) if !self.events.exists() => return Ok(Tally::new()),
            Err(error) => return Err(error).context("the keeper's events cannot be read"),
        };
        let mut tally = Tally::new();
        for line in text.lines().skip(self.read) {
            let event: Event = serde_json::from_str(line)
                .with_context(|| format!("the keeper wrote an event that is not JSON: {line}"))?;
            *tally.entry(event.event).or_default() += 1;
            self.read += 1;
        }
        Ok(tally)
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // It may be gone already; there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
