#!/usr/bin/env python3
"""How often the intervals hold the truth: made-up stops from many seeds, one study for each, truth.json beside.

Needs Python 3 and nothing else, and `cargo build --release` before. Prints one line for each number with how many of
the seeds have the truth in the interval to be quoted, and in that of counting alone. Exits 1 where the quoted one lies
outside 182 to 198 of 200 (the 99.8 % range of a binomial of 0.95, in proportion for other numbers of seeds).

    python3 scripts/coverage.py [--seeds 200] [--rows 30000] [--binary target/release/evenhand]
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

PLAN = """
[records]
duplicates = 0.0
second_citations = 0.0
missing_race = 0.0
"""

TABLES = """
[disclosure]
mode = "court"

[[disparity]]
name   = "hits"
counts = "hits"

[[veil_of_darkness]]
name   = "veil"
counts = "stops"
"""

# Finding, estimand, and where truth.json has the number of a group.
NUMBERS = [
    ("disparity-searches", "risk_ratio", lambda ratio: ratio["search_rate"]["pooled"]),
    ("hits", "risk_ratio", lambda ratio: ratio["hit_rate"]["pooled"]),
    ("veil", "daylight_odds_ratio", lambda ratio: ratio["daylight_odds_ratio"]),
]


def run(*arguments):
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout


def rows_of(results, name):
    finding = next(f for f in results["findings"] if f["id"] == name)
    return [dict(zip(finding["columns"], row)) for row in finding["rows"]]


def one_seed(binary, seed, rows, folder):
    plan = folder / "plan.toml"
    plan.write_text(PLAN)
    out = folder / f"seed-{seed}"
    run(binary, "simulate", "stops", "--plan", plan, "--seed", seed, "--rows", rows, "-o", out, "--quiet")
    study = out / "study.toml"
    study.write_text(study.read_text() + TABLES)
    results = json.loads(run(binary, "run", study, "--out", out / "bundle", "--json"))
    truth = json.loads((out / "truth.json").read_text())
    held = {}
    for name, estimand, of in NUMBERS:
        for ratio in truth["ratios"]:
            for row in rows_of(results, name):
                is_it = (row["estimand"] == estimand and row["group"] == ratio["group"]
                         and not row.get("stratum") and not row.get("place")
                         and row.get("comparison", "reference_group") == "reference_group")
                if not is_it:
                    continue
                low, high = row.get("conf_low"), row.get("conf_high")
                low = 0.0 if low is None else low
                inside = low <= of(ratio) and (high is None or of(ratio) <= high)
                kind = row["variance"] if row["quoted"] == "yes" else "counting, beside"
                held.setdefault((name, ratio["group"], row["quoted"] == "yes"), (kind, inside))
    return held


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--rows", type=int, default=30_000)
    parser.add_argument("--binary", type=pathlib.Path, default=pathlib.Path("target/release/evenhand"))
    asked = parser.parse_args()
    counts = {}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(1, asked.seeds + 1):
            for key, (kind, inside) in one_seed(asked.binary, seed, asked.rows, pathlib.Path(folder)).items():
                of, within, _ = counts.get(key, (0, 0, kind))
                counts[key] = (of + 1, within + inside, kind)
    least, most = 182 / 200, 198 / 200
    failed = False
    print("| number | group | interval | seeds | truth inside |\n|---|---|---|---|---|")
    for (name, group, quoted), (of, within, kind) in sorted(counts.items()):
        print(f"| {name} | {group} | {'quoted: ' if quoted else ''}{kind} | {of} | {within} |")
        failed |= quoted and not least <= within / of <= most
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
