//! What a state says about the row to come: the dense features and what the tables are indexed by.

use paceline_core::math;

use super::state::{Previous, State, Variant, halves, item_h, item_u, set_key, skill_f, skill_u};

macro_rules! dense {
    ($($variant:ident $name:literal $meaning:literal),+ $(,)?) => {
        /// A dense feature. Those of several skills are averaged over the row's skills.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Dense {
            $(#[doc = $meaning] $variant),+
        }

        impl Dense {
            /// Every feature, in the order of the weights.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The short name that model files use.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What it measures, in words a teacher can be shown.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning),+ }
            }
        }
    };
}

dense! {
    Z "z" "easiness of the item",
    G50 "G0.5" "recent results, last 2 answers",
    G80 "G0.8" "recent results, last 5 answers",
    G95 "G0.95" "recent results, last 20 answers",
    G99 "G0.99" "recent results, last 100 answers",
    LogT "logT" "length of the history",
    KfG "kf_g" "ability over all skills",
    KfK "kf_k" "ability on this skill beyond the general one",
    KfSd "kf_sd" "uncertainty of the ability",
    KfLogit "kf_logit" "ability and easiness together",
    K40 "K0.4" "results on the skill, last 2 answers",
    K70 "K0.7" "results on the skill, last 3 answers",
    K90 "K0.9" "results on the skill, last 10 answers",
    K98 "K0.98" "results on the skill, last 50 answers",
    Kraw40 "Kraw0.4" "share right on the skill, last 2 answers",
    Kraw70 "Kraw0.7" "share right on the skill, last 3 answers",
    Kraw90 "Kraw0.9" "share right on the skill, last 10 answers",
    Kraw98 "Kraw0.98" "share right on the skill, last 50 answers",
    LogKa "logKa" "answers on the skill so far",
    LogKw "logKw" "right answers on the skill so far",
    LogKf "logKf" "wrong answers on the skill so far",
    KNew "K_new" "skill never tried",
    Kmin "Kmin_.7" "results on the weakest of the skills",
    KGapEv "K_gapev" "answers since the skill was last tried",
    KRun "K_run" "streak on the skill",
    Ia "Ia" "earlier tries on this item",
    Iw "Iw" "earlier right tries on this item",
    If "If" "earlier wrong tries on this item",
    INew "I_new" "item never tried",
    ILast "I_last" "last outcome on this item",
    IGapEv "I_gapev" "answers since this item was last tried",
    IDec "I_dec" "results on this item",
    PrevCorr "prevcorr" "previous answer right",
    SameItem "sameitem" "same item as the previous answer",
    SameSkill "sameskill" "same skill as the previous answer",
    SameItemCorr "sameitem_corr" "same item, previous answer right",
    SameSkillCorr "sameskill_corr" "same skill, previous answer right",
    ItemRun "itemrun" "answers in a row on this item",
    PrevRes "prevres" "surprise of the previous answer",
    G1 "G1" "results over the whole history",
    Trend "trend" "recent results against the longer run",
    KGapH "K_gaph" "time since the skill was last tried",
    IGapH "I_gaph" "time since this item was last tried",
    GGapH "G_gaph" "time since the last answer",
    KGapHx "K_gaph_x" "time since the skill was last tried, over the tries on it",
    KForget "K_forget" "time since the skill was last tried, times results on it",
}

/// How many dense features there are.
pub const N_DENSE: usize = Dense::ALL.len();

impl Dense {
    /// Those of the lite variant; the last three only say something where times are real.
    pub const LITE: &[Self] = &[
        Self::Z,
        Self::KfG,
        Self::KfK,
        Self::KfLogit,
        Self::K70,
        Self::K98,
        Self::G80,
        Self::LogKa,
        Self::LogKf,
        Self::Ia,
        Self::ILast,
        Self::PrevCorr,
        Self::KGapH,
        Self::IGapH,
        Self::GGapH,
    ];

    /// The features of a variant.
    pub fn of(variant: Variant) -> &'static [Self] {
        match variant {
            Variant::Lite => Self::LITE,
            Variant::Full => Self::ALL,
        }
    }
}

/// A row before its outcome is known.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// The distinct skills of the item, as indexes of one bank version; at least one.
    pub skills: &'a [u32],
    /// The item, likewise.
    pub item: u32,
    /// Easiness of the item for the average learner, in logits.
    pub easiness: f32,
    /// When, in seconds since 1970.
    pub seconds: u32,
}

/// One of the row's skills, as the tables see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SkillTerm {
    pub(crate) skill: u32,
    /// Where the state has it.
    pub(crate) row: Result<usize, usize>,
    pub(crate) code: u32,
    pub(crate) k70: f32,
    pub(crate) log_a: f32,
    pub(crate) log_w: f32,
    pub(crate) log_f: f32,
}

/// Everything a prediction is made of. Reused from row to row: it allocates only while it grows.
#[derive(Clone, Debug)]
pub struct Features {
    pub(crate) dense: [f32; N_DENSE],
    pub(crate) skills: Vec<SkillTerm>,
    pub(crate) item: u32,
    pub(crate) item_row: Result<usize, usize>,
    pub(crate) set: u64,
    /// Earlier tries on the item.
    pub(crate) item_tries: u32,
    /// Whether the last of them was right.
    pub(crate) item_right: bool,
    pub(crate) item_code: u32,
    pub(crate) code: u32,
    pub(crate) previous: [Previous; 2],
    /// What the Kalman update needs: logit and variance of the prediction.
    pub(crate) logit: f32,
    pub(crate) variance: f32,
}

impl Default for Features {
    fn default() -> Self {
        Self {
            dense: [0.0; N_DENSE],
            skills: Vec::new(),
            item: 0,
            item_row: Err(0),
            set: 0,
            item_tries: 0,
            item_right: false,
            item_code: 1,
            code: 1,
            previous: [Previous::default(); 2],
            logit: 0.0,
            variance: 0.0,
        }
    }
}

impl Features {
    /// Values of all dense features, in the order of [`Dense::ALL`]; those that a lite state does
    /// not carry are zero.
    pub fn dense(&self) -> &[f32; N_DENSE] {
        &self.dense
    }

    /// Sets what depends on the item, on the rows before and on time since them to "no history".
    pub(crate) fn forget_context(&mut self) {
        const CONTEXT: [Dense; 13] = [
            Dense::PrevCorr,
            Dense::SameItem,
            Dense::SameSkill,
            Dense::SameItemCorr,
            Dense::SameSkillCorr,
            Dense::ItemRun,
            Dense::PrevRes,
            Dense::KGapEv,
            Dense::KGapH,
            Dense::IGapH,
            Dense::GGapH,
            Dense::KGapHx,
            Dense::KForget,
        ];
        for feature in CONTEXT {
            self.dense[feature as usize] = 0.0;
        }
        self.previous = [Previous::default(); 2];
    }

    /// What a logit of easiness adds to [`Dense::KfLogit`].
    pub(crate) fn kf_logit_slope(&self) -> f32 {
        1.0 / (1.0 + PROBIT * self.variance).sqrt()
    }

    #[inline]
    fn set_dense(&mut self, feature: Dense, value: f32) {
        self.dense[feature as usize] = value;
    }
}

/// Variance of a standard logistic is pi^2/3; `.3927 = pi/8` is the probit approximation's constant
/// (MacKay 1992).
#[expect(
    clippy::approx_constant,
    reason = "the published approximation rounds pi/8, and fitted weights rest on it"
)]
pub(crate) const PROBIT: f32 = 0.3927;

impl State {
    /// Reads the features of `row` off the state.
    pub(crate) fn features(&self, row: &Row<'_>, v_k0: f32, out: &mut Features) {
        out.item = row.item;
        out.set = set_key(row.skills);
        out.previous = self.global.previous;
        out.code = u32::from(self.global.code);
        out.skills.clear();
        let share = 1.0 / row.skills.len() as f32;
        let mut sums = Sums::default();
        for &skill in row.skills {
            let at = self.find_skill(skill);
            let term = match at {
                Ok(at) => self.tried(at, skill, row.seconds, share, &mut sums),
                Err(at) => {
                    sums.variance += v_k0;
                    sums.k_raw.iter_mut().for_each(|sum| *sum += 0.7);
                    sums.untried += 1.0;
                    sums.lowest = sums.lowest.min(0.0);
                    SkillTerm {
                        skill,
                        row: Err(at),
                        code: 1,
                        k70: 0.0,
                        log_a: 0.0,
                        log_w: 0.0,
                        log_f: 0.0,
                    }
                }
            };
            out.skills.push(term);
        }
        let m_k = sums.m * share;
        out.variance = self.global.v + sums.variance * share * share;
        out.logit = row.easiness + self.global.m + m_k;

        out.set_dense(Dense::Z, row.easiness);
        out.set_dense(Dense::KfG, self.global.m);
        out.set_dense(Dense::KfK, m_k);
        let spread = (1.0 + PROBIT * out.variance).sqrt();
        out.set_dense(Dense::KfLogit, out.logit / spread);
        out.set_dense(Dense::K70, sums.k[1] * share);
        out.set_dense(Dense::K98, sums.k[3] * share);
        let g = |i: usize| self.global.s[i] / (self.global.n[i] + 2.0);
        out.set_dense(Dense::G80, g(1));
        out.set_dense(Dense::LogKa, sums.log_a * share);
        out.set_dense(Dense::LogKf, sums.log_f * share);
        let answered = self.global.rows > 0;
        let last_right = self.global.previous[0].right;
        let prevcorr = if answered { sign(last_right) } else { 0.0 };
        out.set_dense(Dense::PrevCorr, prevcorr);
        out.set_dense(Dense::KGapH, sums.gap_h * share);
        out.set_dense(
            Dense::GGapH,
            if answered {
                log_hours(row.seconds, self.global.seconds)
            } else {
                0.0
            },
        );
        self.item_features(row, out);
        if self.variant == Variant::Full {
            self.full_features(&sums, share, prevcorr, out);
        }
    }

    /// One skill that the state has, added to the sums over the row's skills.
    #[inline]
    fn tried(&self, at: usize, skill: u32, seconds: u32, share: f32, sums: &mut Sums) -> SkillTerm {
        let f = |column| self.skill_f.at(column, at);
        let (attempts, wrong) = halves(self.skill_u.at(skill_u::COUNTS, at));
        let k70 = f(skill_f::S70) / (f(skill_f::N70) + 2.0);
        let mut term = SkillTerm {
            skill,
            row: Ok(at),
            code: 1,
            k70,
            log_a: log1p(attempts),
            log_w: 0.0,
            log_f: log1p(wrong),
        };
        sums.m += f(skill_f::M);
        sums.variance += f(skill_f::V);
        sums.k[1] += k70;
        sums.k[3] += f(skill_f::S98) / (f(skill_f::N98) + 2.0);
        sums.log_a += term.log_a;
        sums.log_f += term.log_f;
        let mut gap = 0.0;
        if attempts > 0 {
            gap = log_hours(seconds, self.skill_u.at(skill_u::SECONDS, at));
            sums.gap_h += gap;
        } else {
            sums.untried += 1.0;
        }
        if self.variant == Variant::Full {
            term.log_w = log1p(attempts - wrong);
            sums.log_w += term.log_w;
            sums.k[0] += f(skill_f::S40) / (f(skill_f::N40) + 2.0);
            sums.k[2] += f(skill_f::S90) / (f(skill_f::N90) + 2.0);
            let raw = |w, n| (f(w) + 0.7) / (f(n) + 1.0);
            sums.k_raw[0] += raw(skill_f::W40, skill_f::N40);
            sums.k_raw[1] += raw(skill_f::W70, skill_f::N70);
            sums.k_raw[2] += raw(skill_f::W90, skill_f::N90);
            sums.k_raw[3] += raw(skill_f::W98, skill_f::N98);
            sums.lowest = sums.lowest.min(k70);
            let (code, streak) = halves(self.skill_u.at(skill_u::PATTERN, at));
            term.code = code;
            sums.streak += streak as f32 - 8.0;
            if attempts > 0 {
                let index = self.skill_u.at(skill_u::INDEX, at);
                let since = self.global.rows.saturating_sub(index).max(1);
                sums.gap_ev += math::ln(since as f32);
                sums.gap_x += gap / (1 + attempts) as f32 * share;
                sums.forget += gap * k70 * share;
                sums.same |= since == 1;
            }
        }
        term
    }

    fn item_features(&self, row: &Row<'_>, out: &mut Features) {
        out.item_row = self.find_item(row.item);
        let Ok(at) = out.item_row else {
            out.item_tries = 0;
            out.item_right = false;
            out.set_dense(Dense::Ia, 0.0);
            out.set_dense(Dense::ILast, 0.0);
            out.set_dense(Dense::IGapH, 0.0);
            return;
        };
        let tries = u32::from(self.item_h.at(item_h::TRIES, at));
        out.item_tries = tries >> 1;
        out.item_right = tries & 1 == 1;
        out.set_dense(Dense::Ia, log1p(out.item_tries));
        out.set_dense(Dense::ILast, sign(out.item_right));
        let seconds = self.item_u.at(item_u::SECONDS, at);
        out.set_dense(Dense::IGapH, log_hours(row.seconds, seconds));
    }

    /// What only the full variant reads.
    fn full_features(&self, sums: &Sums, share: f32, prevcorr: f32, out: &mut Features) {
        let global = &self.global;
        let g = |i: usize| global.s[i] / (global.n[i] + 2.0);
        out.set_dense(Dense::G50, g(0));
        out.set_dense(Dense::G95, g(2));
        out.set_dense(Dense::G99, g(3));
        out.set_dense(Dense::LogT, log1p(global.rows));
        out.set_dense(Dense::KfSd, out.variance.sqrt());
        out.set_dense(Dense::K40, sums.k[0] * share);
        out.set_dense(Dense::K90, sums.k[2] * share);
        for i in 0..4 {
            out.dense[Dense::Kraw40 as usize + i] = sums.k_raw[i] * share;
        }
        out.set_dense(Dense::LogKw, sums.log_w * share);
        out.set_dense(Dense::KNew, sums.untried * share);
        out.set_dense(Dense::Kmin, sums.lowest);
        out.set_dense(Dense::KGapEv, sums.gap_ev * share);
        out.set_dense(Dense::KRun, sums.streak * share);
        out.set_dense(Dense::KGapHx, sums.gap_x);
        out.set_dense(Dense::KForget, sums.forget);
        let same_item = global.rows > 0 && global.previous[0].item == out.item;
        let indicator = |is| if is { 1.0 } else { 0.0 };
        out.set_dense(Dense::SameItem, indicator(same_item));
        out.set_dense(Dense::SameSkill, indicator(sums.same));
        out.set_dense(Dense::SameItemCorr, indicator(same_item) * prevcorr);
        out.set_dense(Dense::SameSkillCorr, indicator(sums.same) * prevcorr);
        let run = if same_item {
            log1p(u32::from(global.item_run))
        } else {
            0.0
        };
        out.set_dense(Dense::ItemRun, run);
        out.set_dense(Dense::PrevRes, global.last_r);
        out.set_dense(Dense::G1, global.sum_r / (global.rows as f32 + 2.0));
        out.set_dense(Dense::Trend, g(1) - g(3));
        let item = match out.item_row {
            Ok(at) => {
                let tries = out.item_tries;
                let right = u32::from(self.item_h.at(item_h::RIGHT, at));
                let index = self.item_u.at(item_u::INDEX, at);
                let since = global.rows.saturating_sub(index).max(1);
                let s = f32::from_bits(self.item_u.at(item_u::S60, at));
                let n = f32::from_bits(self.item_u.at(item_u::N60, at));
                out.item_code = u32::from(self.item_h.at(item_h::CODE, at));
                [
                    log1p(right),
                    log1p(tries.saturating_sub(right)),
                    0.0,
                    math::ln(since as f32),
                    s / (n + 0.5),
                ]
            }
            Err(_) => {
                out.item_code = 1;
                [0.0, 0.0, 1.0, 0.0, 0.0]
            }
        };
        out.set_dense(Dense::Iw, item[0]);
        out.set_dense(Dense::If, item[1]);
        out.set_dense(Dense::INew, item[2]);
        out.set_dense(Dense::IGapEv, item[3]);
        out.set_dense(Dense::IDec, item[4]);
    }
}

/// Sums over the skills of a row.
#[derive(Clone, Copy)]
struct Sums {
    m: f32,
    variance: f32,
    k: [f32; 4],
    k_raw: [f32; 4],
    log_a: f32,
    log_w: f32,
    log_f: f32,
    untried: f32,
    lowest: f32,
    streak: f32,
    gap_ev: f32,
    gap_h: f32,
    gap_x: f32,
    forget: f32,
    same: bool,
}

impl Default for Sums {
    fn default() -> Self {
        Self {
            m: 0.0,
            variance: 0.0,
            k: [0.0; 4],
            k_raw: [0.0; 4],
            log_a: 0.0,
            log_w: 0.0,
            log_f: 0.0,
            untried: 0.0,
            lowest: f32::INFINITY,
            streak: 0.0,
            gap_ev: 0.0,
            gap_h: 0.0,
            gap_x: 0.0,
            forget: 0.0,
            same: false,
        }
    }
}

#[inline]
pub(crate) fn sign(right: bool) -> f32 {
    if right { 1.0 } else { -1.0 }
}

#[inline]
fn log1p(count: u32) -> f32 {
    math::ln((1 + count) as f32)
}

/// `ln` of the hours between two times; 0 up to one hour. Shorter gaps would leak how long the
/// answer took.
#[inline]
pub(crate) fn log_hours(now: u32, then: u32) -> f32 {
    let seconds = now.saturating_sub(then);
    if seconds > 3600 {
        math::ln(seconds as f32 / 3600.0)
    } else {
        0.0
    }
}
