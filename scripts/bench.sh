#!/usr/bin/env bash
# Speed of the release binary, warm: five runs each, the median of wall time in milliseconds.
# Promised: flagship run under 2000, check under 200, help under 10.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --locked --quiet
binary=target/release/evenhand
out="$(mktemp -d)"
trap 'rm -rf "$out"' EXIT
median() {
  "$@" >/dev/null 2>&1
  for _ in 1 2 3 4 5; do
    start=$(date +%s%N)
    "$@" >/dev/null 2>&1
    echo $((($(date +%s%N) - start) / 1000000))
  done | sort -n | sed -n 3p
}
echo "run    $(median $binary run datasets/studies/287g-counties.toml --out "$out/bundle") ms"
echo "check  $(median $binary check datasets/studies/287g-counties.toml) ms"
echo "help   $(median $binary --help) ms"
