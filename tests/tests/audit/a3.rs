//! An exactly offset account pays its add-ons.
