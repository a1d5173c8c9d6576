//! What a program needs of its target: a heap that takes memory back ([`Heap`]), and 128-bit integer helpers under the
//! calling convention that LLVM 23 expects of them.
//!
//! LLVM 23 returns an i128 in a register pair on BPF, and so calls `__multi3`, `__udivti3` and their
//! kin. rustc 1.95 (LLVM 22) still returns an i128 through a hidden pointer, so helpers compiled as
//! ordinary Rust or C functions read their arguments one register off and corrupt memory. The
//! "unadjusted" ABI hands LLVM the bare types, and both sides agree. A rustc on LLVM 23 or newer
//! does not need this crate. Everything else (memcpy and soft floats, mapped to syscalls) comes from
//! `solana-compiler-builtins`, whose own weak definitions of these five give way to the ones here.
//!
//! A program needs the crate linked, not called: `#[cfg(target_arch = "bpf")] use cep_sbf_abi as _;`
//! The heap is the program's global allocator where its feature `custom-heap` is on, which is what keeps the entrypoint
//! from bringing its own.
#![cfg_attr(not(test), no_std)]
#![cfg_attr(target_arch = "bpf", feature(abi_unadjusted), allow(internal_features))]

mod heap;
#[cfg(target_arch = "bpf")]
mod helpers;
mod widening;

pub use heap::Heap;
