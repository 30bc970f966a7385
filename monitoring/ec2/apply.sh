#!/usr/bin/env bash
# Each minute (sentiment-monitoring.timer): what S3 holds becomes what runs. New targets need nothing but their file, which
# Prometheus watches; other files that changed are read by a reload, and new images are pulled and started.
set -euo pipefail
set -a
# shellcheck source=/dev/null
. "${SETTINGS:-/etc/sentiment-monitoring.env}"
set +a
root=${ROOT:-/opt/sentiment/monitoring}
state=${STATE:-/run/sentiment-monitoring}
# On the machine's own disk: a new machine starts with the files as they are, a restarted one may have missed a change.
applied=$root.applied
# Prometheus watches targets/, which S3 may not have yet, from its start on.
mkdir -p "$state" "$root/targets"
chmod 0711 "$state"

# `aws s3 sync` writes beside a file and renames. --exact-timestamps: a file of the same size that is older in S3 is new too.
aws s3 sync "$SOURCE/" "$root" --delete --exact-timestamps --only-show-errors

if [[ $MACHINE == grafana ]]; then
  # Only the image's user reads it; nothing of it is on a disk. Grafana takes it when its database is new.
  (umask 077 && aws secretsmanager get-secret-value --secret-id "$ADMIN_SECRET" --query SecretString --output text >"$state/grafana_admin.new")
  # Written into the file that is there: the container sees that one, not another of its name.
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
    # Both read their files anew on SIGHUP, and keep the old ones when the new are wrong. Sent from within: a container that
    # `docker kill` has sent any signal counts as stopped by hand, and is not started again when it ends.
    for service in prometheus alertmanager; do "${compose[@]}" exec -T "$service" kill -HUP 1; done
  else
    # Dashboards are read as they change; a data source only at a start.
    "${compose[@]}" restart grafana
  fi
fi
echo "$now" >"$applied"
