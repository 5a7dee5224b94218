//! paceline-bank
