#!/usr/bin/env bash
# The main job, end to end: check and count the macro space of the ENAS paper
# (six operations, six layers), search it on Fashion-MNIST, derive the best
# architecture, train it from scratch, and train uniformly random architectures of
# the same space in the same way, to see what the search was worth.
#
# Everything can be set from outside, which is how a test runs it at a small size:
#   ENASC  the executable              OUT    the folder of the runs
#   DATA   KIND:PATH of the data       SETS   the parameters of the space
#   RECIPE hyperparameters             SEEDS  a training of each kind a seed
set -euo pipefail
cd "$(dirname "$0")/.."

enasc=${ENASC:-target/release/enasc}
data=${DATA:-fashion-mnist:data/fashion-mnist}
out=${OUT:-runs/demo}
recipe=${RECIPE:-examples/demo.toml}
seeds=${SEEDS:-1 2}
read -ra sets <<<"${SETS:---set layers=6 --set width=16 --set ch=1 --set size=28}"
space=(spaces/enas_macro.enas "${sets[@]}")

step() { printf '\n== %s\n' "$*"; }
# One number of a JSON file: `number FILE KEY`.
number() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$1" "$2"; }

if [ -e "$out" ]; then
  echo "error: $out exists; move it away, or set OUT to another folder" >&2
  exit 1
fi
mkdir -p "$out"

step "check"
"$enasc" check "${space[@]}"

step "count"
"$enasc" count "${space[@]}"

step "search"
"$enasc" search "${space[@]}" --data "$data" --recipe "$recipe" --out "$out/search"

step "derive again, from more samples"
"$enasc" derive "$out/search" --samples 60

# Trains one architecture quietly, on one thread: two of them share the cores, and
# on one thread a run is repeatable to the byte.
train() {
  "$enasc" train "${space[@]}" --arch "$1" --data "$data" --recipe "$recipe" \
    --seed "$2" --out "$3" --threads 1 --quiet
}

for seed in $seeds; do
  step "train the derived and a random architecture, seed $seed"
  "$enasc" sample "${space[@]}" --seed "$seed" >"$out/random-$seed.arch"
  train "$out/search/best.json" "$seed" "$out/derived-$seed" &
  derived=$!
  train "$out/random-$seed.arch" "$seed" "$out/random-$seed" &
  random=$!
  wait "$derived"
  wait "$random"
done

step "test accuracy, each trained from scratch in the same way"
printf '%-10s %12s %12s\n' "" "accuracy" "parameters"
for run in derived random; do
  for seed in $seeds; do
    result="$out/$run-$seed/result.json"
    printf '%-10s %11.2f%% %12d\n' "$run $seed" \
      "$(python3 -c 'import sys; print(100 * float(sys.argv[1]))' "$(number "$result" accuracy)")" \
      "$(number "$result" parameters)"
  done
done
