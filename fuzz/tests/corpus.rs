//! The committed corpus, replayed on any compiler: seeds end as they are named, and whatever a fuzzer found since
//! makes nothing panic.
#![allow(clippy::unwrap_used, clippy::panic)]

use {
    cep_fuzz::{TARGETS, seeds},
    std::{collections::BTreeSet, fs, path::Path},
};

fn corpus() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/corpus"))
}

#[test]
fn every_seed_ends_as_it_is_named() {
    for seed in seeds::all() {
        let (_, target) = TARGETS
            .iter()
            .find(|(name, _)| *name == seed.target)
            .unwrap();
        let outcome = target(&seed.input);
        let refusal = outcome.err().map(|refusal| refusal.name());
        assert_eq!(
            refusal.as_deref(),
            seed.refusal,
            "{}/{}",
            seed.target,
            seed.name
        );
    }
}

#[test]
fn every_input_of_the_corpus_is_answered() {
    for (name, target) in TARGETS {
        let folder = corpus().join(name);
        let mut files = 0;
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let _ = target(&fs::read(&path).unwrap());
            files += 1;
        }
        assert!(files > 3, "{} is nearly empty", folder.display());
    }
}

/// The files that a fuzz run starts from are the seeds as the accounts look now: `cargo test -p cep-fuzz -- --ignored`
/// is not needed, `CEP_WRITE_SEEDS=1 cargo test -p cep-fuzz` writes them.
#[test]
fn the_corpus_holds_the_seeds() {
    let write = std::env::var_os("CEP_WRITE_SEEDS").is_some();
    let mut targets = BTreeSet::new();
    for seed in seeds::all() {
        let folder = corpus().join(seed.target);
        let file = folder.join(format!("seed_{}", seed.name));
        if write {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&file, &seed.input).unwrap();
        }
        let stored = fs::read(&file).unwrap_or_default();
        assert!(
            stored == seed.input,
            "{} is not the seed of today; run CEP_WRITE_SEEDS=1 cargo test -p cep-fuzz",
            file.display()
        );
        targets.insert(seed.target);
    }
    assert_eq!(targets.len(), TARGETS.len());
}
