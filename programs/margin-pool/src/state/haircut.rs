use {
    super::{add, sub},
    crate::error::MarginPoolError,
    anchor_lang::prelude::*,
    cep_risk::loss_index::Survival,
};

/// Losses that all with a claim of one sort share in proportion, each when it is next brought up to date: cash that
/// nothing else covers. See [`cep_risk::loss_index`].
#[zero_copy]
#[derive(Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Haircut {
    /// The part of a claim that is left of all losses so far.
    pub left: Left,
    /// What all claims come to after them, micro-USD; by rounding it may be a few units more.
    pub claims: i64,
    /// Shared out and not taken from claims yet, micro-USD. Below zero by what rounding took too much.
    pub due: i64,
}

/// [`Survival`] in an account: where losses stood when a claim was written down. All zero: before the first.
#[zero_copy]
#[derive(Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Left {
    pub factor: u64,
    /// Fits 32 bits.
    pub scale: u64,
}

impl Left {
    fn survival(self) -> Result<Survival> {
        if self.factor == 0 {
            return Ok(Survival::default());
        }
        let scale = u32::try_from(self.scale).map_err(|_| MarginPoolError::Overflow)?;
        Ok(Survival::new(self.factor, scale).map_err(MarginPoolError::from)?)
    }
}

impl Haircut {
    /// Every claim gives its part of `loss`, which is no more than all claims.
    pub fn share(&mut self, loss: i64) -> Result<()> {
        let (loss_size, claims) = (size(loss)?, size(self.claims)?);
        let after = self.left.survival()?.after(loss_size, claims);
        let (factor, scale) = after.map_err(MarginPoolError::from)?.words();
        self.left = Left {
            factor,
            scale: u64::from(scale),
        };
        self.claims = sub(self.claims, loss)?;
        self.due = add(self.due, loss)?;
        Ok(())
    }

    /// What losses since it was written down leave of a claim, rounded down.
    pub fn kept(&self, claim: i64, since: Left) -> Result<i64> {
        if claim <= 0 || since == self.left {
            return Ok(claim.max(0));
        }
        let kept = self.left.survival()?.kept(size(claim)?, since.survival()?);
        let kept = kept.map_err(MarginPoolError::from)?;
        Ok(i64::try_from(kept).map_err(|_| MarginPoolError::Overflow)?)
    }

    /// Takes a claim out of the sum and returns what it lost.
    pub fn take(&mut self, claim: i64, since: Left) -> Result<i64> {
        let kept = self.kept(claim, since)?;
        let lost = sub(claim.max(0), kept)?;
        self.claims = sub(self.claims, kept)?;
        self.due = sub(self.due, lost)?;
        Ok(lost)
    }

    /// Writes a claim down, at the losses so far.
    pub fn enter(&mut self, claim: i64) -> Result<Left> {
        self.claims = add(self.claims, claim.max(0))?;
        Ok(self.left)
    }

    pub fn invariant(&self) -> Result<()> {
        require!(self.claims >= 0, MarginPoolError::LedgerImbalance);
        Ok(())
    }
}

fn size(amount: i64) -> Result<u64> {
    u64::try_from(amount).map_err(|_| MarginPoolError::Overflow.into())
}

const _: () = assert!(size_of::<Haircut>() == 32 && size_of::<Left>() == 16);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_taken_from_each_claim_once_and_from_later_ones_never() {
        let mut haircut: Haircut = bytemuck::Zeroable::zeroed();
        let first = haircut.enter(300).unwrap();
        haircut.enter(100).unwrap();
        haircut.share(100).unwrap();
        let later = haircut.enter(40).unwrap();
        assert_eq!((haircut.claims, haircut.due), (340, 100));
        assert_eq!(haircut.take(300, first).unwrap(), 75);
        assert_eq!(haircut.take(40, later).unwrap(), 0);
        assert_eq!(haircut.take(100, first).unwrap(), 25);
        assert_eq!((haircut.claims, haircut.due), (0, 0));
        assert!(haircut.share(1).is_err());
    }

    #[test]
    fn rounding_takes_at_least_what_was_lost() {
        let mut haircut: Haircut = bytemuck::Zeroable::zeroed();
        let since = haircut.left;
        for _ in 0..3 {
            haircut.enter(10).unwrap();
        }
        haircut.share(10).unwrap();
        let lost: i64 = (0..3).map(|_| haircut.take(10, since).unwrap()).sum();
        assert_eq!((lost, haircut.due, haircut.claims), (12, -2, 2));
        assert!(haircut.invariant().is_ok());
    }
}
