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

/// Searches at which a cell's coordinate lies half-way between its threshold and its distance from that of its group:
/// where data are few a threshold that follows `sigma_t` closely makes a funnel, where they are many the distance does.
const HALF_WAY: f64 = 10.0;

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

    /// Between `t_rd` and `z_rd`.
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
    /// How near the coordinate of each cell is to its threshold, 0 to 1.
    centring: Vec<f64>,
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

/// A cell's threshold from its coordinate.
#[derive(Debug, Clone, Copy)]
struct Centred {
    t: f64,
    /// `w`.
    weight: f64,
    z: f64,
    /// `sigma_t^w`.
    scale: f64,
    /// `sigma_t^(1 - w)`: how far the threshold moves with the coordinate.
    stretch: f64,
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
            centring: (counts.cells().iter())
                .map(|cell| cell.searches as f64 / (cell.searches as f64 + HALF_WAY))
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

    /// The threshold of a cell on the scale of the signal, from its coordinate `u ~ N(w t_r, sigma_t^w)`.
    fn threshold(&self, position: &[f64], cell: usize) -> Centred {
        let group = self.counts.cells()[cell].group;
        let centre = position[self.layout.group_threshold(group)];
        let ln_sigma = position[self.layout.ln_sigma()];
        let weight = self.centring[cell];
        let scale = libm::exp(weight * ln_sigma);
        let away = position[self.layout.cell(cell)] - weight * centre;
        let stretch = libm::exp((1.0 - weight) * ln_sigma);
        Centred {
            t: centre + stretch * away,
            weight,
            z: away / scale,
            scale,
            stretch,
        }
    }

    /// What the model says of every cell at a position.
    pub(super) fn signals(&mut self, position: &[f64]) -> Vec<Signal> {
        self.take(position);
        let cells = self.counts.cells().iter().enumerate();
        cells
            .map(|(i, cell)| Signal {
                t: self.threshold(position, i).t,
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
            let own = self.threshold(position, i);
            let signal = Signal {
                t: own.t,
                odds: self.phi.at(cell),
                delta: self.delta.at(cell),
            };
            let term = signal.term(cell);
            self.phi.add(cell, term.by_ln_odds);
            self.delta.add(cell, term.by_delta * signal.delta);
            let Centred {
                weight, z, scale, ..
            } = own;
            value += term.value - 0.5 * z * z - weight * ln_sigma;
            grad[at] = own.stretch * term.by_t - z / scale;
            grad[of_group] += (1.0 - weight * own.stretch) * term.by_t + weight * z / scale;
            let along = (1.0 - weight) * own.stretch * z * scale;
            by_ln_sigma += along * term.by_t + weight * (z * z - 1.0);
        }
        grad[layout.ln_sigma()] = by_ln_sigma;
        let prior = (self.priors, counts.pinned());
        let [phi, delta] = self.parts();
        value += (self.phi).finish(&position[phi.clone()], &mut grad[phi], prior);
        value + (self.delta).finish(&position[delta.clone()], &mut grad[delta], prior)
    }

    /// A position drawn from the prior, given standard normal deviates, one for each coordinate.
    pub(super) fn prior_position(&self, deviates: &[f64]) -> Vec<f64> {
        let layout = self.layout;
        let mut position = deviates.to_vec();
        let sigma = deviates[layout.ln_sigma()].abs();
        position[layout.ln_sigma()] = libm::log(sigma);
        for (i, cell) in self.counts.cells().iter().enumerate() {
            let at = layout.cell(i);
            let weight = self.centring[i];
            let centre = weight * position[layout.group_threshold(cell.group)];
            position[at] = centre + libm::exp(weight * libm::log(sigma)) * deviates[at];
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
mod tests;
