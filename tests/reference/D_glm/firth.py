"""Reference answers of Firth's logistic regression for `firth.json`: coefficients, errors, penalised likelihoods, tests and
profile limits, found with mpmath in 30 digits from the definition alone (Heinze and Schemper 2002, section 2), and compared
with firthmodels 0.8.2. Run in this folder: python firth.py > firth.json

With a coefficient held, the penalised likelihood of the separated cells of d7 has several maxima. The profile is that of the
highest: scipy looks for it from 60 places, mpmath goes on from there. firthmodels comes to the same limits of d7; for its
tests it reports no convergence, hence null."""

import csv
import json
import warnings

import mpmath as mp
import numpy as np
import scipy.optimize
from firthmodels import FirthLogisticRegression

mp.mp.dps = 30


def information(rows, beta):
    k = len(beta)
    total = mp.zeros(k)
    for x, _, n in rows:
        p = 1 / (1 + mp.exp(-mp.fdot(x, beta)))
        for i in range(k):
            for j in range(k):
                total[i, j] += n * p * (1 - p) * x[i] * x[j]
    return total


def penalised(rows, beta):
    likelihood = mp.mpf(0)
    for x, s, n in rows:
        eta = mp.fdot(x, beta)
        likelihood -= s * mp.log1p(mp.exp(-eta)) + (n - s) * mp.log1p(mp.exp(eta))
    return likelihood + mp.log(mp.det(information(rows, beta))) / 2


def gradient(rows, beta, free):
    """Of the penalised likelihood: the score plus half the trace of I^-1 dI."""
    inverse = mp.inverse(information(rows, beta))
    k = len(beta)
    out = [mp.mpf(0)] * k
    for x, s, n in rows:
        p = 1 / (1 + mp.exp(-mp.fdot(x, beta)))
        leverage = n * p * (1 - p) * mp.fsum(x[i] * inverse[i, j] * x[j] for i in range(k) for j in range(k))
        for i in free:
            out[i] += (s - n * p + leverage * (mp.mpf(1) / 2 - p)) * x[i]
    return out


def best(rows, beta, free):
    """Newton's method from close by: the free coefficients at which the gradient is 0."""

    def slope(*part):
        trial = list(beta)
        for i, value in zip(free, part):
            trial[i] = value
        found = gradient(rows, trial, free)
        return [found[i] for i in free]

    root = mp.findroot(slope, [beta[i] for i in free], solver="mdnewton", tol=1e-40, maxsteps=50)
    beta = list(beta)
    for i, value in zip(free, root):
        beta[i] = value
    return beta


def seek(rows, full, error, free, held):
    """The highest maximum with the coefficients that are not free at the values of `held`, in doubles."""
    x = np.array([[float(v) for v in row] for row, _, _ in rows])
    s, n = np.array([float(r[1]) for r in rows]), np.array([float(r[2]) for r in rows])

    def lack(part):
        beta = np.array(held, dtype=float)
        beta[free] = part
        eta = x @ beta
        small = np.exp(-np.abs(eta))
        sign, ln_det = np.linalg.slogdet(x.T @ (x * (n * small / (1 + small) ** 2)[:, None]))
        if sign <= 0:
            return 1e9
        return np.sum(s * np.logaddexp(0, -eta) + (n - s) * np.logaddexp(0, eta)) - ln_det / 2

    random = np.random.default_rng(1)
    ends = []
    for _ in range(60):
        start = np.array([float(full[i]) + 4 * float(error[i]) * random.normal() for i in free])
        ends.append(scipy.optimize.minimize(lack, start, method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-12}))
    beta = [mp.mpf(float(v)) for v in held]
    top = min(ends, key=lambda end: end.fun)
    for i, value in zip(free, top.x):
        beta[i] = mp.mpf(float(value))
    return beta, top.fun


def answers(rows, columns):
    k = len(columns)
    rows = [([mp.mpf(v) for v in x], mp.mpf(s), mp.mpf(n)) for x, s, n in rows]
    every = list(range(k))
    near, _ = seek(rows, [0] * k, [1] * k, every, [0] * k)
    full = best(rows, near, every)
    top = penalised(rows, full)
    covariance = mp.inverse(information(rows, full))
    errors = [mp.sqrt(covariance[j, j]) for j in range(k)]
    quantile = mp.mpf("1.959963984540054235524594430520551527956")
    out = {"columns": columns, "coef": {}, "se_model": {}, "chisq": {}, "p": {}, "low": {}, "high": {}}
    for j, column in enumerate(columns):
        free = [i for i in range(k) if i != j]

        def held(value):
            return [value if i == j else full[i] for i in range(k)]

        def lost(value):
            beta, _ = seek(rows, full, errors, free, held(value))
            return 2 * (top - penalised(rows, best(rows, beta, free)))

        chisq = lost(mp.mpf(0))
        ends = []
        for side in (-1, 1):

            def excess(step):
                lack = seek(rows, full, errors, free, held(full[j] + side * step * errors[j]))[1]
                return max(2 * (float(top) + lack), 0) ** 0.5 - float(quantile)

            far = 1.0
            while excess(far) < 0:
                far += 1.0
            step = scipy.optimize.brentq(excess, far - 1.0, far, xtol=1e-6)
            near = full[j] + side * mp.mpf(step) * errors[j]
            path = [seek(rows, full, errors, free, held(near))[0]]

            def polished(value):
                beta = list(path[0])
                beta[j] = value
                path[0] = best(rows, beta, free)
                return mp.sqrt(2 * (top - penalised(rows, path[0]))) - quantile

            ends.append(mp.findroot(polished, (near, near * (1 + mp.mpf(10) ** -7)), solver="secant", tol=1e-36))
        out["coef"][column] = float(full[j])
        out["se_model"][column] = float(errors[j])
        out["chisq"][column] = float(chisq)
        out["p"][column] = float(mp.erfc(mp.sqrt(chisq / 2)))
        out["low"][column], out["high"][column] = float(ends[0]), float(ends[1])
    start, _ = seek(rows, full, errors, [0], [full[0]] + [mp.mpf(0)] * (k - 1))
    out["chisq_all_slopes"] = float(2 * (top - penalised(rows, best(rows, start, [0]))))
    out["loglik_penalised"] = float(top)
    out["check_max_rel_diff"] = peer(rows, out, columns)
    return out


def peer(rows, out, columns):
    """The largest relative difference from firthmodels on the rows of trials."""
    x, y = [], []
    for row, s, n in rows:
        for i in range(int(n)):
            x.append([float(v) for v in row])
            y.append(1 if i < int(s) else 0)
    warnings.simplefilter("ignore")
    fit = FirthLogisticRegression(fit_intercept=False, gtol=1e-10, xtol=1e-10, max_iter=500)
    fit.fit(np.array(x), np.array(y))
    fit.lrt()
    limits = fit.conf_int(method="pl", tol=1e-10, max_iter=500)
    gap = lambda ours, theirs: max(abs(a / out[ours][c] - 1) for a, c in zip(theirs, columns))
    return {
        "coef": gap("coef", fit.coef_),
        "p": gap("p", fit.lrt_pvalues_) if np.all(np.isfinite(fit.lrt_pvalues_)) else None,
        "low": gap("low", [limit[0] for limit in limits]),
        "high": gap("high", [limit[1] for limit in limits]),
    }


def read(name):
    with open(name) as file:
        return list(csv.DictReader(file))


separated = [([1, r["x"], r["z"]], r["y"], 1) for r in read("d7_separation.csv")]
race = {"white": [0, 0], "black": [1, 0], "hispanic": [0, 1]}
beats = [([1, *race[r["race"]]], r["hits"], r["stops"]) for r in read("d6_binomial_agg.csv")]
document = {
    "meta": {
        "origin": "mpmath, 30 digits, firth.py in this folder; checked with firthmodels 0.8.2",
        "penalty": "half the log determinant of the information of all columns, held or not (as R logistf)",
        "level": 0.95,
    },
    "d7_firth": answers(separated, ["(Intercept)", "x", "z"]),
    "d6_firth": answers(beats, ["(Intercept)", "raceblack", "racehispanic"]),
}
print(json.dumps(document, indent=1))
