//! paceline-core
