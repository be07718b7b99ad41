//! Drawings and dumps of a supergraph.
