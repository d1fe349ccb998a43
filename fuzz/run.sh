#!/usr/bin/env bash
# Fuzzes every target for a few seconds: see --help.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: fuzz/run.sh [--whole] [SECONDS [TARGET…]]

Builds the targets with the stable compiler and runs each for SECONDS, 5 if not said, from the seeds in
fuzz/corpus. What it finds on the way is kept in fuzz/corpus only with KEEP_CORPUS=1.
With --whole it also runs those that need most of the workspace, which takes minutes to build.
SEED sets where chance begins; it is printed, so that a run can be done again.
An input that breaks a target is left in fuzz/artifacts.
USAGE
}

features=()
case ${1:-} in
  --help | -h) usage && exit 0 ;;
  --whole) features=(--features whole) && shift ;;
esac
seconds=${1:-5}
shift || true
seed=${SEED:-$((RANDOM * 32768 + RANDOM))}

cd "$(dirname "${BASH_SOURCE[0]}")"
host=$(rustc -vV | sed -n 's/^host: //p')
target=${CARGO_TARGET_DIR:-$PWD/../target}/fuzz
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# What cargo-fuzz sets, but for sanitizers, which need a nightly compiler: our code has no unsafe blocks.
flags=(--cfg fuzzing -Cpasses=sancov-module)
for option in level=4 inline-8bit-counters pc-table trace-compares; do
  flags+=("-Cllvm-args=-sanitizer-coverage-$option")
done
# With --target, what runs while building is built without these flags.
CARGO_TARGET_DIR=$target RUSTFLAGS="${flags[*]}" cargo build --quiet --release --target "$host" ${features[@]+"${features[@]}"}

targets=("$@")
if ((${#targets[@]} == 0)); then
  targets=(engine_frames socket_packets polling client_actions recordings ids)
  if ((${#features[@]} > 0)); then targets+=(config_files paths); fi
fi
mkdir -p artifacts
for name in "${targets[@]}"; do
  corpus=$scratch/$name
  mkdir -p "$corpus"
  if [[ -n ${KEEP_CORPUS:-} ]]; then corpus=corpus/$name; fi
  printf '%s for %s s, seed %s\n' "$name" "$seconds" "$seed"
  "$target/$host/release/$name" -seed="$seed" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=4096 \
    -print_final_stats=1 -artifact_prefix="artifacts/$name-" "$corpus" "corpus/$name" >"$scratch/output" 2>&1 || {
    cat "$scratch/output"
    exit 1
  }
  grep -E 'number_of_executed_units|peak_rss' "$scratch/output"
done
