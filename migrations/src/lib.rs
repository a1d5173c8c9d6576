//! From bare programs to a running deployment. [`deploy`](mod@deploy) puts the bytecode on a cluster,
//! [`parameters`] says what is set up, [`plan`] turns it into steps that know whether they are done already,
//! and [`apply`](mod@apply) runs them. A run that was cut off is simply run again.

pub mod apply;
pub mod deploy;
pub mod error;
pub mod files;
pub mod parameters;
pub mod plan;
pub mod progress;
mod upload;

pub use {
    apply::{Applied, apply, refresh},
    deploy::{Deployed, deploy, hand_over},
    error::MigrationError,
    files::ProgramFiles,
    parameters::{CollateralParameters, Parameters, UnderlyingParameters},
    plan::{Step, steps},
    progress::Progress,
};
