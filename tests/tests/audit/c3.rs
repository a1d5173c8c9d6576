//! Realised volatility does not depend on who refreshes.
