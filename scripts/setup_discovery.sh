#!/usr/bin/env bash
# Prometheus with service discovery for Kubernetes, which Debian's lacks, for tests/monitoring_kubernetes.test.ts. It is the
# version of monitoring/ec2, built from the Go module proxy without the other discoveries, which are most of the build.
# Installs nothing on the machine.
set -euo pipefail
# shellcheck source=scripts/built_once.sh
source "$(dirname "${BASH_SOURCE[0]}")/built_once.sh" "Prometheus with Kubernetes' discovery"

# v3.13.5 as a Go module. The sum is the one of go.sum; the module's own go.sum pins what it is built from.
version=v0.313.5
sum='h1:5/kewqSFNlHQa9NqZxrOkXCBlEuJOvb+8gFOUxSWFv0='

build() {
  local new=$1 module
  find_go 26 "$new"
  export CGO_ENABLED=0 GOFLAGS=-mod=readonly GOTOOLCHAIN=local GOWORK=off
  module=$("$go" mod download -json "github.com/prometheus/prometheus@$version")
  grep -qF "\"Sum\": \"$sum\"" <<<"$module" || { echo "the module's sum is not $sum: $module"; return 1; }
  "$go" build -C "$(sed -n 's/^\t"Dir": "\(.*\)",$/\1/p' <<<"$module")" -trimpath -buildvcs=false -ldflags '-s -w' \
    -tags remove_all_sd,enable_kubernetes_sd -o "$new/prometheus" ./cmd/prometheus
}

# tests/support/need.ts looks for it there.
built=$cache/prometheus-$version
unless_given "$built"
built_once "$built" "Prometheus with Kubernetes' discovery, built from source (about three minutes, once)"
