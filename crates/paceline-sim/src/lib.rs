//! paceline-sim
