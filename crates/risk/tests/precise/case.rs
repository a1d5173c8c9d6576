//! Inputs of Black-76 as the tests draw them.

use {
    super::Draw,
    cep_risk::{
        Price,
        black76::{Inputs, MAX_VOLATILITY, MIN_VOLATILITY, OptionKind, Terms, price},
        fixed::MAX_SECONDS,
    },
};

pub const YEAR: u64 = 31_536_000;
pub const KINDS: [OptionKind; 2] = [OptionKind::Call, OptionKind::Put];

/// One set of raw inputs.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub f: u64,
    pub k: u64,
    pub seconds: u64,
    pub volatility: u64,
    pub rate: i64,
}

impl Case {
    pub fn random(draw: &mut Draw, ratio: u64) -> Self {
        let f = draw.log(1_000_000, 1 << 40);
        Self {
            f,
            k: draw.log((f / ratio).max(1), f * ratio),
            seconds: draw.log(1, MAX_SECONDS),
            volatility: draw.log(MIN_VOLATILITY, MAX_VOLATILITY),
            rate: draw.between(-1 << 29, 1 << 30),
        }
    }

    pub fn terms(&self, kind: OptionKind) -> Terms {
        Terms {
            kind,
            strike: Price::new(self.k).unwrap(),
        }
    }

    pub fn inputs(&self) -> Inputs {
        let forward = Price::new(self.f).unwrap();
        Inputs::new(forward, self.seconds, self.volatility, self.rate).unwrap()
    }

    pub fn price(&self, kind: OptionKind) -> i64 {
        price(&self.terms(kind), &self.inputs()).unwrap().0
    }
}

pub fn q32(x: f64) -> u64 {
    (x * 2f64.powi(32)).round() as u64
}
