#!/usr/bin/env bash
# The Docker that monitoring/ec2 is tested on: Debian's engine, unpacked and not installed; Docker Compose, the version of
# monitoring/ec2/setup.sh, built from the Go module proxy; AWS' command line, of the Python package index. Root on a
# Debian-like machine only; others are told. Nothing is started, and nothing is done where it is done already.
set -euo pipefail
# shellcheck source=scripts/built_once.sh
source "$(dirname "${BASH_SOURCE[0]}")/built_once.sh" Docker

needs_linux
needs_root
scripts/setup_monitoring.sh
needs_programs containerd:containerd runc:runc ip:iproute2 mkfs.xfs:xfsprogs fsfreeze:util-linux python3:python3
if ! ldconfig -p | grep -q libdevmapper; then lacking+=(libdevmapper1.02.1); fi

build() {
  local new=$1 version
  mkdir "$new/debian"
  (cd "$new/debian" && { apt-get download docker.io busybox-static || { apt-get update && apt-get download docker.io busybox-static; }; })
  for each in "$new"/debian/*.deb; do dpkg-deb -x "$each" "$new/debian"; done
  mkdir "$new/bin"
  mv "$new"/debian/usr/sbin/{dockerd,docker-proxy} "$new"/debian/usr/bin/docker "$new"/debian/bin/busybox "$new/bin"
  rm -rf "$new/debian"
  "$new/bin/dockerd" --version

  uv pip install --python "$(command -v python3)" --target "$new/aws" --no-deps --only-binary :all: --require-hashes \
    -r scripts/pins/aws.txt
  # A tenth of it is what `aws s3` and `aws secretsmanager` read.
  find "$new/aws/awscli" -name examples -prune -exec rm -rf {} +

  find_go 25 "$new"
  version=$(awk '$1 == "github.com/docker/compose/v2" { print $2 }' scripts/pins/compose/go.mod)
  CGO_ENABLED=0 GOFLAGS=-mod=readonly GOTOOLCHAIN=local "$go" build -C scripts/pins/compose -trimpath -o "$new/bin/docker-compose" \
    -ldflags "-s -w -X github.com/docker/compose/v2/internal.Version=$version" github.com/docker/compose/v2/cmd
}

# tests/support/machine/programs.ts hashes the same files in the same order.
hash=$(cat scripts/pins/compose/go.{mod,sum} scripts/pins/aws.txt | sha256sum)
built_once "$cache/docker-${hash:0:16}" 'Docker for tests, with Compose built from source (about two minutes, once)'
