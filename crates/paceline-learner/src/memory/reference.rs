//! FSRS-6 written out in f64, term by term as published: what the f32 code is held to.

use super::{Grade, Review};

pub(super) struct Plain {
    pub(super) w: [f64; 21],
}

impl Plain {
    fn factor(&self) -> f64 {
        0.9f64.powf(-1.0 / self.w[20]) - 1.0
    }

    pub(super) fn retrievability(&self, t: f64, s: f64) -> f64 {
        (1.0 + self.factor() * t / s).powf(-self.w[20])
    }

    fn first_difficulty(&self, grade: f64) -> f64 {
        self.w[4] - (self.w[5] * (grade - 1.0)).exp() + 1.0
    }

    pub(super) fn first(&self, grade: Grade) -> (f64, f64) {
        let g = f64::from(grade.rating());
        (
            self.w[g as usize - 1],
            self.first_difficulty(g).clamp(1.0, 10.0),
        )
    }

    pub(super) fn replay(&self, history: &[Review]) -> (f64, f64) {
        let later =
            |state, review: &Review| self.next(state, f64::from(review.elapsed_days), review.grade);
        history[1..]
            .iter()
            .fold(self.first(history[0].grade), later)
    }

    pub(super) fn next(&self, (s, d): (f64, f64), t: f64, grade: Grade) -> (f64, f64) {
        let w = &self.w;
        let g = f64::from(grade.rating());
        let r = self.retrievability(t, s);
        let new_s = if t == 0.0 {
            let sinc = (w[17] * (g - 3.0 + w[18])).exp() * s.powf(-w[19]);
            s * if g >= 2.0 { sinc.max(1.0) } else { sinc }
        } else if grade == Grade::Again {
            let left =
                w[11] * d.powf(-w[12]) * ((s + 1.0).powf(w[13]) - 1.0) * (w[14] * (1.0 - r)).exp();
            left.min(s / (w[17] * w[18]).exp())
        } else {
            let bonus = match grade {
                Grade::Hard => w[15],
                Grade::Easy => w[16],
                _ => 1.0,
            };
            s * (w[8].exp()
                * (11.0 - d)
                * s.powf(-w[9])
                * ((w[10] * (1.0 - r)).exp() - 1.0)
                * bonus
                + 1.0)
        };
        let moved = d - w[6] * (g - 3.0) * (10.0 - d) / 9.0;
        let new_d = w[7] * (self.first_difficulty(4.0) - moved) + moved;
        (new_s.clamp(0.001, 36_500.0), new_d.clamp(1.0, 10.0))
    }
}
