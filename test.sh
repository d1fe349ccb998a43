#!/usr/bin/env bash
# Runs every check and test there is: see --help.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: ./test.sh [--quick | --help]

  (no flag)   install what the tests need (Chromium and nginx when root), then run everything
  --quick     leave the browser tests out
  --help      show this text

It stops at the first step that fails.
The last line is `N passed, N failed`: tests, and each check that has no tests of its own counts as one.
CHROMIUM names the browser to use; pictures of the pages go to test-results/screenshots.
USAGE
}

is_quick=''
for argument in "$@"; do
  case $argument in
    --quick) is_quick=yes ;;
    --help | -h) usage && exit 0 ;;
    *)
      printf 'error: unknown argument %s\n\n' "$argument" >&2
      usage >&2
      exit 2
      ;;
  esac
done

cd "$(dirname "${BASH_SOURCE[0]}")"
root=$PWD
target=${CARGO_TARGET_DIR:-target}
[[ $target == /* ]] || target=$root/$target
scratch=$(mktemp -d)
server=''
passed=0 failed=0

finish() {
  local status=$?
  if [[ -n $server ]]; then
    kill -TERM "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$scratch"
  if ((status > 0 && failed == 0)); then failed=1; fi
  printf '\n%s passed, %s failed\n' "$passed" "$failed"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
  printf 'error: %s\n' "$1" >&2
  [[ -z ${2:-} ]] || printf 'hint: %s\n' "$2" >&2
  exit 1
}

elapsed() { printf '%d:%02d' $((SECONDS / 60)) $((SECONDS % 60)); }

heading() { printf '\n=== %s  [%s]\n' "$1" "$(elapsed)"; }

sum() { # REGEX: sums the numbers that it captures in the output of the step
  sed -n "s/$1/\1/p" "$scratch/output" | awk '{ total += $1 } END { print total + 0 }'
}

run() { # NAME COMMAND…: runs a step, shows its output, counts its tests
  local name=$1 status=0 good bad
  shift
  heading "$name"
  "$@" </dev/null 2>&1 | tee "$scratch/raw" || status=$?
  # Colors stand between the words and the numbers.
  sed 's/\x1b\[[0-9;]*m//g' "$scratch/raw" >"$scratch/output"
  good=$(($(sum '^test result: .* \([0-9]*\) passed;.*') \
    + $(sum '^ *Tests .* \([0-9]*\) passed.*') \
    + $(sum '^[^a-z]* pass \([0-9]*\)$')))
  bad=$(($(sum '^test result: .* \([0-9]*\) failed;.*') \
    + $(sum '^ *Tests  *\([0-9]*\) failed.*') + $(sum '^[^a-z]* fail \([0-9]*\)$')))
  if ((status == 0 && good + bad == 0)); then good=1; fi
  if ((status > 0 && bad == 0)); then bad=1; fi
  passed=$((passed + good))
  failed=$((failed + bad))
  if ((status > 0)); then
    printf '\nerror: failed: %s\n' "$name" >&2
    exit 1
  fi
}

in_folder() { (cd "$1" && shift && "$@"); }

skip() { # NAME REASON
  heading "$1"
  printf 'Skipped: %s\n' "$2"
}

# --- what is needed ---------------------------------------------------------------------------

for tool in cargo node npm cc git; do
  command -v "$tool" >/dev/null || fail "$tool is missing" './start_openhands.sh says how to install it'
done
cargo fmt --version >/dev/null 2>&1 || fail 'rustfmt is missing' 'install it: rustup component add rustfmt'
cargo clippy --version >/dev/null 2>&1 || fail 'clippy is missing' 'install it: rustup component add clippy'

find_browser() {
  local name
  for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
    if [[ -n $name ]] && command -v "$name"; then return; fi
  done
}

browser=''
no_browser='--quick'
if [[ -z $is_quick ]]; then
  browser=$(find_browser)
  if [[ -z $browser && $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    heading 'Installing Chromium'
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium; } </dev/null || true
    browser=$(find_browser)
  fi
  no_browser='there is no Chromium here; sudo apt-get install -y chromium gets it, or CHROMIUM names one'
fi

if ! command -v nginx >/dev/null && [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
  heading 'Installing nginx'
  export DEBIAN_FRONTEND=noninteractive
  # Some tests run behind it; without it they say that they are skipped.
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends nginx; } </dev/null || true
fi

# Notebooks are tested with ipykernel, too, where it can be had.
python=$target/python-tests/bin/python
has_python() { [[ -x $python ]] && "$python" -c 'import ipykernel, matplotlib' 2>/dev/null; }
if ! has_python; then
  heading 'A Python with ipykernel'
  if ! command -v python3 >/dev/null; then
    echo 'There is no python3 here: notebooks are not tested.'
  elif ! python3 -m venv --clear "${python%/bin/python}"; then
    echo 'No virtual environment could be made; sudo apt-get install -y python3-venv helps.'
  elif ! "$python" -m pip install --quiet --disable-pip-version-check ipykernel matplotlib; then
    echo 'ipykernel could not be installed: notebooks are tested without it.'
  fi
fi
if has_python; then export NOTEBOOK_TEST_PYTHON=$python; fi

# --- the steps --------------------------------------------------------------------------------

npm_install() {
  if [[ $1/package-lock.json -nt $1/node_modules/.package-lock.json ]]; then
    in_folder "$1" npm ci --no-audit --no-fund
  else
    echo 'Up to date.'
  fi
}

run 'Formatting' cargo fmt --all --check

heading 'Packages of the web interface and the end-to-end tests'
npm_install frontend
npm_install e2e

run 'Web interface: lint' in_folder frontend npm run --silent lint
run 'Web interface: types' in_folder frontend npm run --silent typecheck
run 'Web interface: tests' in_folder frontend npm run --silent test
# The server embeds what this leaves in frontend/dist, so it comes before cargo.
run 'Web interface: build' in_folder frontend npm run --silent build

run 'Clippy' cargo clippy --workspace --all-targets -- -D warnings
run 'Tidy' cargo xtask tidy
run 'Generated types' cargo xtask types --check
# Whoever started us in the background made us ignore signals that the tests send to commands.
signals=()
if env --default-signal=HUP,INT,QUIT true 2>/dev/null; then
  signals=(env '--default-signal=HUP,INT,QUIT')
fi
run 'Rust tests' ${signals[@]+"${signals[@]}"} cargo test --workspace --no-fail-fast
if command -v c++ >/dev/null; then
  run 'Fuzz targets' fuzz/run.sh --whole 3
else
  skip 'Fuzz targets' 'there is no C++ compiler here; sudo apt-get install -y g++ gets it'
fi
run 'Server: release build' cargo build --release -p oh-server
run 'Protocol server: build' cargo build -p oh-server --example conformance

export CONFORMANCE_BIN=$target/debug/examples/conformance
export OPENHANDS_BIN=$target/release/openhands
run 'Protocol tests' bash -c 'cd e2e && node --test --test-reporter=spec protocol/*.test.mjs'

free_port() {
  node -e 'const s = require("net").createServer(); s.listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'
}

start_server() { # a server of its own with the demonstration model, nothing configured
  local port deadline=$((SECONDS + 60))
  port=$(free_port)
  mkdir -p "$scratch/work" test-results
  (
    cd "$scratch/work"
    unset SESSION_API_KEY BACKEND_HOST BACKEND_PORT VITE_FRONTEND_PORT LLM_API_KEY LLM_BASE_URL
    LLM_MODEL=demo exec "$OPENHANDS_BIN" serve --host 127.0.0.1 --port "$port" --data-dir "$scratch/data"
  ) >test-results/server.log 2>&1 </dev/null &
  server=$!
  export BASE_URL=http://127.0.0.1:$port
  until node -e 'fetch(process.argv[1]).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))' "$BASE_URL/api/health"; do
    kill -0 "$server" 2>/dev/null || { cat test-results/server.log >&2 && fail 'the server ended'; }
    ((SECONDS < deadline)) || fail 'the server does not answer; see test-results/server.log'
    sleep 0.1
  done
}

if compgen -G 'e2e/server/*.test.mjs' >/dev/null; then
  run 'Server tests' bash -c 'cd e2e && node --test --test-timeout=90000 --test-reporter=spec server/*.test.mjs'
fi
if [[ -n $browser ]]; then
  heading 'Starting a server for the browser'
  start_server
  printf 'It answers at %s.\n' "$BASE_URL"
  export CHROMIUM=$browser SCREENSHOT_DIR=$root/test-results/screenshots
  run 'Browser tests' bash -c 'cd e2e && node --test --test-timeout=600000 --test-reporter=spec browser/*.test.mjs'
else
  skip 'Browser tests' "$no_browser"
fi

heading 'Done'
