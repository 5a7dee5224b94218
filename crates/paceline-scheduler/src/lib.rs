//! paceline-scheduler
