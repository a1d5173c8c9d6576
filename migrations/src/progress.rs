//! What a long run tells whoever watches it.

/// One report. `what` names a program or a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A step ran.
    Done { what: String },
    /// A step was found done already.
    Skipped { what: String },
    /// A step that cannot be taken back is about to run.
    Next { what: String },
    /// A step cannot be run yet.
    Waiting { what: String, until: String },
    /// An upload has this many of its parts on chain.
    Uploaded {
        what: String,
        parts: usize,
        of: usize,
    },
}

/// Where reports go.
pub type Report<'a> = &'a (dyn Fn(&Progress) + Send + Sync);

/// Reports to nobody.
pub fn silent(_: &Progress) {}
