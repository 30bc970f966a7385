#!/usr/bin/env bash
# Process 1 of a machine for tests, in mount, PID and network namespaces of its own: boot.sh STATE PROGRAMS ADDRESS CGROUP.
# STATE/root holds what the machine writes and STATE/disk.img is its data volume: both outlive it. Nothing of the machine
# that this runs on is written to: its folders lie under the machine's own, and its /tmp, /run and /dev are the machine's.
# The machine is on until this input ends.
set -euo pipefail
state=$1 programs=$2 address=$3 cgroup=$4
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

mount --make-rprivate /
first=
rm -rf "$state/root/dev"
if [[ ! -d $state/root ]]; then first=yes; fi
for folder in /etc /opt /usr/local /var /dev; do
  mkdir -p "$state/root$folder" "$state/work$folder"
  mount -t overlay -o "lowerdir=$folder,upperdir=$state/root$folder,workdir=$state/work$folder" overlay "$folder"
done
mount -t devpts -o ptmxmode=0666 devpts /dev/pts
mount -t tmpfs shm /dev/shm
# Images and containers cannot lie on an overlay themselves.
mkdir -p "$state/docker" /var/lib/docker
mount --bind "$state/docker" /var/lib/docker
mount -t tmpfs run /run
mkdir /run/home /run/state /run/programs /run/machine
mount --bind "$state" /run/state
# They may lie below /tmp, which is another one from here on.
mount --bind "$programs" /run/programs
mount --bind "$here" /run/machine
mount -t tmpfs tmp /tmp

if [[ -n $first ]]; then
  : >/etc/fstab
  install -m 0755 /run/machine/systemctl /usr/local/sbin/systemctl
  # Of aws-cfn-bootstrap, which no registry has. It notes what CloudFormation would be told.
  printf '#!/bin/sh\nprintf "%%s\\n" "$@" >/run/state/signal\n' >/usr/local/bin/cfn-signal
  printf '#!/bin/sh\nPYTHONPATH=/run/programs/aws exec python3 /run/programs/aws/bin/aws "$@"\n' >/usr/local/bin/aws
  chmod 0755 /usr/local/bin/aws /usr/local/bin/cfn-signal
fi
printf 'CGROUP=%s\n' "$cgroup" >/run/machine.env

if [[ -e /run/state/disk.name ]]; then /run/machine/attach.sh; fi

# The cable comes from outside.
read -r _
ip link set lo up
ip address add "$address/30" dev node0
ip link set node0 up

# As systemd does: what fstab names, then what is enabled.
mount --all
if [[ -e /etc/systemd/system/enabled.docker ]]; then systemctl start docker; fi
echo up
cat >/dev/null
