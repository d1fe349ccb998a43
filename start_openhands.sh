#!/usr/bin/env bash
# Builds OpenHands when its sources are newer, starts it, and stops it on Ctrl-C.
set -euo pipefail

usage() {
  cat <<'USAGE'
usage: ./start_openhands.sh [--dev | --build-only | --help]

  (no flag)      build what is out of date, start the server, keep running until Ctrl-C
  --dev          serve the web interface from Vite with hot reload (log: logs/frontend.log)
  --build-only   build and stop
  --help         show this text

Variables, from the environment or from .env, with what is used without them:
  BACKEND_HOST=0.0.0.0         address to listen on
  BACKEND_PORT=12000           port of the API, the socket and the web interface
  VITE_FRONTEND_PORT=12001     second port of the web interface
  DEBUG=true                   detailed log
  CORS_ALLOWED_ORIGINS=*       pages of other origins that may connect, with the key

The log goes to the terminal and to logs/backend.log; the one of the run before is logs/backend.log.1.
config.template.toml documents everything else.
USAGE
}

say() { printf '%s\n' "$*"; }
fail() {
  printf 'error: %s\n' "$1" >&2
  shift
  for hint in "$@"; do printf 'hint: %s\n' "$hint" >&2; done
  exit 1
}

mode=run
for argument in "$@"; do
  case $argument in
    --dev) mode=dev ;;
    --build-only) mode=build ;;
    --help | -h) usage && exit 0 ;;
    *)
      printf 'error: unknown argument %s\n\n' "$argument" >&2
      usage >&2
      exit 2
      ;;
  esac
done

cd "$(dirname "${BASH_SOURCE[0]}")"

# --- what is needed ---------------------------------------------------------------------------

at_least() { # HAVE WANT: whether a version is new enough
  [[ $(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1) == "$2" ]]
}

check_prerequisites() {
  local node_hint='install it: curl -fsSL https://deb.nodesource.com/setup_22.x | sudo -E bash - && sudo apt-get install -y nodejs (or see https://nodejs.org)'
  local rust_hint="install it: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh"
  local wanted found

  # rustup puts cargo where only new shells look.
  if ! command -v cargo >/dev/null && [[ -x $HOME/.cargo/bin/cargo ]]; then
    PATH=$HOME/.cargo/bin:$PATH
  fi
  command -v cargo >/dev/null || fail 'cargo is missing' "$rust_hint"
  wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
  found=$(cargo --version | cut -d ' ' -f 2) || fail 'cargo does not work' "$rust_hint"
  at_least "${found%%-*}" "$wanted" ||
    fail "Rust $found is too old, $wanted is needed" 'update it: rustup update stable'

  command -v cc >/dev/null ||
    fail 'a C compiler (cc) is missing' 'install it: sudo apt-get install -y build-essential'

  command -v node >/dev/null || fail 'Node.js is missing' "$node_hint"
  wanted=20.19
  found=$(node --version)
  at_least "${found#v}" "$wanted" || fail "Node.js $found is too old, $wanted is needed" "$node_hint"
  command -v npm >/dev/null || fail 'npm is missing' 'install it: sudo apt-get install -y npm'
}

# --- settings ---------------------------------------------------------------------------------

setting() { # NAME DEFAULT: exports NAME as the environment has it, else as .env has it, else DEFAULT
  local name=$1 value=${!1:-}
  if [[ -z $value && -f .env ]]; then
    value=$(sed -n "s/^\(export \)\{0,1\}$name=//p" .env | tail -n 1)
    value=${value%$'\r'}
    value=${value#[\"\']}
    value=${value%[\"\']}
  fi
  export "$name=${value:-$2}"
}

check_ports() {
  local name port
  for name in BACKEND_PORT VITE_FRONTEND_PORT; do
    port=${!name}
    if [[ ! $port =~ ^[0-9]{1,5}$ ]] || ((10#$port < 1 || 10#$port > 65535)); then
      fail "$name must be a port number, not '$port'"
    fi
    if (exec 3<>"/dev/tcp/$target/$port") 2>/dev/null; then
      fail "port $port is in use by another program" "stop it, or choose another port: $name=$((10#$port + 10)) $0"
    fi
  done
  [[ $BACKEND_PORT != "$VITE_FRONTEND_PORT" ]] ||
    fail "BACKEND_PORT and VITE_FRONTEND_PORT are both $BACKEND_PORT" 'choose two different ports'
}

# --- build ------------------------------------------------------------------------------------

install_packages() {
  if [[ frontend/package-lock.json -nt frontend/node_modules/.package-lock.json ]]; then
    say 'Installing the packages of the web interface …'
    (cd frontend && npm ci --no-audit --no-fund) || fail 'npm ci failed in frontend/'
  fi
}

build_frontend() {
  local newer
  newer=$(find frontend/src frontend/public frontend/*.html frontend/*.ts frontend/package*.json \
    -newer frontend/dist/index.html -print -quit 2>/dev/null || true)
  if [[ ! -f frontend/dist/index.html || -n $newer ]]; then
    say 'Building the web interface …'
    (cd frontend && npm run build) || fail 'the web interface could not be built'
  fi
}

build_server() {
  say 'Building the server … (the first time takes some minutes)'
  cargo build --release -p oh-server || fail 'the server could not be built'
}

# --- run --------------------------------------------------------------------------------------

backend='' frontend='' logger='' pipes='' stopping='' reason=''

stop() { # ends what was started and waits for it; a second signal does not wait
  if [[ -n $stopping ]]; then
    kill -KILL ${backend:+"$backend"} ${frontend:+"$frontend"} 2>/dev/null || true
    return
  fi
  stopping=yes
  kill -TERM ${backend:+"$backend"} ${frontend:+"$frontend"} 2>/dev/null || true
}

is_healthy() {
  if command -v curl >/dev/null; then
    [[ $(curl --silent --noproxy '*' --max-time 2 --output /dev/null --write-out '%{http_code}' \
      "http://$url_host:$BACKEND_PORT/api/health") == 200 ]]
  else
    (
      exec 3<>"/dev/tcp/$target/$BACKEND_PORT"
      printf 'GET /api/health HTTP/1.1\r\nHost: %s:%s\r\nConnection: close\r\n\r\n' "$target" "$BACKEND_PORT" >&3
      read -r -t 2 status <&3
      [[ $status == *' 200 '* ]]
    ) 2>/dev/null
  fi
}

is_alive() { kill -0 "$1" 2>/dev/null; }

start_backend() {
  local page=$VITE_FRONTEND_PORT
  # With --dev the port is Vite's.
  [[ $mode == dev ]] && page=''
  mkdir -p logs
  [[ -s logs/backend.log ]] && mv -f logs/backend.log logs/backend.log.1
  (umask 077 && : >logs/backend.log)
  pipes=$(mktemp -d)
  trap 'rm -rf "$pipes"' EXIT
  mkfifo -m 600 "$pipes/log"
  # The line with the key is for people only; the log has no use for it.
  (trap '' INT TERM && grep --line-buffered -a -v -F '#key=' | tee -a logs/backend.log) <"$pipes/log" &
  logger=$!
  # With job control it gets its signals as they are; otherwise commands of the agent would
  # inherit that Ctrl-C is ignored.
  set -m
  VITE_FRONTEND_PORT=$page "$binary" serve >"$pipes/log" 2>&1 </dev/null &
  backend=$!
  set +m
}

start_frontend() {
  (
    cd frontend
    VITE_BACKEND_HOST=${VITE_BACKEND_HOST:-$BACKEND_HOST:$BACKEND_PORT} exec node_modules/.bin/vite \
      --port "$VITE_FRONTEND_PORT" --host "$BACKEND_HOST" --strictPort
  ) >logs/frontend.log 2>&1 </dev/null &
  frontend=$!
}

wait_until_healthy() {
  local deadline=$((SECONDS + 60))
  until is_healthy; do
    if [[ -n $stopping ]] || ! is_alive "$backend"; then return; fi
    if ((SECONDS >= deadline)); then
      reason='the server did not answer GET /api/health within a minute'
      stop
      return
    fi
    sleep 0.1
  done
}

this_machine() {
  local address=''
  address=$(hostname -I 2>/dev/null | cut -d ' ' -f 1) || true
  printf '%s' "${address:-<this machine>}"
}

print_addresses() {
  local key page=$VITE_FRONTEND_PORT
  key=$("$binary" key) || return 0
  # printf is part of bash: the key is in no argument list.
  if [[ $mode == dev ]]; then
    printf '  Hot reload      http://localhost:%s/#key=%s\n' "$page" "$key"
  fi
  case $BACKEND_HOST in
    127.* | localhost | ::1) ;;
    0.0.0.0 | ::) printf '  Other machines  http://%s:%s/#key=%s\n' "$(this_machine)" "$page" "$key" ;;
    *) printf '  Other machines  http://%s:%s/#key=%s\n' "$url_host" "$page" "$key" ;;
  esac
  printf '  Socket check    http://localhost:%s/test\n' "$BACKEND_PORT"
  printf '  Log             logs/backend.log\n\n  Ctrl-C stops everything.\n\n'
}

wait_for_end() {
  if [[ $mode == dev ]]; then
    while [[ -z $stopping ]] && is_alive "$backend" && is_alive "$frontend"; do
      sleep 1 &
      wait $! || true
    done
    if [[ -z $stopping ]] && is_alive "$backend"; then
      reason='the development server of the web interface ended; see logs/frontend.log'
      stop
    fi
  fi
  # A signal ends `wait` early.
  local status
  while is_alive "$backend"; do
    wait "$backend" || true
  done
  status=0
  wait "$backend" 2>/dev/null || status=$?
  if [[ -n $frontend ]]; then
    kill -TERM "$frontend" 2>/dev/null || true
    wait "$frontend" 2>/dev/null || true
  fi
  wait "$logger" 2>/dev/null || true

  [[ -z $reason ]] || fail "$reason"
  if [[ -n $stopping ]]; then
    say 'Stopped.'
    exit 0
  fi
  if ((status > 128)); then
    printf 'error: the server was killed by signal %s; see logs/backend.log\n' $((status - 128)) >&2
  elif ((status > 0)); then
    printf 'error: the server ended with status %s; see logs/backend.log\n' "$status" >&2
  else
    say 'The server has stopped.'
  fi
  exit "$status"
}

check_prerequisites
setting BACKEND_HOST 0.0.0.0
setting BACKEND_PORT 12000
setting VITE_FRONTEND_PORT 12001
setting DEBUG true
setting CORS_ALLOWED_ORIGINS '*'
binary=${CARGO_TARGET_DIR:-target}/release/openhands
# An address to listen on may be none to call.
case $BACKEND_HOST in
  0.0.0.0 | ::) target=127.0.0.1 ;;
  *) target=$BACKEND_HOST ;;
esac
url_host=$target
[[ $target != *:* ]] || url_host="[$target]"

[[ $mode == build ]] || check_ports
install_packages
[[ $mode == dev ]] || build_frontend
build_server
[[ $mode != build ]] || exit 0

trap stop INT TERM HUP
start_backend
[[ $mode != dev ]] || start_frontend
wait_until_healthy
if [[ -z $stopping ]] && is_alive "$backend"; then
  print_addresses
fi
wait_for_end
