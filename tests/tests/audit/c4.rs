//! A silent tenor keeps its last word.
