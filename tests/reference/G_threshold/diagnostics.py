"""Convergence diagnostics of a few sets of chains, by ArviZ: writes diagnostics.json beside itself.

    python diagnostics.py        # needs numpy and arviz 0.23
"""
import json
import pathlib

import arviz
import numpy as np

rng = np.random.default_rng(20190710)


def autoregressive(chains, length, rho):
    draws = rng.standard_normal((chains, length))
    for i in range(1, length):
        draws[:, i] += rho * draws[:, i - 1]
    return draws


apart = autoregressive(4, 80, 0.3)
apart[2] += 0.7
# Whole numbers: distances from the median are tied exactly, not but for their last bits.
ties = np.round(4 * autoregressive(3, 90, 0.5))
cases = {
    "independent": autoregressive(4, 100, 0.0),
    "slow": autoregressive(4, 200, 0.9),
    "alternating": autoregressive(4, 100, -0.6),
    "apart": apart,
    "heavy_tails": rng.standard_cauchy((4, 120)),
    "ties": ties,
    "odd_length": autoregressive(4, 101, 0.4),
    "two_chains": autoregressive(2, 60, 0.2),
}
answers = []
for name, draws in cases.items():
    draws = np.round(draws, 6)
    answers.append(
        {
            "name": name,
            "chains": draws.tolist(),
            "r_hat": float(arviz.rhat(draws, method="rank")),
            "bulk_ess": float(arviz.ess(draws, method="bulk")),
            "tail_ess": float(arviz.ess(draws, method="tail")),
            "mean_ess": float(arviz.ess(draws, method="mean")),
        }
    )
out = {"source": f"arviz {arviz.__version__}, numpy {np.__version__}", "cases": answers}
path = pathlib.Path(__file__).with_name("diagnostics.json")
path.write_text(json.dumps(out) + "\n")
