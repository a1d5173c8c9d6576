//! Programs onto a cluster, through the upgradeable loader (loader-v3): bytes into a buffer account, then one
//! transaction that deploys or upgrades from it.
//!
//! The buffer's address is derived from the payer and the bytes, so a run that was cut off finds its own buffer
//! again and nobody else can have created it.

use {
    crate::{
        error::MigrationError,
        files::ProgramFiles,
        progress::{Progress, Report},
        upload::Upload,
    },
    cep_sdk::{Client, Pubkey},
    solana_commitment_config::CommitmentConfig,
    solana_loader_v3_interface::{
        get_program_data_address,
        instruction::{
            create_buffer, deploy_with_max_program_len, extend_program, set_upgrade_authority,
            upgrade, write,
        },
        state::UpgradeableLoaderState as State,
    },
    solana_sdk::{
        account::Account,
        hash::hashv,
        signature::{Keypair, Signer},
    },
    solana_system_interface::instruction::create_account_with_seed,
    std::time::Duration,
    tokio::time::sleep,
};

const LOADER: Pubkey = solana_sdk::pubkey!("BPFLoaderUpgradeab1e11111111111111111111111");
/// Least growth of a program's account that the loader accepts.
const LEAST_EXTENSION: usize = 10_240;
const SLOT: Duration = Duration::from_millis(400);
/// A cluster that makes no slot for this long waits for transactions to make one.
const SLOTS_TO_WAIT: usize = 25;
/// Lamports kept for the fees of all the transactions of one deployment.
const FEES: u64 = 20_000_000;

/// What [`deploy`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deployed {
    New,
    Upgraded,
    /// The same bytes were there already.
    Unchanged,
}

/// Makes the cluster run these bytes at this program's address. `authority` pays and may upgrade later.
///
/// # Errors
/// [`MigrationError`], each saying what to do. Running it again continues.
pub async fn deploy(
    client: &Client,
    authority: &Keypair,
    program: &ProgramFiles,
    report: Report<'_>,
) -> Result<Deployed, MigrationError> {
    let run = Deployment {
        client,
        authority,
        program,
        id: program.keypair.pubkey(),
    };
    let deployed = on_chain(client, &run.id).await?;
    if deployed
        .as_ref()
        .is_some_and(|d| program.is_held_by(&d.bytes))
    {
        report(&Progress::Skipped {
            what: program.name.clone(),
        });
        return Ok(Deployed::Unchanged);
    }
    if let Some(there) = &deployed
        && there.authority != Some(authority.pubkey())
    {
        return Err(MigrationError::NotUpgradeAuthority {
            program: run.id,
            authority: there.authority,
        });
    }
    let buffer = run.fill_buffer(report).await?;
    let outcome = match deployed {
        None => {
            run.deploy_new(buffer).await?;
            Deployed::New
        }
        Some(old) => {
            run.upgrade(buffer, old.bytes.len()).await?;
            Deployed::Upgraded
        }
    };
    run.verify().await?;
    report(&Progress::Done {
        what: program.name.clone(),
    });
    Ok(outcome)
}

/// Where the bytes of a program are collected before they are deployed: an address that only `authority` can create.
///
/// # Errors
/// [`MigrationError::ForeignBuffer`], which no key of a program provokes.
pub fn buffer_of(authority: &Pubkey, program: &ProgramFiles) -> Result<Pubkey, MigrationError> {
    let address = program.keypair.pubkey();
    Pubkey::create_with_seed(authority, &program.seed(), &LOADER)
        .map_err(|_| MigrationError::ForeignBuffer { address })
}

impl ProgramFiles {
    /// Of its buffer: of at most 32 characters, as seeds are, and another one for other bytes.
    fn seed(&self) -> String {
        let digest = hashv(&[self.keypair.pubkey().as_ref(), &self.bytes]);
        digest.to_string().chars().take(32).collect()
    }
}

/// What the cluster runs at a program's address.
struct OnChain {
    slot: u64,
    /// Who may change it; `None`: nobody any more.
    authority: Option<Pubkey>,
    bytes: Vec<u8>,
}

async fn account_of(client: &Client, address: &Pubkey) -> Result<Option<Account>, MigrationError> {
    let response = client
        .rpc
        .get_account_with_commitment(address, CommitmentConfig::confirmed())
        .await?;
    Ok(response.value)
}

/// Refuses what is no program of the upgradeable loader.
async fn on_chain(client: &Client, id: &Pubkey) -> Result<Option<OnChain>, MigrationError> {
    let Some(account) = account_of(client, id).await? else {
        return Ok(None);
    };
    let wrong = || MigrationError::NotAProgram { address: *id };
    if account.owner != LOADER {
        return Err(wrong());
    }
    let data = account_of(client, &get_program_data_address(id))
        .await?
        .ok_or_else(wrong)?
        .data;
    let Ok(State::ProgramData {
        slot,
        upgrade_authority_address,
    }) = bincode::deserialize(&data)
    else {
        return Err(wrong());
    };
    let bytes = data
        .get(State::size_of_programdata_metadata()..)
        .unwrap_or_default()
        .to_vec();
    Ok(Some(OnChain {
        slot,
        authority: upgrade_authority_address,
        bytes,
    }))
}

/// Hands the right to upgrade a program from `authority` to `to`, which signs nothing: a multisig, best one behind a
/// timelock. There is no way back but through `to`, so `report` says what is about to be done before it is, and an address
/// that the cluster does not know is refused. Whether it had to be done.
///
/// # Errors
/// [`MigrationError::UnknownAuthority`], [`MigrationError::NotUpgradeAuthority`], [`MigrationError::NotAProgram`].
pub async fn hand_over(
    client: &Client,
    authority: &Keypair,
    program: (&str, Pubkey),
    to: Pubkey,
    report: Report<'_>,
) -> Result<bool, MigrationError> {
    let (name, id) = program;
    let what = format!("upgrade authority of {name}");
    let there = on_chain(client, &id).await?;
    let there = there.ok_or(MigrationError::NotAProgram { address: id })?;
    if there.authority == Some(to) {
        report(&Progress::Skipped { what });
        return Ok(false);
    }
    if there.authority != Some(authority.pubkey()) {
        return Err(MigrationError::NotUpgradeAuthority {
            program: id,
            authority: there.authority,
        });
    }
    if account_of(client, &to).await?.is_none() {
        return Err(MigrationError::UnknownAuthority { address: to });
    }
    report(&Progress::Next {
        what: format!(
            "{what} ({id}) goes from {} to {to}, for good",
            authority.pubkey()
        ),
    });
    let give = set_upgrade_authority(&id, &authority.pubkey(), Some(&to));
    client
        .send(&[give], &[authority])
        .await
        .map_err(MigrationError::during(&what))?;
    report(&Progress::Done { what });
    Ok(true)
}

struct Deployment<'a> {
    client: &'a Client,
    authority: &'a Keypair,
    program: &'a ProgramFiles,
    id: Pubkey,
}

impl Deployment<'_> {
    async fn fill_buffer(&self, report: Report<'_>) -> Result<Pubkey, MigrationError> {
        let authority = self.authority.pubkey();
        let seed = self.program.seed();
        let buffer = buffer_of(&authority, self.program)?;
        match account_of(self.client, &buffer).await? {
            None => self.create_buffer(buffer, &seed).await?,
            Some(account) => {
                let ours = State::Buffer {
                    authority_address: Some(authority),
                };
                let state = bincode::deserialize::<State>(&account.data).ok();
                let size = State::size_of_buffer(self.program.bytes.len());
                if account.owner != LOADER || state != Some(ours) || account.data.len() != size {
                    return Err(MigrationError::ForeignBuffer { address: buffer });
                }
            }
        }
        Upload {
            what: &self.program.name,
            account: buffer,
            start: State::size_of_buffer_metadata(),
            bytes: &self.program.bytes,
            write: |offset, bytes| write(&buffer, &authority, offset, bytes),
        }
        .run(self.client, self.authority, report)
        .await?;
        Ok(buffer)
    }

    async fn create_buffer(&self, buffer: Pubkey, seed: &str) -> Result<(), MigrationError> {
        let authority = self.authority.pubkey();
        let size = State::size_of_buffer(self.program.bytes.len());
        let rent = self.rent(size).await?;
        // The buffer's rent comes back at the deployment, in time to pay for the program's own account.
        self.require_balance(rent + FEES).await?;
        let mut instructions = create_buffer(
            &authority,
            &buffer,
            &authority,
            rent,
            self.program.bytes.len(),
        )
        .map_err(|_| MigrationError::ForeignBuffer { address: buffer })?;
        // The same account, but at an address that needs no key of its own.
        if let Some(create) = instructions.first_mut() {
            let space = u64::try_from(size).unwrap_or(u64::MAX);
            *create = create_account_with_seed(
                &authority, &buffer, &authority, seed, rent, space, &LOADER,
            );
        }
        self.send("creating the buffer", &instructions, &[self.authority])
            .await
    }

    async fn deploy_new(&self, buffer: Pubkey) -> Result<(), MigrationError> {
        let authority = self.authority.pubkey();
        let rent = self.rent(State::size_of_program()).await?;
        let length = self.program.bytes.len();
        #[allow(deprecated)]
        // Only the buffer's successor, loader-v4, replaces it; no cluster runs that.
        let instructions =
            deploy_with_max_program_len(&authority, &self.id, &buffer, &authority, rent, length)
                .map_err(|_| MigrationError::NotAProgram { address: self.id })?;
        let signers = [self.authority, &self.program.keypair];
        self.send("deploying", &instructions, &signers).await
    }

    async fn upgrade(&self, buffer: Pubkey, room: usize) -> Result<(), MigrationError> {
        let authority = self.authority.pubkey();
        let growth = self.program.bytes.len().saturating_sub(room);
        if growth > 0 {
            let growth = growth.max(LEAST_EXTENSION);
            let bytes = u32::try_from(growth).unwrap_or(u32::MAX);
            let extend = extend_program(&self.id, Some(&authority), bytes);
            self.send("making room", &[extend], &[self.authority])
                .await?;
        }
        // The loader refuses to change a program twice in one slot.
        self.wait_past_last_change().await?;
        let upgrade = upgrade(&self.id, &buffer, &authority, &authority);
        self.send("upgrading", &[upgrade], &[self.authority]).await
    }

    /// Until the next transaction falls into a later slot than the program's last change.
    async fn wait_past_last_change(&self) -> Result<(), MigrationError> {
        let changed = on_chain(self.client, &self.id).await?.map_or(0, |d| d.slot);
        for _ in 0..SLOTS_TO_WAIT {
            let rpc = &self.client.rpc;
            let now = rpc
                .get_slot_with_commitment(CommitmentConfig::processed())
                .await?;
            if now > changed {
                break;
            }
            sleep(SLOT).await;
        }
        Ok(())
    }

    /// The cluster holds the bytes and has moved on to the first slot in which they run.
    async fn verify(&self) -> Result<(), MigrationError> {
        let there = on_chain(self.client, &self.id).await?;
        if !there.is_some_and(|d| self.program.is_held_by(&d.bytes)) {
            return Err(MigrationError::NotVerified { program: self.id });
        }
        self.wait_past_last_change().await
    }

    async fn send(
        &self,
        what: &str,
        instructions: &[solana_sdk::instruction::Instruction],
        signers: &[&Keypair],
    ) -> Result<(), MigrationError> {
        let sent = self.client.send(instructions, signers).await;
        let what = format!("{}, {what}", self.program.name);
        sent.map(|_| ()).map_err(MigrationError::during(what))
    }

    async fn rent(&self, size: usize) -> Result<u64, MigrationError> {
        let rpc = &self.client.rpc;
        Ok(rpc.get_minimum_balance_for_rent_exemption(size).await?)
    }

    async fn require_balance(&self, needed: u64) -> Result<(), MigrationError> {
        let payer = self.authority.pubkey();
        let balance = self.client.rpc.get_balance(&payer).await?;
        if balance < needed {
            return Err(MigrationError::NotEnoughSol {
                payer,
                what: format!("deploying {}", self.program.name),
                balance,
                needed,
            });
        }
        Ok(())
    }
}
