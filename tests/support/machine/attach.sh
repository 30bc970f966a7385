#!/usr/bin/env bash
# Attaches the machine's data volume, as EC2 does: a disk whose name udev has made of the volume's id (in /run/state/disk.name).
set -euo pipefail
disk=$(losetup --find --show /run/state/disk.img)
# Held as long as the machine is on: the kernel detaches it when its last user ends.
# shellcheck disable=SC2016
setsid bash -c 'exec 8<"$0"; losetup --detach "$0"; exec sleep infinity' "$disk" </dev/null >/dev/null 2>&1 &
mkdir -p /dev/disk/by-id /dev/disk/by-uuid
ln -sf "$disk" "/dev/disk/by-id/$(cat /run/state/disk.name)"
if uuid=$(blkid --probe --match-tag UUID --output value "$disk"); then ln -sf "$disk" "/dev/disk/by-uuid/$uuid"; fi
