//! paceline-learner
