"""Draws the cases, answers them with numpy and scipy, and compares; called by ../peers.sh.

Each time is the shortest of RUNS runs of the calls alone, as on evenhand's side. Arrays are 64-bit floats,
little-endian, without a header.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import scipy
from scipy.special import betaincinv, gammaincinv
from scipy.stats import fisher_exact

RUNS = 3
DRAWS = 9999
CLUSTERS = 40

# Cells of tables with a total of a million: even, uneven, a rare event, a p far from 1.
TABLES = [
    [250_000, 250_000, 250_900, 249_100],
    [900, 99_100, 9_000, 891_000],
    [12, 399_988, 31, 599_969],
    [30_000, 470_000, 33_000, 467_000],
]

STUDY = """format = 1
title  = "A million made-up rows"
agency = "Made up"
period = "2021"

[groups]
reference = "white"
compare   = ["black", "hispanic", "asian"]

[[stops]]
files   = ["rows.csv"]
unit    = "driver"
columns = { place = "county", group = "race", searched = "searched" }

[[regression]]
counts  = "searches"
adjust  = ["place"]
cluster = "place"
"""


def draw(folder):
    random = np.random.default_rng(287)
    count = 1_000_000
    trials = np.floor(10 ** random.uniform(1, 6, count))
    events = random.binomial(trials.astype(int), random.beta(1, 9, count))
    np.column_stack([events, trials]).astype("<f8").tofile(folder / "counts.f64")
    np.array(TABLES, "<f8").tofile(folder / "tables.f64")

    place = random.integers(0, CLUSTERS, count)
    race = random.choice(4, count, p=[0.55, 0.2, 0.2, 0.05])
    level = random.normal(-3, 0.4, CLUSTERS)[place]
    gap = np.array([0, 0.5, 0.35, -0.3])[race] + random.normal(0, 0.2, (CLUSTERS, 4))[place, race]
    searched = random.random(count) < 1 / (1 + np.exp(-level - gap))
    names = ["white", "black", "hispanic", "asian"]
    with open(folder / "rows.csv", "w", encoding="ascii") as file:
        file.write("county,race,searched\n")
        file.writelines(f"county {p:02},{names[r]},{int(s)}\n" for p, r, s in zip(place, race, searched))
    (folder / "rows.toml").write_text(STUDY, encoding="ascii")

    rows = 200_000
    cluster = random.integers(0, CLUSTERS, rows)
    shock = random.normal(0, 0.3, CLUSTERS)[cluster]
    a = random.normal(0, 1, rows) + random.normal(0, 0.5, CLUSTERS)[cluster]
    b, c = random.uniform(0, 1, rows), random.exponential(1, rows)
    predictor = -1 + 0.02 * a + 0.5 * b - 0.3 * c + shock
    value = predictor + random.normal(0, 1, rows)
    event = random.random(rows) < 1 / (1 + np.exp(-predictor))
    np.column_stack([value, event, cluster, a, b, c]).astype("<f8").tofile(folder / "bootstrap.f64")


def timed(seconds, what, call):
    """The answer of a call; the shortest time of some runs is noted."""
    for _ in range(RUNS):
        start = time.perf_counter()
        answer = call()
        seconds[what] = min(seconds.get(what, np.inf), time.perf_counter() - start)
    return answer


def read(folder, name):
    return np.fromfile(folder / f"{name}.f64", "<f8")


def wild(x, y, cluster, logistic):
    """t of CR1 and p of the wild cluster bootstrap of column 1, null imposed, the score form of a logit."""
    null = np.delete(x, 1, axis=1)
    beta = np.zeros(null.shape[1])
    for _ in range(25 if logistic else 1):
        mean = 1 / (1 + np.exp(-null @ beta)) if logistic else null @ beta
        weight = mean * (1 - mean) if logistic else np.ones(len(y))
        step = np.linalg.solve(null.T @ (null * weight[:, None]), null.T @ (y - mean))
        beta = beta + step
        if np.abs(step).max() < 1e-9:
            break
    mean = 1 / (1 + np.exp(-null @ beta)) if logistic else null @ beta
    weight = mean * (1 - mean) if logistic else np.ones(len(y))
    inverse = np.linalg.inv(x.T @ (x * weight[:, None]))
    total = lambda rows: np.column_stack([np.bincount(cluster, rows[:, j], CLUSTERS) for j in range(x.shape[1])])
    shifts = total(x * (y - mean)[:, None]) @ inverse
    returns = total(x * (weight * (x @ inverse[1]))[:, None])
    signs = np.random.default_rng(287).choice([-1.0, 1.0], (DRAWS, CLUSTERS))
    signs = np.vstack([np.ones(CLUSTERS), signs])
    shift = signs @ shifts
    left = signs * shifts[:, 1] - shift @ returns.T
    t = shift[:, 1] / np.sqrt((left**2).sum(axis=1))
    p = (1 + (np.abs(t[1:]) >= np.abs(t[0]) * (1 - 1e-9)).sum()) / (1 + DRAWS)
    factor = CLUSTERS / (CLUSTERS - 1) * (len(y) - 1) / (len(y) - x.shape[1])
    return t[0] / np.sqrt(factor), p


def answer(folder):
    seconds = {}
    x, n = read(folder, "counts").reshape(-1, 2).T.copy()
    ends = timed(seconds, "clopper_pearson", lambda: (betaincinv(x, n - x + 1, 0.025), betaincinv(x + 1, n - x, 0.975)))
    low, high = np.where(x == 0, 0, ends[0]), np.where(x == n, 1, ends[1])
    np.column_stack([low, high]).tofile(folder / "peer_clopper_pearson.f64")
    low, high = timed(seconds, "garwood", lambda: (gammaincinv(x, 0.025), gammaincinv(x + 1, 0.975)))
    np.column_stack([np.where(x == 0, 0, low), high]).tofile(folder / "peer_garwood.f64")

    answers = []
    for cells in TABLES:
        one = {}
        answers.append(timed(one, "fisher", lambda: fisher_exact(np.reshape(cells, (2, 2))).pvalue))
        seconds["fisher"] = max(seconds.get("fisher", 0), one["fisher"])
    np.array(answers).tofile(folder / "peer_fisher.f64")

    value, event, cluster, *columns = read(folder, "bootstrap").reshape(-1, 6).T
    x, cluster = np.column_stack([np.ones(len(value)), *columns]), cluster.astype(int)
    linear = timed(seconds, "bootstrap_linear", lambda: wild(x, value, cluster, False))
    logistic = timed(seconds, "bootstrap_logistic", lambda: wild(x, event, cluster, True))
    np.array([*linear, *logistic]).tofile(folder / "peer_bootstrap_answers.f64")
    (folder / "peer.json").write_text(json.dumps(seconds), encoding="ascii")


def difference(ours, theirs):
    """The largest relative difference, without an absolute floor."""
    differ = ours != theirs
    ours, theirs = ours[differ], theirs[differ]
    apart = np.abs(ours - theirs) / np.maximum(np.abs(ours), np.abs(theirs))
    return apart.max(initial=0)


def compare(folder):
    ours = json.loads((folder / "evenhand.json").read_text(encoding="ascii"))
    theirs = json.loads((folder / "peer.json").read_text(encoding="ascii"))
    both = lambda name: (read(folder, name), read(folder, f"peer_{name}"))
    lines = []
    for what, name in [("a million Clopper-Pearson", "clopper_pearson"), ("a million Garwood", "garwood")]:
        kept = theirs[name] >= ours[name]
        lines.append((what, ours[name], theirs[name], difference(*both(name)), 1e-9, "ratio 1", kept))
    lines.append(
        ("Fisher 2x2 of 10^6", ours["fisher"], theirs["fisher"], difference(*both("fisher")), 1e-6, "1 ms", ours["fisher"] < 1e-3)
    )
    if (folder / "glm.f64").exists():
        glm_seconds, *numbers = read(folder, "glm")
        logit, numbers = read(folder, "logit"), np.array(numbers)
        ratio = glm_seconds / ours["logit"]
        for what, part, most in [("logit, 10^6 rows: coefficients", 0, 1e-8), ("logit, 10^6 rows: CR1 errors", 1, 1e-7)]:
            apart = difference(logit[part::2], numbers[part::2])
            lines.append((what, ours["logit"], glm_seconds, apart, most, "ratio 50", ratio >= 50))
    statistics, peers = both("bootstrap_answers")
    for what, name, at in [("linear", "bootstrap_linear", 0), ("logistic", "bootstrap_logistic", 2)]:
        apart = difference(statistics[at : at + 1], peers[at : at + 1])
        lines.append((f"wild bootstrap, {what}", ours[name], theirs[name], apart, 1e-8, "0.2 s", ours[name] < 0.2))

    r = (folder / "glm.txt").read_text(encoding="utf-8").strip() if (folder / "glm.txt").exists() else "no R"
    print(f"numpy {np.__version__}, scipy {scipy.__version__}, {r}; one core, seconds")
    print(f"{'what':32}{'evenhand':>12}{'peer':>12}{'ratio':>9}{'difference':>12}  promise")
    broken = False
    for what, own, peer, apart, most, promise, kept in lines:
        kept = kept and apart <= most
        broken |= not kept
        word = "kept" if kept else "BROKEN"
        print(f"{what:32}{own:12.6f}{peer:12.6f}{peer / own:9.1f}{apart:12.1e}  {promise}, {most:.0e}: {word}")
    print(f"bootstrap p, draws of each its own: {statistics[1::2]} and {peers[1::2]}")
    return broken


if __name__ == "__main__":
    task, folder = sys.argv[1], Path(sys.argv[2])
    sys.exit({"draw": draw, "answer": answer, "compare": compare}[task](folder) or 0)
