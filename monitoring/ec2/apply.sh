#!/usr/bin/env bash
# Every minute (sentiment-monitoring.timer): applies what is in S3. New targets need only their file, which Prometheus
# watches; other changed files need a reload; new images are pulled and started.
set -euo pipefail
set -a
# shellcheck source=/dev/null
. "${SETTINGS:-/etc/sentiment-monitoring.env}"
set +a
root=${ROOT:-/opt/sentiment/monitoring}
state=${STATE:-/run/sentiment-monitoring}
# On the machine's own disk: a new machine starts with the current files, a restarted one may have missed a change.
applied=$root.applied
# Prometheus watches targets/ from its start on, but S3 may not have it yet.
mkdir -p "$state" "$root/targets"
chmod 0711 "$state"

# `aws s3 sync` writes a temporary file and renames it. --exact-timestamps: an older file of the same size is also a change.
aws s3 sync "$SOURCE/" "$root" --delete --exact-timestamps --only-show-errors

if [[ $MACHINE == grafana ]]; then
  # Only the image's user can read it, and it is never on a disk. Grafana reads it when it creates its database.
  (umask 077 && aws secretsmanager get-secret-value --secret-id "$ADMIN_SECRET" --query SecretString --output text >"$state/grafana_admin.new")
  # Overwrites the existing file: the container has mounted that one, not a new file of the same name.
  if [[ ! -e $state/grafana_admin ]]; then
    chown 472 "$state/grafana_admin.new"
    mv "$state/grafana_admin.new" "$state/grafana_admin"
  elif ! cmp --silent "$state/grafana_admin.new" "$state/grafana_admin"; then
    cat "$state/grafana_admin.new" >"$state/grafana_admin"
  fi
  rm -f "$state/grafana_admin.new"
fi

compose=(docker compose -f "$root/ec2/$MACHINE.compose.yaml")
"${compose[@]}" up --detach --remove-orphans --quiet-pull

now=$(cd "$root" && find . -type f -not -path './targets/*' -print0 | sort -z | xargs -0 sha256sum | sha256sum)
if [[ -e $applied && $now != "$(cat "$applied")" ]]; then
  if [[ $MACHINE == prometheus ]]; then
    # On SIGHUP both reload their files, and keep the old ones if the new are invalid. Sent from inside: after any signal by
    # `docker kill` a container counts as stopped by hand, and Docker does not restart it when it exits.
    for service in prometheus alertmanager; do "${compose[@]}" exec -T "$service" kill -HUP 1; done
  else
    # Grafana reloads dashboards when they change, but data sources only at its start.
    "${compose[@]}" restart grafana
  fi
fi
echo "$now" >"$applied"
