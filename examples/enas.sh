#!/usr/bin/env bash
# One of the three searches of the ENAS paper, end to end, at a size for two cores: search,
# derive, train the derived architecture from scratch, test.
#
#   examples/enas.sh macro images:FOLDER,size=16
#   examples/enas.sh micro images:FOLDER,size=16
#   examples/enas.sh recurrent text:PATH,vocab=2000
#
# Everything can be set from outside, which is how a test runs it at a smaller size:
#   ENASC   the executable              SETS   parameters of the space that is searched
#   OUT     the folder of the runs      FINAL  of the one in which the result is trained
#   RECIPE  hyperparameters that go before those of examples/enas/
#   THREADS as --threads; with 1 the runs are repeatable to the byte
set -euo pipefail

usage() {
  echo "usage: $0 macro|micro|recurrent KIND:PATH" >&2
  exit 2
}

[ $# -eq 2 ] || usage
search=$1
data=$2
cd "$(dirname "$0")/.."

case $search in
  macro)
    space=enas_macro
    sets="--set layers=6 --set width=16 --set size=16"
    final="--set layers=6 --set width=16 --set size=16"
    ;;
  micro)
    space=enas_micro
    sets="--set layers=3 --set width=8 --set size=16"
    final="--set layers=3 --set width=12 --set size=16"
    ;;
  recurrent)
    space=enas_rnn
    sets="--set n=6 --set width=128 --set vocab=2000"
    final=$sets
    ;;
  *) usage ;;
esac
enasc=${ENASC:-target/release/enasc}
out=${OUT:-runs/$space}
read -ra sets <<<"${SETS:-$sets}"
read -ra final <<<"${FINAL:-$final}"
common=(--data "$data" --recipe "examples/enas/$search.toml")
if [ -n "${RECIPE:-}" ]; then common+=(--recipe "$RECIPE"); fi
if [ -n "${THREADS:-}" ]; then common+=(--threads "$THREADS"); fi

step() { printf '\n== %s\n' "$*"; }

step "search spaces/$space.enas"
"$enasc" search "spaces/$space.enas" "${sets[@]}" "${common[@]}" --out "$out/search"

step "train what was derived, in spaces/${space}_final.enas"
"$enasc" train "spaces/${space}_final.enas" "${final[@]}" --arch "$out/search/best.json" \
  "${common[@]}" --out "$out/final"

step "test it"
"$enasc" eval "$out/final" --data "$data"
