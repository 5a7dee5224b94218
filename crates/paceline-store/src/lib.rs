//! paceline-store
