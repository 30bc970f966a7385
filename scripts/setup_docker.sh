#!/usr/bin/env bash
# The Docker that monitoring/ec2 is tested on. Where this machine's Docker answers, its programs are taken. Elsewhere they
# are Debian's engine, unpacked and not installed, and Docker Compose in the version of monitoring/ec2/setup.sh, built from
# the Go module proxy. AWS' command line comes from the Python package index. Needs root on Debian. Starts nothing.
set -euo pipefail
# shellcheck source=scripts/built_once.sh
source "$(dirname "${BASH_SOURCE[0]}")/built_once.sh" Docker

needs_linux
needs_root
scripts/setup_monitoring.sh
needs_programs containerd:containerd runc:runc ip:iproute2 mkfs.xfs:xfsprogs fsfreeze:util-linux python3:python3
# Debian's dockerd is linked with it.
if ! has_docker && ! ldconfig -p | grep -q libdevmapper; then missing+=(libdevmapper1.02.1); fi

# unpack FOLDER PACKAGE...
unpack() {
  local folder=$1
  shift
  mkdir "$folder"
  (cd "$folder" && { apt-get download "$@" || { apt-get update && apt-get download "$@"; }; })
  for each in "$folder"/*.deb; do dpkg-deb -x "$each" "$folder"; done
}

take_docker() {
  cp -L "$(command -v docker)" "$(command -v dockerd)" "$(command -v docker-proxy)" "$1"
  cp -L "$(docker info --format '{{range .ClientInfo.Plugins}}{{if eq .Name "compose"}}{{.Path}}{{end}}{{end}}')" "$1/docker-compose"
}

make_docker() {
  local new=$1 version
  unpack "$new/docker" docker.io
  mv "$new"/docker/usr/sbin/{dockerd,docker-proxy} "$new/docker/usr/bin/docker" "$new/bin"
  rm -rf "$new/docker"
  find_go 25 "$new"
  version=$(awk '$1 == "github.com/docker/compose/v2" { print $2 }' scripts/pins/compose/go.mod)
  CGO_ENABLED=0 GOFLAGS=-mod=readonly GOTOOLCHAIN=local "$go" build -C scripts/pins/compose -trimpath -o "$new/bin/docker-compose" \
    -ldflags "-s -w -X github.com/docker/compose/v2/internal.Version=$version" github.com/docker/compose/v2/cmd
}

build() {
  local new=$1
  mkdir "$new/bin"
  if has_docker; then take_docker "$new/bin"; else make_docker "$new"; fi
  "$new/bin/dockerd" --version
  unpack "$new/debian" busybox-static
  mv "$new/debian/bin/busybox" "$new/bin"
  rm -rf "$new/debian"

  uv pip install --python "$(command -v python3)" --target "$new/aws" --no-deps --only-binary :all: --require-hashes \
    -r scripts/pins/aws.txt
  # `aws s3` and `aws secretsmanager` need a tenth of it.
  find "$new/aws/awscli" -name examples -prune -exec rm -rf {} +
}

what='Docker for tests, with Compose built from source (about two minutes, once)'
if has_docker; then what="Docker for tests, with this machine's programs"; fi
# tests/support/machine/programs.ts hashes the same files in the same order.
hash=$(cat scripts/pins/compose/go.{mod,sum} scripts/pins/aws.txt | sha256sum)
built_once "$cache/docker-${hash:0:16}" "$what"
