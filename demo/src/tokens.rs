//! Mints and wallets, made with the token program's own instructions.

use {
    anchor_spl::{
        associated_token::{get_associated_token_address, spl_associated_token_account},
        token::spl_token,
    },
    anyhow::{Context, Result},
    cep_sdk::{Client, Pubkey},
    solana_sdk::signature::{Keypair, Signer},
    solana_system_interface::instruction::create_account,
};

/// Bytes of a mint account.
const MINT_LEN: usize = 82;

/// A new mint whose authority is `payer`.
pub async fn create_mint(client: &Client, payer: &Keypair, decimals: u8) -> Result<Pubkey> {
    let mint = Keypair::new();
    let rent = client
        .rpc
        .get_minimum_balance_for_rent_exemption(MINT_LEN)
        .await?;
    let (address, authority) = (mint.pubkey(), payer.pubkey());
    let space = u64::try_from(MINT_LEN)?;
    let instructions = [
        create_account(&authority, &address, rent, space, &spl_token::ID),
        spl_token::instruction::initialize_mint2(
            &spl_token::ID,
            &address,
            &authority,
            None,
            decimals,
        )?,
    ];
    client
        .send(&instructions, &[payer, &mint])
        .await
        .context("creating a token mint")?;
    Ok(address)
}

/// Mints `amount` (smallest unit) to the wallet of `owner` and returns the wallet's token account.
pub async fn mint_to(
    client: &Client,
    payer: &Keypair,
    mint: &Pubkey,
    owner: &Pubkey,
    amount: u64,
) -> Result<Pubkey> {
    let wallet = get_associated_token_address(owner, mint);
    let authority = payer.pubkey();
    let instructions = [
        spl_associated_token_account::instruction::create_associated_token_account_idempotent(
            &authority,
            owner,
            mint,
            &spl_token::ID,
        ),
        spl_token::instruction::mint_to(&spl_token::ID, mint, &wallet, &authority, &[], amount)?,
    ];
    client
        .send(&instructions, &[payer])
        .await
        .context("minting tokens")?;
    Ok(wallet)
}

/// What lies in a token account, from its bytes: the amount is the word at 64.
pub fn balance_in(data: &[u8]) -> Option<u64> {
    let word = data.get(64..72)?.try_into().ok()?;
    Some(u64::from_le_bytes(word))
}
