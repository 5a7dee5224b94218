//! paceline-cli
