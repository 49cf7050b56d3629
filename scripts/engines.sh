#!/usr/bin/env bash
# Speed of reading and counting beside DuckDB and pandas, all in this run and on two threads.
#
#   scripts/engines.sh                 5 million rows of 12 columns, as one CSV file and as twelve packed ones
#   scripts/engines.sh --rows 230M     evenhand alone, on so many rows in files of 5 million: as many different ones as the
#                                      disk carries, or as --different says, and the same again after that
#
# Makes a throw-away environment with duckdb and pandas from the package index, draws the rows, runs the three in turn
# several times, checks that they count the same, and prints wall time, processor time and peak memory; exits 1 if a
# promise is broken. Without Rscript and data.table that line is left out, and said so. What is timed is said in
# scripts/engines/engines.py.
set -euo pipefail
cd "$(dirname "$0")/.."
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

cargo build --release --locked --quiet --bin evenhand --example engines
python3 -m venv "$work/environment"
python="$work/environment/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check duckdb pandas
"$python" scripts/engines/engines.py target/release "$work" "$@"
