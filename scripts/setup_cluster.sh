#!/usr/bin/env bash
# The parts of the Kubernetes that tests run on: etcd, containerd, runc, CNI and a registry from Debian, and upstream's
# Kubernetes built here as one binary from the Go module proxy, each module pinned by hash (tests/cluster/). Root on
# Debian only; others are told. With KUBECONFIG_TEST, which names another cluster, only the build, for the test app in it.
# Nothing is started, and nothing is done where it is done already.
set -euo pipefail
# shellcheck source=scripts/built_once.sh
source "$(dirname "${BASH_SOURCE[0]}")/built_once.sh" Kubernetes

needs_linux
if [[ -z ${KUBECONFIG_TEST:-} ]]; then
  needs_root
  # Docker's own package of containerd and runc will do as well.
  needs_programs etcd:etcd-server containerd:containerd runc:runc /usr/lib/cni/ptp:containernetworking-plugins \
    docker-registry:docker-registry iptables:iptables ip:iproute2 openssl:openssl
fi

build() {
  local new=$1 version
  find_go 25 "$new"
  version=$(awk '$1 == "k8s.io/kubernetes" { print $2 }' tests/cluster/go.mod)
  export CGO_ENABLED=0 GOFLAGS=-mod=readonly GOTOOLCHAIN=local
  "$go" build -C tests/cluster -trimpath -o "$new/kube" \
    -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$version" .
  "$go" build -C tests/cluster -trimpath -ldflags '-s -w' -o "$new/" ./app ./pause
}

# tests/support/cluster/binaries.ts hashes the same files in the same order.
hash=$(cd tests/cluster && cat go.mod go.sum main.go app/main.go pause/main.go | sha256sum)
built_once "$cache/cluster-${hash:0:16}" 'Kubernetes for tests, built from source (about five minutes, once)'
