//! A dated instrument is worth its expected settlement inside its averaging window.
