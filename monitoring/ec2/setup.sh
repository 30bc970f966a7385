#!/usr/bin/env bash
# Runs once, at the first start of a machine (cloud-init): data volume, Docker Compose, timer. It is safe to run again.
# /etc/sentiment-monitoring.env: MACHINE (prometheus or grafana), SOURCE (s3://...), DATA, VOLUME_ID and the variables of the compose file.
set -euo pipefail
set -a
# shellcheck source=/dev/null
. /etc/sentiment-monitoring.env
set +a
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
COMPOSE_IMAGE=docker/compose-bin:v2.40.3

# CloudFormation attaches the volume after the machine has started. EC2 gives an NVMe disk its volume's id as serial number.
device=/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${VOLUME_ID/-/}
for ((i = 0; i < 120; i++)); do
  if [[ -b $device ]]; then break; fi
  sleep 5
done
if [[ ! -b $device ]]; then
  echo "setup: $VOLUME_ID was not attached within ten minutes; attach it and run $0 again" >&2
  exit 1
fi

# mkfs.xfs refuses a disk that has a file system, so even data that blkid missed is safe.
if [[ -z $(blkid --probe --match-tag TYPE --output value "$device" || true) ]]; then
  mkfs.xfs "$device"
fi
mkdir -p "$DATA"
if ! grep -q " $DATA " /etc/fstab; then
  echo "UUID=$(blkid --probe --match-tag UUID --output value "$device") $DATA xfs defaults,nofail,x-systemd.device-timeout=60s 0 2" >>/etc/fstab
fi
if ! mountpoint -q "$DATA"; then mount "$DATA"; fi
# A snapshot may have been restored to a larger volume.
xfs_growfs "$DATA" >/dev/null

# The users of the images.
case $MACHINE in
  prometheus) install -d -m 0750 -o 65534 -g 65534 "$DATA/prometheus" "$DATA/alertmanager" ;;
  grafana) install -d -m 0750 -o 472 -g 0 "$DATA/grafana" ;;
  *) echo "setup: MACHINE is '$MACHINE': prometheus or grafana" >&2; exit 2 ;;
esac

# Amazon Linux does not package Compose. Docker publishes the plugin as an image, which the daemon verifies like any other.
# After a restart, containers must not write into an unmounted folder.
install -d /etc/systemd/system/docker.service.d /usr/local/lib/docker/cli-plugins
printf '[Unit]\nRequiresMountsFor=%s\n' "$DATA" >/etc/systemd/system/docker.service.d/data.conf
systemctl daemon-reload
systemctl enable --now docker
container=$(docker create "$COMPOSE_IMAGE" none)
docker cp "$container:/docker-compose" /usr/local/lib/docker/cli-plugins/docker-compose
docker rm "$container" >/dev/null
chmod 0755 /usr/local/lib/docker/cli-plugins/docker-compose

install -m 0644 "$here"/systemd/* /etc/systemd/system/
systemctl daemon-reload
systemctl enable --now sentiment-monitoring.timer
