#!/usr/bin/env bash
# The Kubernetes of the tests: etcd, containerd, runc, CNI and a registry from Debian, and upstream's Kubernetes, built here
# as one binary from the Go module proxy with each module pinned by hash (tests/cluster/). Needs root on Debian. With
# KUBECONFIG_TEST, which names another cluster, only the small app that tests run there is compiled. Starts nothing.
set -euo pipefail
# shellcheck source=scripts/built_once.sh
source "$(dirname "${BASH_SOURCE[0]}")/built_once.sh" Kubernetes

needs_linux
# tests/support/cluster/binaries.ts hashes the same files in the same order.
hash=$(cd tests/cluster && cat go.mod go.sum main.go app/main.go pause/main.go | sha256sum)
built=$cache/cluster-${hash:0:16}
programs=(./app ./pause)
what='Kubernetes for tests, built from source (about five minutes, once)'
if [[ -n ${KUBECONFIG_TEST:-} ]]; then
  if [[ -d $built ]]; then exit 0; fi
  built+=-app
  programs=(./app)
  what='the app that tests run in your cluster'
else
  unless_given "$built"
  needs_root
  # Docker's own package of containerd and runc will do as well.
  needs_programs etcd:etcd-server containerd:containerd runc:runc /usr/lib/cni/ptp:containernetworking-plugins \
    docker-registry:docker-registry iptables:iptables ip:iproute2 openssl:openssl
fi

build() {
  local new=$1 version
  find_go 25 "$new"
  export CGO_ENABLED=0 GOFLAGS=-mod=readonly GOTOOLCHAIN=local
  if ((${#programs[@]} > 1)); then
    version=$(awk '$1 == "k8s.io/kubernetes" { print $2 }' tests/cluster/go.mod)
    "$go" build -C tests/cluster -trimpath -o "$new/kube" \
      -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$version" .
  fi
  "$go" build -C tests/cluster -trimpath -ldflags '-s -w' -o "$new/" "${programs[@]}"
}

built_once "$built" "$what"
