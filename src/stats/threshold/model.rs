//! The model of the threshold test as a log density with its gradient, over coordinates without bounds.
//!
//! Of each cell only three terms meet data: stops with a hit, with a search and no hit, and without a search. Written
//! so, the product of the two binomials is a multinomial whose log has no difference of near numbers. Exponentials of
//! group and place are made once for each, so a cell costs two tails, two densities and three logarithms.

use super::{Cell, Counts, Priors};
use crate::stats::special::{ln_add_exp, ln_normal_sf};
use core::f64::consts::{FRAC_1_SQRT_2, TAU};

/// Below this a tail of the normal is taken from its logarithm.
const TINY: f64 = 1e-290;

/// Searches from which a cell's own threshold is a coordinate. With fewer, its distance from the group's is: where data
/// are few a threshold that follows `sigma_t` closely makes a funnel, where they are many the distance does.
const MANY_SEARCHES: u64 = 10;

/// Where each parameter stands in a position.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    groups: usize,
    places: usize,
}

impl Layout {
    fn cells(self) -> usize {
        self.groups * self.places
    }

    /// `t_r`.
    pub(super) fn group_threshold(self, group: usize) -> usize {
        group
    }

    /// `ln sigma_t`.
    pub(super) fn ln_sigma(self) -> usize {
        self.groups
    }

    /// `t_rd`, or `z_rd`.
    pub(super) fn cell(self, cell: usize) -> usize {
        self.groups + 1 + cell
    }

    /// The effects of groups and places on `phi`.
    fn phi(self) -> usize {
        self.groups + 1 + self.cells()
    }

    /// The effects of groups and places on `delta`.
    fn delta(self) -> usize {
        self.phi() + self.groups + self.places - 1
    }

    /// How many coordinates there are: one place is pinned.
    pub(super) fn len(self) -> usize {
        self.delta() + self.groups + self.places - 1
    }
}

/// The log density of one data set under one prior.
#[derive(Debug, Clone)]
pub(super) struct Density<'a> {
    counts: &'a Counts,
    priors: Priors,
    pub(super) layout: Layout,
    is_centred: Vec<bool>,
    phi: Factors,
    delta: Factors,
}

/// Exponentials of the effects of one parameter, and where the gradient of each cell is added up.
#[derive(Debug, Clone)]
struct Factors {
    groups: Vec<f64>,
    places: Vec<f64>,
    by_group: Vec<f64>,
    by_place: Vec<f64>,
    basis: Vec<Vec<f64>>,
}

/// The signal's parameters in one cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signal {
    /// Threshold on the scale of the signal.
    pub(super) t: f64,
    /// `phi / (1 - phi)`: odds that a person stopped carries contraband.
    pub(super) odds: f64,
    /// How far the signal of those who carry lies from that of those who do not.
    pub(super) delta: f64,
}

/// A cell's part of the log density, and its slopes.
#[derive(Debug, Clone, Copy, Default)]
struct Term {
    value: f64,
    by_t: f64,
    by_ln_odds: f64,
    by_delta: f64,
}

impl Factors {
    fn new(layout: Layout, priors: Priors) -> Self {
        Self {
            basis: basis(layout.groups, priors.race_scale),
            groups: vec![1.0; layout.groups],
            places: vec![1.0; layout.places],
            by_group: vec![0.0; layout.groups],
            by_place: vec![0.0; layout.places],
        }
    }

    /// Takes the effects from their part of a position: those of the groups, then those of the places but the pinned one.
    ///
    /// The mean `mu` of the groups stands nowhere but in their prior, and is integrated out: what is left is normal with
    /// variance `s_r^2 + R` along the level that they have in common and `s_r^2` across. Coordinates are along these
    /// directions, in units of the prior's standard deviation.
    fn take(&mut self, part: &[f64], (priors, pinned): (Priors, usize)) {
        let (groups, places) = part.split_at(self.groups.len());
        let effects = self.basis.iter().map(|of_group| dot(of_group, groups));
        for (factor, effect) in self.groups.iter_mut().zip(effects) {
            *factor = libm::exp(effect);
        }
        for (place, away) in free(self.places.len(), pinned).zip(places) {
            self.places[place] = libm::exp(priors.place_scale * away);
        }
        self.by_group.fill(0.0);
        self.by_place.fill(0.0);
    }

    fn at(&self, cell: &Cell) -> f64 {
        self.groups[cell.group] * self.places[cell.place]
    }

    fn add(&mut self, cell: &Cell, slope: f64) {
        self.by_group[cell.group] += slope;
        self.by_place[cell.place] += slope;
    }

    /// The prior of these effects, and the whole gradient by them.
    fn finish(&self, part: &[f64], grad: &mut [f64], (priors, pinned): (Priors, usize)) -> f64 {
        let groups = (0..self.groups.len()).map(|direction| -> f64 {
            let slopes = self.basis.iter().zip(&self.by_group);
            slopes.map(|(of_group, by)| of_group[direction] * by).sum()
        });
        let places =
            free(self.places.len(), pinned).map(|own| self.by_place[own] * priors.place_scale);
        let mut value = 0.0;
        for ((grad, own), slope) in grad.iter_mut().zip(part).zip(groups.chain(places)) {
            value -= 0.5 * own * own;
            *grad = slope - own;
        }
        value
    }
}

fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

/// The effect of each group by each coordinate: the level in common, then Helmert's contrasts.
fn basis(groups: usize, race_scale: f64) -> Vec<Vec<f64>> {
    let count = groups as f64;
    let common = (1.0 + race_scale * race_scale / count).sqrt();
    let of_group = |group: usize| -> Vec<f64> {
        let contrast = |k: usize| {
            let norm = ((k * (k + 1)) as f64).sqrt();
            match group.cmp(&k) {
                std::cmp::Ordering::Less => race_scale / norm,
                std::cmp::Ordering::Equal => -race_scale * k as f64 / norm,
                std::cmp::Ordering::Greater => 0.0,
            }
        };
        std::iter::once(common)
            .chain((1..groups).map(contrast))
            .collect()
    };
    (0..groups).map(of_group).collect()
}

/// The places that have an effect of their own.
fn free(places: usize, pinned: usize) -> impl Iterator<Item = usize> {
    (0..places).filter(move |place| *place != pinned)
}

impl<'a> Density<'a> {
    pub(super) fn new(counts: &'a Counts, priors: Priors) -> Self {
        let layout = Layout {
            groups: counts.groups(),
            places: counts.places(),
        };
        Self {
            counts,
            priors,
            layout,
            is_centred: (counts.cells().iter())
                .map(|cell| cell.searches >= MANY_SEARCHES)
                .collect(),
            phi: Factors::new(layout, priors),
            delta: Factors::new(layout, priors),
        }
    }

    fn parts(&self) -> [std::ops::Range<usize>; 2] {
        [
            self.layout.phi()..self.layout.delta(),
            self.layout.delta()..self.layout.len(),
        ]
    }

    fn take(&mut self, position: &[f64]) {
        let [phi, delta] = self.parts();
        let prior = (self.priors, self.counts.pinned());
        self.phi.take(&position[phi], prior);
        self.delta.take(&position[delta], prior);
    }

    /// The threshold of a cell on the scale of the signal.
    fn threshold(&self, position: &[f64], cell: usize) -> f64 {
        let own = position[self.layout.cell(cell)];
        if self.is_centred[cell] {
            return own;
        }
        let group = self.counts.cells()[cell].group;
        let sigma = libm::exp(position[self.layout.ln_sigma()]);
        position[self.layout.group_threshold(group)] + sigma * own
    }

    /// What the model says of every cell at a position.
    pub(super) fn signals(&mut self, position: &[f64]) -> Vec<Signal> {
        self.take(position);
        let cells = self.counts.cells().iter().enumerate();
        cells
            .map(|(i, cell)| Signal {
                t: self.threshold(position, i),
                odds: self.phi.at(cell),
                delta: self.delta.at(cell),
            })
            .collect()
    }

    /// The log density up to a constant, and its gradient; not finite where it cannot be computed.
    pub(super) fn value(&mut self, position: &[f64], grad: &mut [f64]) -> f64 {
        self.take(position);
        grad.fill(0.0);
        let layout = self.layout;
        let ln_sigma = position[layout.ln_sigma()];
        let sigma = libm::exp(ln_sigma);
        // Half-normal in sigma_t, and the Jacobian of its logarithm.
        let mut value = -0.5 * sigma * sigma + ln_sigma;
        let mut by_ln_sigma = 1.0 - sigma * sigma;
        for group in 0..layout.groups {
            let t = position[layout.group_threshold(group)];
            value -= 0.5 * t * t;
            grad[layout.group_threshold(group)] = -t;
        }
        let counts = self.counts;
        for (i, cell) in counts.cells().iter().enumerate() {
            let (at, of_group) = (layout.cell(i), layout.group_threshold(cell.group));
            let (own, centre) = (position[at], position[of_group]);
            let is_centred = self.is_centred[i];
            let signal = Signal {
                t: if is_centred {
                    own
                } else {
                    centre + sigma * own
                },
                odds: self.phi.at(cell),
                delta: self.delta.at(cell),
            };
            let term = signal.term(cell);
            value += term.value;
            self.phi.add(cell, term.by_ln_odds);
            self.delta.add(cell, term.by_delta * signal.delta);
            if is_centred {
                let z = (own - centre) / sigma;
                value += -0.5 * z * z - ln_sigma;
                grad[at] = term.by_t - z / sigma;
                grad[of_group] += z / sigma;
                by_ln_sigma += z * z - 1.0;
            } else {
                value -= 0.5 * own * own;
                grad[at] = sigma * term.by_t - own;
                grad[of_group] += term.by_t;
                by_ln_sigma += sigma * own * term.by_t;
            }
        }
        grad[layout.ln_sigma()] = by_ln_sigma;
        let prior = (self.priors, counts.pinned());
        let [phi, delta] = self.parts();
        value += (self.phi).finish(&position[phi.clone()], &mut grad[phi], prior);
        value + (self.delta).finish(&position[delta.clone()], &mut grad[delta], prior)
    }

    /// A position drawn from the prior, given standard normal deviates, one for each coordinate.
    pub(super) fn from_prior(&self, deviates: &[f64]) -> Vec<f64> {
        let layout = self.layout;
        let mut position = deviates.to_vec();
        let sigma = deviates[layout.ln_sigma()].abs();
        position[layout.ln_sigma()] = libm::log(sigma);
        for (i, cell) in self.counts.cells().iter().enumerate() {
            if self.is_centred[i] {
                let at = layout.cell(i);
                position[at] = position[layout.group_threshold(cell.group)] + sigma * deviates[at];
            }
        }
        position
    }
}

impl Signal {
    /// The probability of contraband at the threshold.
    pub(super) fn probability(&self) -> f64 {
        let ln_odds = libm::log(self.odds) + self.delta * (self.t - 0.5 * self.delta);
        1.0 / (1.0 + libm::exp(-ln_odds))
    }

    /// Search rate and hit rate.
    pub(super) fn rates(&self) -> (f64, f64) {
        let phi = self.phi();
        let guilty = phi * Tail::at(self.t - self.delta).upper;
        let search = guilty + (1.0 - phi) * Tail::at(self.t).upper;
        (search, guilty / search)
    }

    fn phi(&self) -> f64 {
        1.0 / (1.0 + 1.0 / self.odds)
    }

    fn term(&self, cell: &Cell) -> Term {
        let (hits, misses) = (cell.hits as f64, (cell.searches - cell.hits) as f64);
        let unsearched = (cell.stops - cell.searches) as f64;
        let (phi, rest) = (self.phi(), 1.0 / (1.0 + self.odds));
        let (carrier, other) = (Tail::at(self.t - self.delta), Tail::at(self.t));
        let mut term = Term::default();
        if hits > 0.0 {
            let hazard = carrier.hazard();
            term.value += hits * carrier.ln_upper(phi);
            term.by_t -= hits * hazard;
            term.by_delta += hits * hazard;
            term.by_ln_odds += hits * rest;
        }
        if misses > 0.0 {
            term.value += misses * other.ln_upper(rest);
            term.by_t -= misses * other.hazard();
            term.by_ln_odds -= misses * phi;
        }
        if unsearched > 0.0 {
            let q = phi * carrier.lower + rest * other.lower;
            if q > TINY {
                term.value += unsearched * libm::log(q);
                let each = unsearched / q;
                term.by_t += each * (phi * carrier.density + rest * other.density);
                term.by_delta -= each * phi * carrier.density;
                term.by_ln_odds += each * phi * rest * (carrier.lower - other.lower);
            } else {
                self.hardly_unsearched(&mut term, unsearched);
            }
        }
        term
    }

    /// The same where hardly anybody is not searched: in logarithms.
    fn hardly_unsearched(&self, term: &mut Term, unsearched: f64) {
        let (phi, rest) = (self.phi(), 1.0 / (1.0 + self.odds));
        let (above, below) = (self.delta - self.t, -self.t);
        let carrier = libm::log(phi) + ln_normal_sf(above);
        let ln_q = ln_add_exp(carrier, libm::log(rest) + ln_normal_sf(below));
        let weight = libm::exp(carrier - ln_q);
        let (carrier, other) = (Tail::at(above).hazard(), Tail::at(below).hazard());
        term.value += unsearched * ln_q;
        term.by_t += unsearched * (weight * carrier + (1.0 - weight) * other);
        term.by_delta -= unsearched * weight * carrier;
        term.by_ln_odds += unsearched * (weight * rest - (1.0 - weight) * phi);
    }
}

/// The standard normal at a point: both tails and the density.
#[derive(Debug, Clone, Copy)]
struct Tail {
    at: f64,
    upper: f64,
    lower: f64,
    density: f64,
}

impl Tail {
    fn at(at: f64) -> Self {
        let small = 0.5 * libm::erfc(at.abs() * FRAC_1_SQRT_2);
        let (upper, lower) = if at > 0.0 {
            (small, 1.0 - small)
        } else {
            (1.0 - small, small)
        };
        Self {
            at,
            upper,
            lower,
            density: libm::exp(-0.5 * at * at) / TAU.sqrt(),
        }
    }

    /// `ln (share P(Z > at))`.
    fn ln_upper(&self, share: f64) -> f64 {
        if self.upper > TINY {
            libm::log(share * self.upper)
        } else {
            libm::log(share) + ln_normal_sf(self.at)
        }
    }

    /// Density over upper tail.
    fn hazard(&self) -> f64 {
        if self.upper > TINY {
            return self.density / self.upper;
        }
        // The same Mills ratio as that of the logarithm of the tail.
        libm::exp(-0.5 * self.at * self.at - 0.5 * libm::log(TAU) - ln_normal_sf(self.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::draws::Draws;

    fn cell(group: usize, place: usize, counts: [u64; 3]) -> Cell {
        let [stops, searches, hits] = counts;
        Cell {
            group,
            place,
            stops,
            searches,
            hits,
        }
    }

    /// Full cells, a cell without stops, one without searches, one with nothing but hits, one in which all are searched.
    fn counts() -> Counts {
        Counts::new(
            2,
            3,
            vec![
                cell(0, 0, [900, 120, 40]),
                cell(1, 0, [500, 90, 20]),
                cell(0, 1, [30, 0, 0]),
                cell(1, 1, [0, 0, 0]),
                cell(0, 2, [40, 12, 12]),
                cell(1, 2, [7, 7, 3]),
            ],
        )
        .unwrap()
    }

    fn priors() -> Priors {
        Priors::new(0.25, 0.1).unwrap()
    }

    /// The definition word for word: two binomials and every prior, on the scale of the paper.
    fn by_the_book(counts: &Counts, density: &mut Density<'_>, x: &[f64]) -> f64 {
        let normal = |x: f64, mean: f64, sd: f64| -0.5 * ((x - mean) / sd).powi(2) - sd.ln();
        let layout = density.layout;
        let sigma = x[layout.ln_sigma()].exp();
        let mut value = normal(sigma, 0.0, 1.0) + x[layout.ln_sigma()];
        for group in 0..layout.groups {
            value += normal(x[group], 0.0, 1.0);
        }
        density.take(x);
        for (part, factors) in density
            .parts()
            .into_iter()
            .zip([&density.phi, &density.delta])
        {
            let effects: Vec<f64> = factors.groups.iter().map(|factor| factor.ln()).collect();
            // The integral over mu, by trapezoids.
            let at = |step: i32| {
                let mu = f64::from(step) / 200.0;
                let of_groups = effects.iter().map(|effect| normal(*effect, mu, 0.25));
                (normal(mu, 0.0, 1.0) + of_groups.sum::<f64>()).exp()
            };
            value += (-2000..=2000).map(at).sum::<f64>().ln();
            for away in &x[part][layout.groups..] {
                value += normal(0.1 * away, 0.0, 0.1);
            }
        }
        let signals = density.signals(x);
        for (i, (cell, signal)) in counts.cells().iter().zip(signals).enumerate() {
            let phi = signal.odds / (1.0 + signal.odds);
            let p1 = phi * 0.5 * libm::erfc((signal.t - signal.delta) / 2f64.sqrt());
            let p0 = (1.0 - phi) * 0.5 * libm::erfc(signal.t / 2f64.sqrt());
            let binomial =
                |x: u64, n: u64, p: f64| x as f64 * p.ln() + (n - x) as f64 * (1.0 - p).ln();
            value += binomial(cell.searches, cell.stops, p0 + p1);
            value += binomial(cell.hits, cell.searches, p1 / (p0 + p1));
            let z = (signal.t - x[cell.group]) / sigma;
            value += normal(z, 0.0, 1.0);
            if density.is_centred[i] {
                value -= sigma.ln();
            }
        }
        value
    }

    fn positions(density: &Density<'_>, seed: u64) -> Vec<Vec<f64>> {
        let mut draws = Draws::new(seed);
        (0..20)
            .map(|_| {
                let deviates: Vec<f64> =
                    (0..density.layout.len()).map(|_| draws.normal()).collect();
                density.from_prior(&deviates)
            })
            .collect()
    }

    #[test]
    fn the_density_is_the_definition_up_to_a_constant() {
        let counts = counts();
        let mut density = Density::new(&counts, priors());
        let mut grad = vec![0.0; density.layout.len()];
        let mut constant = None;
        for x in positions(&density, 1) {
            let got = density.value(&x, &mut grad);
            let away = by_the_book(&counts, &mut density, &x) - got;
            let first = *constant.get_or_insert(away);
            assert!((away - first).abs() < 1e-9 * got.abs(), "{away} {first}");
        }
    }

    #[test]
    fn the_gradient_is_the_slope() {
        let counts = counts();
        let mut density = Density::new(&counts, priors());
        let size = density.layout.len();
        let (mut grad, mut unused) = (vec![0.0; size], vec![0.0; size]);
        for x in positions(&density, 2) {
            density.value(&x, &mut grad);
            for i in 0..size {
                let step = 1e-5 * x[i].abs().max(0.1);
                let mut at = |by: f64| {
                    let mut moved = x.clone();
                    moved[i] += by;
                    density.value(&moved, &mut unused)
                };
                let slope = (8.0 * (at(step) - at(-step)) - (at(2.0 * step) - at(-2.0 * step)))
                    / (12.0 * step);
                let scale = slope.abs().max(1.0);
                assert!(
                    (slope - grad[i]).abs() < 2e-5 * scale,
                    "coordinate {i}: {slope} instead of {}",
                    grad[i]
                );
            }
        }
    }

    #[test]
    fn far_thresholds_are_finite_and_join() {
        let full = cell(0, 0, [100, 40, 15]);
        let at = |t: f64| {
            Signal {
                t,
                odds: 0.2,
                delta: 1.5,
            }
            .term(&full)
        };
        for t in [-1e3, -60.0, -38.0, 38.0, 60.0, 1e3] {
            let term = at(t);
            let step = 1e-4 * t.abs();
            let slope = (at(t + step).value - at(t - step).value) / (2.0 * step);
            assert!(term.value.is_finite(), "{t}");
            assert!(
                (slope / term.by_t - 1.0).abs() < 1e-5,
                "{t}: {slope} {}",
                term.by_t
            );
        }
        // On both sides of where logarithms take over.
        for t in [-36.3, 36.3, 37.8] {
            let (below, above) = (at(t - 0.01), at(t + 0.01));
            let drop = above.value - below.value;
            assert!(
                (drop / (0.02 * at(t).by_t) - 1.0).abs() < 1e-4,
                "{t}: {drop}"
            );
        }
    }

    #[test]
    fn a_threshold_by_hand() {
        let signal = Signal {
            t: 1.0,
            odds: 1.0 / 9.0,
            delta: 2.0,
        };
        // At t = delta / 2 the densities are equal, so the probability is phi.
        assert!((signal.probability() - 0.1).abs() < 1e-15);
        let (search, hit) = signal.rates();
        // 0.1 x 0.8413 + 0.9 x 0.1587
        assert!((search - 0.226_924_2).abs() < 1e-6 && (hit - 0.370_770).abs() < 1e-5);
    }
}
