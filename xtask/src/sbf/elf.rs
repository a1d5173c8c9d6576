//! A look at a finished program before anyone deploys it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

const MACHINE_BPF: u16 = 247;
const MACHINE_SBF: u16 = 263;
/// The sBPF version stands in `e_flags`. Only v3 works with the upstream toolchain, and it is active on
/// mainnet-beta.
const SBPF_V3: u32 = 3;

/// Size of the program, if it is one.
pub fn check(path: &Path) -> Result<usize> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    check_bytes(&bytes)
        .with_context(|| format!("{} is not a program that can be deployed", path.display()))?;
    Ok(bytes.len())
}

fn check_bytes(bytes: &[u8]) -> Result<()> {
    ensure!(
        bytes.len() >= 64 && bytes.starts_with(b"\x7fELF"),
        "it is no ELF file"
    );
    ensure!(
        bytes[4] == 2 && bytes[5] == 1,
        "it is not a 64-bit little-endian ELF file"
    );
    let machine = u16::from_le_bytes([bytes[18], bytes[19]]);
    ensure!(
        machine == MACHINE_BPF || machine == MACHINE_SBF,
        "its machine is {machine}, not BPF"
    );
    let version = u32::from_le_bytes([bytes[48], bytes[49], bytes[50], bytes[51]]);
    ensure!(version == SBPF_V3, "it is sBPF v{version}, not v3");
    let headers = u16::from_le_bytes([bytes[56], bytes[57]]);
    ensure!(
        headers > 0,
        "it has no code (is it built with `no-entrypoint`?)"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(version: u8) -> Vec<u8> {
        let mut bytes = vec![0; 64];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[18] = MACHINE_BPF as u8;
        bytes[48] = version;
        bytes[56] = 2;
        bytes
    }

    #[test]
    fn v3_passes_and_others_do_not() {
        assert!(check_bytes(&program(3)).is_ok());
        for version in [0, 1, 2, 4] {
            let error = check_bytes(&program(version)).unwrap_err().to_string();
            assert_eq!(error, format!("it is sBPF v{version}, not v3"));
        }
    }

    #[test]
    fn other_files_are_refused() {
        assert!(check_bytes(b"#!/bin/sh").is_err());
        let mut host = program(3);
        host[18] = 62;
        assert!(check_bytes(&host).is_err());
        let mut empty = program(3);
        empty[56] = 0;
        assert!(check_bytes(&empty).is_err());
    }
}
