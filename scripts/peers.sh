#!/usr/bin/env bash
# Speed of the kernel beside its peers, both in this run and on one core: scipy, numpy and R's glm.
#
# Makes a throw-away environment with numpy and scipy from the package index, draws the cases, times both sides and
# prints one table; exits 1 if a promise is broken. Without Rscript the part of R is skipped, and said so.
# What is timed of each is said in scripts/peers/peers.py, examples/peers.rs and scripts/peers/glm.R.
set -euo pipefail
cd "$(dirname "$0")/.."
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1

one_core() {
  if command -v taskset >/dev/null; then taskset -c 0 "$@"; else "$@"; fi
}

cargo build --release --locked --quiet --example peers
python3 -m venv "$work/environment"
python="$work/environment/bin/python"
"$python" -m pip install --quiet --disable-pip-version-check numpy scipy

"$python" scripts/peers/peers.py draw "$work"
one_core cargo run --release --locked --quiet --example peers -- "$work"
one_core "$python" scripts/peers/peers.py answer "$work"
if command -v Rscript >/dev/null; then
  one_core Rscript --vanilla scripts/peers/glm.R "$work"
else
  echo "skipped: no Rscript"
fi
"$python" scripts/peers/peers.py compare "$work"
