//! A repeated (book, market) pair is sliced once or refused.
