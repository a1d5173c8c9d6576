//! Instruction data: which function, how often, and where its inputs come from.

use crate::{Function, Refusal};

/// A function, how often it is called, and its inputs: given words first, then words drawn from a seed.
#[derive(Clone, Debug)]
pub struct Request {
    pub function: Function,
    pub calls: u8,
    pub seed: u64,
    /// Inputs of the first calls, in the order in which they are taken.
    pub words: Vec<u64>,
    taken: usize,
}

impl Request {
    #[must_use]
    pub const fn random(function: Function, calls: u8, seed: u64) -> Self {
        Self {
            function,
            calls,
            seed,
            words: Vec::new(),
            taken: 0,
        }
    }

    #[must_use]
    pub const fn given(function: Function, calls: u8, words: Vec<u64>) -> Self {
        Self {
            function,
            calls,
            seed: 0,
            words,
            taken: 0,
        }
    }

    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![self.function as u8, self.calls];
        bytes.extend_from_slice(&self.seed.to_le_bytes());
        for word in &self.words {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let Some(([function, calls], rest)) = bytes.split_first_chunk() else {
            return Err(Refusal::BadRequest);
        };
        let (seed, rest) = rest.split_first_chunk().ok_or(Refusal::BadRequest)?;
        let (words, rest) = rest.as_chunks();
        if !rest.is_empty() {
            return Err(Refusal::BadRequest);
        }
        Ok(Self {
            function: Function::from_number(*function).ok_or(Refusal::BadRequest)?,
            calls: *calls,
            seed: u64::from_le_bytes(*seed),
            words: words.iter().map(|word| u64::from_le_bytes(*word)).collect(),
            taken: 0,
        })
    }

    /// The next word. A drawn one has its magnitude drawn too, so that small and large numbers are
    /// equally likely.
    pub(crate) fn word(&mut self) -> u64 {
        if let Some(word) = self.words.get(self.taken) {
            self.taken += 1;
            return *word;
        }
        let magnitude = self.draw() % 64;
        self.draw() >> magnitude
    }

    /// The next word as a signed number of either sign; a given one as it is.
    pub(crate) fn signed(&mut self) -> i64 {
        if let Some(word) = self.words.get(self.taken) {
            self.taken += 1;
            return word.cast_signed();
        }
        let magnitude = self.draw() % 64;
        self.draw().cast_signed() >> magnitude
    }

    /// The next word, evenly from `low ..= high`; a given one is brought into that range.
    pub(crate) fn within(&mut self, low: u64, high: u64) -> u64 {
        if let Some(word) = self.words.get(self.taken) {
            self.taken += 1;
            return (*word).clamp(low, high);
        }
        match (high - low).checked_add(1) {
            Some(count) => low + self.draw() % count,
            None => self.draw(),
        }
    }

    /// SplitMix64 (Steele, Lea and Flood 2014).
    fn draw(&mut self) -> u64 {
        self.seed = self.seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.seed;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
