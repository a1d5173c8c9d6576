//! A moment of solvency does not reset the insolvent clock.
