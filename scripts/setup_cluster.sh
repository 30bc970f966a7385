#!/usr/bin/env bash
# The parts of the Kubernetes that tests run on: etcd, containerd, runc, CNI and a registry from Debian, and upstream's
# Kubernetes built here as one binary from the Go module proxy, each module pinned by hash (tests/cluster/). Root on
# Debian only; others are told. With KUBECONFIG_TEST, which names another cluster, only the build, for the test app in it.
# Nothing is started, and nothing is done where it is done already.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# As in setup.sh: behind a company's proxy, its certificate is among the machine's.
if [[ -e /etc/ssl/certs/ca-certificates.crt ]]; then export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"; fi

# skip WHY
skip() {
  printf '*** no Kubernetes for tests: %s. The tests that need it do not run. ***\n' "$1" >&2
  exit 0
}

[[ $(uname -s) == Linux ]] || skip 'it takes Linux'
if [[ -z ${KUBECONFIG_TEST:-} ]]; then
  if ((EUID != 0)) || ! command -v apt-get >/dev/null; then skip 'it takes root on a Debian-like machine'; fi
  unshare --mount --pid --net --fork true 2>/dev/null || skip 'namespaces may not be made here, as in a container without privileges'
fi

# tests/support/cluster/binaries.ts hashes the same files in the same order.
sources=(go.mod go.sum main.go app/main.go pause/main.go)
hash=$(cd tests/cluster && cat "${sources[@]}" | sha256sum)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sentiment-pipeline
built=$cache/cluster-${hash:0:16}
# Programs, and the Debian packages that have them: Docker's own package of containerd and runc will do as well.
programs=(etcd:etcd-server containerd:containerd runc:runc /usr/lib/cni/ptp:containernetworking-plugins
  docker-registry:docker-registry iptables:iptables ip:iproute2 openssl:openssl)

lacking=()
if [[ -z ${KUBECONFIG_TEST:-} ]]; then
  for each in "${programs[@]}"; do command -v "${each%%:*}" >/dev/null || lacking+=("${each#*:}"); done
fi

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

machine_has_go() { [[ $(go env GOVERSION 2>/dev/null) =~ ^go1\.([0-9]+) ]] && ((BASH_REMATCH[1] >= 25)); }

build() {
  local new=$1 go=go version
  if ! machine_has_go; then
    "$(command -v uv || echo .tools/uv/bin/uv)" pip install --target "$new/go" --no-deps --only-binary :all: \
      --require-hashes -r scripts/pins/go.txt
    go=$new/go/go/bin/go
  fi
  version=$(awk '$1 == "k8s.io/kubernetes" { print $2 }' tests/cluster/go.mod)
  export CGO_ENABLED=0 GOFLAGS=-mod=readonly GOTOOLCHAIN=local
  "$go" build -C tests/cluster -trimpath -o "$new/kube" \
    -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$version" .
  "$go" build -C tests/cluster -trimpath -ldflags '-s -w' -o "$new/" ./app ./pause
  rm -rf "$new/go"
}

if ((${#lacking[@]} == 0)) && [[ -d $built ]]; then exit 0; fi
mkdir -p "$cache"
exec 9>"$cache/cluster.lock"
flock 9
log=$cache/cluster.log

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

if ((${#lacking[@]} > 0)); then step "${lacking[*]}, for the Kubernetes of tests" install_packages; fi
if [[ ! -d $built ]]; then
  new=$(mktemp -d "$cache/cluster.XXXXXX")
  trap 'rm -rf "$new"' EXIT
  step 'Kubernetes for tests, built from source (about five minutes, once)' build "$new"
  chmod 755 "$new"
  mv "$new" "$built"
fi
