"""Answers for tests/reference/missing.rs, by numpy and by trying every allocation; writes missing.json beside itself.

Nothing here shares code with the program: bounds are extremes over all allocations, the tipping share is found by
bisection, variances are by numerical derivatives, and the matrix is inverted by numpy.
"""

import json
import math
import pathlib

import numpy as np

GROUPS = ["white", "black", "hispanic"]
SEARCHES = {  # place: group: (searches, stops)
    "North": {"white": (120, 4000), "black": (90, 1500), "hispanic": (30, 700), "": (40, 900)},
    "South": {"white": (60, 3000), "black": (50, 600), "hispanic": (24, 500), "": (6, 600)},
    "East": {"white": (30, 900), "black": (8, 100), "hispanic": (4, 120), "": (20, 400)},
}
PEOPLE = {"white": 40000.0, "black": 9000.0, "hispanic": 8000.0}
SHARE, N = 0.08, 250  # Hispanic recorded as white
Z = 1.959963984540054


def total(group, part):
    return sum(place[group][part] for place in SEARCHES.values())


def rate_ends(g):
    x, n = total(g, 0), total(g, 1)
    mx, m = total("", 0), total("", 1)
    rates = [(x + a) / (n + a + b) for a in range(mx + 1) for b in range(m - mx + 1)]
    return min(rates), max(rates)


def ratio_ends(g):
    x, n, x0, n0 = total(g, 0), total(g, 1), total("white", 0), total("white", 1)
    mx, my = total("", 0), total("", 1) - total("", 0)
    a, b = np.meshgrid(np.arange(mx + 1), np.arange(my + 1))
    ratios = ((x + a) / (n + a + b)) / ((x0 + mx - a) / (n0 + mx - a + my - b))
    return float(ratios.min()), float(ratios.max())


def tipping(g):
    x, n, x0, n0 = total(g, 0), total(g, 1), total("white", 0), total("white", 1)
    mx, my = total("", 0), total("", 1) - total("", 0)
    share = (n - x) / (n - x + n0 - x0)

    def difference(q):
        own = (x + q * mx) / (n + q * mx + share * my)
        left = (1 - q) * mx
        return own - (x0 + left) / (n0 + left + (1 - share) * my)

    return bisect(difference)


def bisect(f, low=0.0, high=1.0):
    if f(low) > 0 or f(high) < 0:
        return None
    for _ in range(200):
        middle = (low + high) / 2
        if f(middle) < 0:
            low = middle
        else:
            high = middle
    return high


def flat():
    cells = [(p, g, k) for p in SEARCHES for g in GROUPS + [""] for k in range(2)]
    counts = []
    for p, g, k in cells:
        x, n = SEARCHES[p][g]
        counts.append(float(x if k == 0 else n - x))
    return cells, np.array(counts)


def log_at_random(cells, counts, g, per_head):
    table = {cell: value for cell, value in zip(cells, counts)}

    def allocated(group, k):
        sum_ = 0.0
        for p in SEARCHES:
            known = sum(table[p, other, k] for other in GROUPS)
            sum_ += table[p, group, k] * (1 + table[p, "", k] / known)
        return sum_

    def stops(group):
        sum_ = 0.0
        for p in SEARCHES:
            both = lambda name: table[p, name, 0] + table[p, name, 1]
            known = sum(both(other) for other in GROUPS)
            sum_ += both(group) * (1 + both("") / known)
        return sum_

    if per_head:
        return math.log(stops(g) / PEOPLE[g]) - math.log(stops("white") / PEOPLE["white"])
    rate = lambda group: allocated(group, 0) / (allocated(group, 0) + allocated(group, 1))
    return math.log(rate(g)) - math.log(rate("white"))


def delta(f, counts):
    variance = 0.0
    for i, count in enumerate(counts):
        step = 1e-3
        up, down = counts.copy(), counts.copy()
        up[i] += step
        down[i] -= step
        variance += ((f(up) - f(down)) / (2 * step)) ** 2 * count
    return variance


def interval(log, variance):
    reach = Z * math.sqrt(variance)
    return [math.exp(log), math.exp(log - reach), math.exp(log + reach)]


def at_random(g, per_head=False):
    cells, counts = flat()
    f = lambda values: log_at_random(cells, values, g, per_head)
    return interval(f(counts), delta(f, counts))


def corrected(g):
    def log(values):
        *counts, share = values
        matrix = np.eye(3)
        matrix[0, 2] += share
        matrix[2, 2] -= share
        x = np.linalg.solve(matrix, np.array(counts[:3]))
        y = np.linalg.solve(matrix, np.array(counts[3:]))
        rate = x / (x + y)
        return math.log(rate[GROUPS.index(g)] / rate[0])

    counts = [total(h, 0) for h in GROUPS] + [total(h, 1) - total(h, 0) for h in GROUPS]
    values = np.array(counts + [SHARE], dtype=float)
    variance = delta(lambda v: log(list(v) + [SHARE]), values[:-1])
    step = 1e-6
    at = lambda share: log(list(values[:-1]) + [share])
    slope = (at(SHARE + step) - at(SHARE - step)) / (2 * step)
    variance += slope**2 * SHARE * (1 - SHARE) / N
    return interval(log(values), variance)


def closing_per_head(g):
    """The share of Hispanic stops recorded as white at which the rates per head of both are equal."""
    stops = {h: total(h, 1) for h in GROUPS}

    def difference(s):
        own = stops["hispanic"] / (1 - s)
        white = stops["white"] - own * s
        return own / PEOPLE["hispanic"] - white / PEOPLE["white"]

    return bisect(difference, high=0.9)


def per_head(g):
    n, n0, m = total(g, 1), total("white", 1), total("", 1)
    ratio = lambda a: ((n + a) / PEOPLE[g]) / ((n0 + m - a) / PEOPLE["white"])
    ratios = [ratio(a) for a in range(m + 1)]
    return {
        "lowest": min(ratios),
        "highest": max(ratios),
        "tipping": bisect(lambda q: ratio(q * m) - 1),
        "at_random": at_random(g, per_head=True),
    }


answers = {
    g: {
        "lowest_rate": rate_ends(g)[0],
        "highest_rate": rate_ends(g)[1],
        "lowest": ratio_ends(g)[0],
        "highest": ratio_ends(g)[1],
        "tipping": tipping(g),
        "at_random": at_random(g),
        "corrected": corrected(g),
        "per_head": per_head(g),
    }
    for g in GROUPS[1:]
}
answers["closing"] = closing_per_head("hispanic")
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps(answers, indent=1) + "\n")
