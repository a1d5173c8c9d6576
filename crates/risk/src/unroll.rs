//! Loops written out in blocks.
//!
//! On chain every instruction costs a unit. In a loop over single entries the compiler computes the address of
//! each; in a block of constant length every address is a constant offset from the block's start.

/// Entries of a block.
pub(crate) const BLOCK: usize = 16;

/// `$step!(n)` for every `n` below [`BLOCK`].
macro_rules! each_of_block {
    ($step:ident) => {
        $step!(0);
        $step!(1);
        $step!(2);
        $step!(3);
        $step!(4);
        $step!(5);
        $step!(6);
        $step!(7);
        $step!(8);
        $step!(9);
        $step!(10);
        $step!(11);
        $step!(12);
        $step!(13);
        $step!(14);
        $step!(15);
    };
}

pub(crate) use each_of_block;
