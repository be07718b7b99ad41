//! What an architecture costs.
