//! The real keeper, watched.

use {
    super::{
        cluster::{Cluster, START_PRICES, Trader, price_account},
        wire::Wire,
    },
    serde_json::Value,
    solana_sdk::signer::keypair::write_keypair_file,
    std::{
        fs::{self, File},
        path::{Path, PathBuf},
        process::{Child, Command, ExitStatus},
        time::Duration,
    },
};

/// The real keeper, as a child process.
pub struct Keeper {
    child: Child,
    folder: PathBuf,
}

impl Keeper {
    /// With margin account `id` of the trader.
    pub fn start(cluster: &Cluster, wire: &Wire, trader: &Trader, id: u16) -> Self {
        // target/<profile>/deps/system-... -> target/<profile>/cep-keeper
        let test = std::env::current_exe().unwrap();
        let profile = test.parent().and_then(Path::parent).unwrap();
        let binary = profile.join("cep-keeper");
        assert!(
            binary.is_file(),
            "there is no {}: run `cargo xtask test`, which builds the workspace first, or `cargo build -p cep-keeper`",
            binary.display()
        );
        let folder = std::env::temp_dir().join(format!("cep-system-{}-{id}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        write_keypair_file(&trader.key, folder.join("keeper.json")).unwrap();
        let mut command = Command::new(binary);
        command
            .args(["run", "--account-id", &id.to_string()])
            .args(["--url", cluster.surfnet.rpc_url()])
            .args(["--ws-url", &wire.url, "--keypair"])
            .arg(folder.join("keeper.json"))
            .arg("--events-file")
            .arg(folder.join("events.jsonl"))
            .env("NO_COLOR", "1")
            .stderr(File::create(folder.join("keeper.log")).unwrap());
        for (name, ..) in START_PRICES {
            let account = price_account(name);
            command
                .arg("--price-account")
                .arg(format!("{name}={account}"));
        }
        Self {
            child: command.spawn().unwrap(),
            folder,
        }
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("keeper.log")).unwrap_or_default()
    }

    pub fn events(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.join("events.jsonl")).unwrap_or_default();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The first event of a kind.
    pub fn event(&self, name: &str) -> Option<Value> {
        self.events()
            .into_iter()
            .find(|event| event["event"] == name)
    }

    /// Asks `done` until it is true, or fails with the end of the keeper's log when the keeper ends without that. However slow the
    /// machine is; what never comes is for the runner's own limit.
    pub async fn until(&mut self, what: &str, mut done: impl AsyncFnMut(&Self) -> bool) {
        while !done(self).await {
            if self.child.try_wait().unwrap().is_some() {
                let log = self.log();
                let tail: Vec<&str> = log.lines().rev().take(40).collect();
                let tail: Vec<&str> = tail.into_iter().rev().collect();
                panic!(
                    "the keeper ended before it {what}. Its log ends:\n{}",
                    tail.join("\n")
                );
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// As an operator stops it.
    pub fn stop(&mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        self.child.wait().unwrap()
    }

    /// Waits for one that ends by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // It has ended already unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}
