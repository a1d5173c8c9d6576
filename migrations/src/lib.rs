//! From bare programs to a running deployment. [`parameters`] says what is set up, [`plan`] turns it into
//! steps that know whether they are done already, so a run that was cut off is simply run again.

pub mod parameters;
pub mod plan;

pub use {
    parameters::{CollateralParameters, Parameters, UnderlyingParameters},
    plan::{Step, steps},
};
