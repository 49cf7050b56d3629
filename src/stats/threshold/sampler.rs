//! The sampler: No-U-Turn chains, shared out among threads, from the library that is its only user here.
//!
//! The arithmetic of vectors is our own, plain and in order. That of the library takes the widest instructions of the
//! processor, whose sums differ in their last bits, and a chain makes different draws of different bits.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};

use nuts_rs::rand::Rng;
use nuts_rs::rand::distr::Distribution;
use nuts_rs::rand::distr::StandardUniform;
use nuts_rs::{Chain, DiagNutsSettings, HasDims, KineticEnergyKind, LogpError, Math, Settings};

use super::model::Density;
use super::{Sampling, ThresholdError};
use crate::stats::draws::Draws;
use crate::stats::special::normal_quantile;

/// Mean acceptance that the step size is tuned to: small steps, because one divergence refuses the whole posterior.
const ACCEPTANCE: f64 = 0.95;

/// A trajectory has fewer than two to this power steps.
const DEPTH: u64 = 10;

/// Positions from the prior that are tried as a start.
const STARTS: usize = 100;

/// Draws of every chain: one row of coordinates for each.
#[derive(Debug, Clone)]
pub(super) struct Chains {
    pub(super) draws: Vec<Vec<Box<[f64]>>>,
    pub(super) divergences: u64,
}

/// Draws of one chain, and how many of them diverged.
type OneChain = (Vec<Box<[f64]>>, u64);

/// Samples every chain with its own sequence of random numbers; each thread takes the next chain that nobody has.
pub(super) fn sample(density: &Density<'_>, sampling: Sampling) -> Result<Chains, ThresholdError> {
    let next = AtomicUsize::new(0);
    let work = || {
        let taken = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        let own = taken.take_while(|number| *number < sampling.chains);
        own.map(|number| (number, chain(density.clone(), sampling, number as u64)))
            .collect::<Vec<_>>()
    };
    let threads = sampling.threads.clamp(1, sampling.chains);
    let mut results = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut all = work();
        for other in others {
            all.extend(other.join().expect("sampling does not panic"));
        }
        all
    });
    results.sort_by_key(|(number, _)| *number);
    let mut chains = Chains {
        draws: Vec::new(),
        divergences: 0,
    };
    for (_, result) in results {
        let (draws, divergences) = result?;
        chains.draws.push(draws);
        chains.divergences += divergences;
    }
    Ok(chains)
}

fn chain(
    mut density: Density<'_>,
    sampling: Sampling,
    number: u64,
) -> Result<OneChain, ThresholdError> {
    let failed = |fault: &dyn std::fmt::Display| ThresholdError::Sampler(fault.to_string());
    // Starts and draws have streams of their own.
    let mut draws = Draws::of_stream(sampling.seed, 2 * number);
    let start = start(&mut density, &mut draws)?;
    let mut settings = DiagNutsSettings {
        num_tune: sampling.warmup as u64,
        num_draws: sampling.draws as u64,
        maxdepth: DEPTH,
        trajectory_kind: KineticEnergyKind::Euclidean,
        gradient_clipping: None,
        ..DiagNutsSettings::default()
    };
    settings.adapt_options.step_size_settings.target_accept = ACCEPTANCE;
    let mut source = Draws::of_stream(sampling.seed, 2 * number + 1).source();
    let mut sampler = settings
        .new_chain(number, Plain(density), &mut source)
        .map_err(|fault| failed(&fault))?;
    sampler
        .set_position(&start)
        .map_err(|fault| failed(&fault))?;
    let mut kept = Vec::with_capacity(sampling.draws);
    let mut divergences = 0;
    for draw in 0..sampling.warmup + sampling.draws {
        let (position, progress) = sampler.draw().map_err(|fault| failed(&fault))?;
        if draw >= sampling.warmup {
            divergences += u64::from(progress.diverging);
            kept.push(position);
        }
    }
    Ok((kept, divergences))
}

/// A draw from the prior at which the log density is finite.
fn start(density: &mut Density<'_>, draws: &mut Draws) -> Result<Vec<f64>, ThresholdError> {
    let size = density.layout.len();
    let mut grad = vec![0.0; size];
    for _ in 0..STARTS {
        let deviates: Vec<f64> = (0..size).map(|_| draws.normal()).collect();
        let position = density.prior_position(&deviates);
        let value = density.value(&position, &mut grad);
        if value.is_finite() && grad.iter().all(|slope| slope.is_finite() && *slope != 0.0) {
            return Ok(position);
        }
    }
    Err(ThresholdError::Sampler(format!(
        "none of {STARTS} draws from the prior has a finite density"
    )))
}

/// A log density that cannot be computed: the step is a divergence.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the log density is not finite")]
struct NotFinite;

impl LogpError for NotFinite {
    fn is_recoverable(&self) -> bool {
        true
    }
}

/// The log density with plain arithmetic of vectors.
struct Plain<'a>(Density<'a>);

impl HasDims for Plain<'_> {
    #[expect(
        clippy::disallowed_types,
        reason = "the trait of the library asks for it, and it has one entry"
    )]
    fn dim_sizes(&self) -> std::collections::HashMap<String, u64> {
        std::collections::HashMap::from([("unconstrained_parameter".into(), self.dim() as u64)])
    }
}

fn dot(x: &[f64], y: impl Iterator<Item = f64>) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

/// Each element of the last from those of the others.
fn each2(x: &[f64], y: &[f64], out: &mut [f64], of: impl Fn(f64, f64) -> f64) {
    for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
        *out = of(*x, *y);
    }
}

fn standard_deviations(
    (inv_std, std): (&mut [f64], &mut [f64]),
    variances: impl Iterator<Item = f64>,
    (fill_invalid, clamp): (Option<f64>, (f64, f64)),
) {
    for ((inverse, std), variance) in inv_std.iter_mut().zip(std).zip(variances) {
        let valid = variance.is_finite() && variance != 0.0;
        let variance = valid.then(|| variance.clamp(clamp.0, clamp.1));
        if let Some(variance) = variance.or(fill_invalid) {
            (*std, *inverse) = (variance.sqrt(), variance.recip().sqrt());
        }
    }
}

/// What a diagonal metric and straight trajectories need. Maps that mix coordinates have no value, so what is asked of
/// them cannot be asked.
impl Math for Plain<'_> {
    type Vector = Vec<f64>;
    type EigVectors = Option<Infallible>;
    type EigValues = Option<Infallible>;
    type LogpErr = NotFinite;
    type Err = NotFinite;
    type FlowParameters = Infallible;
    type ExpandedVector = ();

    fn new_array(&mut self) -> Vec<f64> {
        vec![0.0; self.dim()]
    }

    fn dim(&self) -> usize {
        self.0.layout.len()
    }

    fn logp_array(&mut self, position: &Vec<f64>, grad: &mut Vec<f64>) -> Result<f64, NotFinite> {
        self.logp(position, grad)
    }

    fn logp(&mut self, position: &[f64], gradient: &mut [f64]) -> Result<f64, NotFinite> {
        let value = self.0.value(position, gradient);
        let finite = value.is_finite() && gradient.iter().all(|slope| slope.is_finite());
        finite.then_some(value).ok_or(NotFinite)
    }

    fn init_position<R: Rng + ?Sized>(
        &mut self,
        rng: &mut R,
        position: &mut Vec<f64>,
        gradient: &mut Vec<f64>,
    ) -> Result<f64, NotFinite> {
        let deviates: Vec<f64> = (0..self.dim()).map(|_| normal(rng)).collect();
        *position = self.0.prior_position(&deviates);
        self.logp(position, gradient)
    }

    fn expand_vector<R: Rng + ?Sized>(&mut self, _: &mut R, _: &Vec<f64>) -> Result<(), NotFinite> {
        Ok(())
    }

    fn scalar_prods3(
        &mut self,
        positive1: &Vec<f64>,
        negative1: &Vec<f64>,
        positive2: &Vec<f64>,
        x: &Vec<f64>,
        y: &Vec<f64>,
    ) -> (f64, f64) {
        let sum = |i: usize| positive1[i] - negative1[i] + positive2[i];
        let indices = || (0..positive1.len()).map(sum);
        (dot(x, indices()), dot(y, indices()))
    }

    fn scalar_prods2(
        &mut self,
        positive1: &Vec<f64>,
        positive2: &Vec<f64>,
        x: &Vec<f64>,
        y: &Vec<f64>,
    ) -> (f64, f64) {
        let sums = || positive1.iter().zip(positive2).map(|(a, b)| a + b);
        (dot(x, sums()), dot(y, sums()))
    }

    fn sq_norm_sum(&mut self, x: &Vec<f64>, y: &Vec<f64>) -> f64 {
        x.iter().zip(y).map(|(x, y)| (x + y) * (x + y)).sum()
    }

    fn read_from_slice(&mut self, dest: &mut Vec<f64>, source: &[f64]) {
        dest.copy_from_slice(source);
    }

    fn write_to_slice(&mut self, source: &Vec<f64>, dest: &mut [f64]) {
        dest.copy_from_slice(source);
    }

    fn copy_into(&mut self, array: &Vec<f64>, dest: &mut Vec<f64>) {
        dest.clone_from(array);
    }

    fn axpy_out(&mut self, x: &Vec<f64>, y: &Vec<f64>, a: f64, out: &mut Vec<f64>) {
        each2(x, y, out, |x, y| y + a * x);
    }

    fn axpy(&mut self, x: &Vec<f64>, y: &mut Vec<f64>, a: f64) {
        y.iter_mut().zip(x).for_each(|(y, x)| *y += a * x);
    }

    fn array_sum_ln(&mut self, array: &Vec<f64>) -> f64 {
        array.iter().map(|x| libm::log(*x)).sum()
    }

    fn fill_array(&mut self, array: &mut Vec<f64>, val: f64) {
        array.fill(val);
    }

    fn array_all_finite(&mut self, array: &Vec<f64>) -> bool {
        array.iter().all(|x| x.is_finite())
    }

    fn array_all_finite_and_nonzero(&mut self, array: &Vec<f64>) -> bool {
        array.iter().all(|x| x.is_finite() && *x != 0.0)
    }

    fn array_mult(&mut self, array1: &Vec<f64>, array2: &Vec<f64>, dest: &mut Vec<f64>) {
        each2(array1, array2, dest, |x, y| x * y);
    }

    fn array_mult_inplace(&mut self, array1: &mut Vec<f64>, array2: &Vec<f64>) {
        array1.iter_mut().zip(array2).for_each(|(x, y)| *x *= y);
    }

    fn array_recip(&mut self, array: &Vec<f64>, dest: &mut Vec<f64>) {
        dest.iter_mut().zip(array).for_each(|(d, x)| *d = x.recip());
    }

    fn array_softclip(&mut self, array: &mut Vec<f64>, clip: f64) {
        array
            .iter_mut()
            .for_each(|x| *x = clip * libm::asinh(*x / clip));
    }

    fn array_vector_dot(&mut self, array1: &Vec<f64>, array2: &Vec<f64>) -> f64 {
        dot(array1, array2.iter().copied())
    }

    fn array_gaussian<R: Rng + ?Sized>(
        &mut self,
        rng: &mut R,
        dest: &mut Vec<f64>,
        stds: &Vec<f64>,
    ) {
        dest.iter_mut()
            .zip(stds)
            .for_each(|(d, std)| *d = std * normal(rng));
    }

    fn array_update_variance(
        &mut self,
        mean: &mut Vec<f64>,
        variance: &mut Vec<f64>,
        value: &Vec<f64>,
        diff_scale: f64,
    ) {
        for ((mean, variance), value) in mean.iter_mut().zip(variance).zip(value) {
            let away = value - *mean;
            *mean += away * diff_scale;
            *variance += away * away;
        }
    }

    fn array_update_var_inv_std_draw(
        &mut self,
        inv_std: &mut Vec<f64>,
        std: &mut Vec<f64>,
        draw_var: &Vec<f64>,
        scale: f64,
        fill_invalid: Option<f64>,
        clamp: (f64, f64),
    ) {
        let variances = draw_var.iter().map(|variance| variance * scale);
        standard_deviations((inv_std, std), variances, (fill_invalid, clamp));
    }

    fn array_update_var_inv_std_draw_grad(
        &mut self,
        inv_std: &mut Vec<f64>,
        std: &mut Vec<f64>,
        draw_var: &Vec<f64>,
        grad_var: &Vec<f64>,
        fill_invalid: Option<f64>,
        clamp: (f64, f64),
    ) {
        let variances = draw_var.iter().zip(grad_var).map(|(d, g)| (d / g).sqrt());
        standard_deviations((inv_std, std), variances, (fill_invalid, clamp));
    }

    fn array_update_var_inv_std_grad(
        &mut self,
        inv_std: &mut Vec<f64>,
        std: &mut Vec<f64>,
        gradient: &Vec<f64>,
        fill_invalid: f64,
        clamp: (f64, f64),
    ) {
        let variances = gradient
            .iter()
            .map(|g| g.abs().clamp(clamp.0, clamp.1).recip());
        let within = (Some(fill_invalid), (0.0, f64::INFINITY));
        standard_deviations((inv_std, std), variances, within);
    }

    fn std_norm_flow(&mut self, pos: &Vec<f64>, out: &mut Vec<f64>, vel: &mut Vec<f64>, by: f64) {
        let (sin, cos) = (libm::sin(by), libm::cos(by));
        for ((out, pos), vel) in out.iter_mut().zip(pos).zip(vel) {
            (*out, *vel) = (cos * pos + sin * *vel, cos * *vel - sin * pos);
        }
    }

    fn std_norm_grad_flow(
        &mut self,
        pos: &Vec<f64>,
        grad: &Vec<f64>,
        vel: &Vec<f64>,
        vel_out: &mut Vec<f64>,
        epsilon: f64,
    ) {
        vel_out.clone_from(vel);
        self.std_norm_grad_flow_inplace(pos, grad, vel_out, epsilon);
    }

    fn std_norm_grad_flow_inplace(
        &mut self,
        pos: &Vec<f64>,
        grad: &Vec<f64>,
        vel: &mut Vec<f64>,
        epsilon: f64,
    ) {
        for ((vel, pos), grad) in vel.iter_mut().zip(pos).zip(grad) {
            *vel += epsilon * (pos + grad);
        }
    }

    fn array_normalize(&mut self, v: &mut Vec<f64>) {
        let norm = dot(v, v.iter().copied()).sqrt();
        if norm > 0.0 {
            v.iter_mut().for_each(|x| *x /= norm);
        }
    }

    fn esh_momentum_update(&mut self, _: &Vec<f64>, _: &mut Vec<f64>, _: f64) -> f64 {
        // Not a number stops whoever would ask for microcanonical dynamics.
        f64::NAN
    }

    fn new_eig_vectors<'a>(
        &'a mut self,
        _: impl ExactSizeIterator<Item = &'a [f64]>,
    ) -> Option<Infallible> {
        None
    }

    fn new_eig_values(&mut self, _: &[f64]) -> Option<Infallible> {
        None
    }

    fn eigs_as_array(&mut self, _: &Option<Infallible>) -> Box<[f64]> {
        Box::default()
    }

    fn apply_lowrank_transform(
        &mut self,
        _: &Option<Infallible>,
        _: &Option<Infallible>,
        rhs: &Vec<f64>,
        dest: &mut Vec<f64>,
    ) {
        dest.clone_from(rhs);
    }

    fn apply_lowrank_transform_inplace(
        &mut self,
        _: &Option<Infallible>,
        _: &Option<Infallible>,
        _: &mut Vec<f64>,
    ) {
    }

    fn array_mult_eigs(
        &mut self,
        stds: &Vec<f64>,
        rhs: &Vec<f64>,
        dest: &mut Vec<f64>,
        _: &Option<Infallible>,
        _: &Option<Infallible>,
    ) {
        each2(stds, rhs, dest, |std, x| std * std * x);
    }

    fn array_gaussian_eigs<R: Rng + ?Sized>(
        &mut self,
        rng: &mut R,
        dest: &mut Vec<f64>,
        scale: &Vec<f64>,
        _: &Option<Infallible>,
        _: &Option<Infallible>,
    ) {
        self.array_gaussian(rng, dest, scale);
    }

    fn inv_transform_normalize(
        &mut self,
        flow: &Infallible,
        _: &Vec<f64>,
        _: &Vec<f64>,
        _: &mut Vec<f64>,
        _: &mut Vec<f64>,
    ) -> Result<f64, NotFinite> {
        match *flow {}
    }

    fn init_from_untransformed_position(
        &mut self,
        flow: &Infallible,
        _: &Vec<f64>,
        _: &mut Vec<f64>,
        _: &mut Vec<f64>,
        _: &mut Vec<f64>,
        _: Option<f64>,
    ) -> Result<(f64, f64), NotFinite> {
        match *flow {}
    }

    fn init_from_transformed_position(
        &mut self,
        flow: &Infallible,
        _: &mut Vec<f64>,
        _: &mut Vec<f64>,
        _: &Vec<f64>,
        _: &mut Vec<f64>,
        _: Option<f64>,
    ) -> Result<(f64, f64), NotFinite> {
        match *flow {}
    }

    fn update_transformation<'a, R: Rng + ?Sized>(
        &'a mut self,
        _: &mut R,
        _: impl ExactSizeIterator<Item = &'a Vec<f64>>,
        _: impl ExactSizeIterator<Item = &'a Vec<f64>>,
        _: impl ExactSizeIterator<Item = &'a f64>,
        flow: &'a mut Infallible,
    ) -> Result<(), NotFinite> {
        match *flow {}
    }

    fn new_transformation<R: Rng + ?Sized>(
        &mut self,
        _: &mut R,
        _: usize,
        _: u64,
    ) -> Result<Infallible, NotFinite> {
        Err(NotFinite)
    }

    fn init_transformation<R: Rng + ?Sized>(
        &mut self,
        _: &mut R,
        _: &Vec<f64>,
        _: &Vec<f64>,
        _: u64,
    ) -> Result<Infallible, NotFinite> {
        Err(NotFinite)
    }

    fn transformation_id(&self, flow: &Infallible) -> Result<i64, NotFinite> {
        match *flow {}
    }
}

/// A standard normal number, by the same quantile on every machine.
fn normal<R: Rng + ?Sized>(rng: &mut R) -> f64 {
    let bits: u64 = StandardUniform.sample(rng);
    normal_quantile(((bits >> 12) as f64 + 0.5) / (1u64 << 52) as f64)
}
