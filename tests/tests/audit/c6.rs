//! New risk needs a price of its own age.
