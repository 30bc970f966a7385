#!/usr/bin/env bash
# Installs Prometheus and Alertmanager, with promtool and amtool, for their tests and `make monitor`, as root on a
# Debian-like machine. Elsewhere it says what is missing. They must not run as services of the machine.
set -euo pipefail

have_all() {
  local name
  for name in prometheus promtool amtool; do command -v "$name" >/dev/null || return 1; done
  command -v prometheus-alertmanager >/dev/null || command -v alertmanager >/dev/null
}

services=(prometheus.service prometheus-alertmanager.service)

install() {
  export DEBIAN_FRONTEND=noninteractive
  # Masked during the installation and disabled after it, they do not start now or later.
  if [[ -d /run/systemd/system ]]; then systemctl --quiet mask --runtime "${services[@]}"; fi
  apt-get -qq update
  apt-get -qq install -y --no-install-recommends prometheus prometheus-alertmanager >/dev/null
  if [[ -d /run/systemd/system ]]; then
    systemctl --quiet unmask --runtime "${services[@]}"
    systemctl --quiet disable "${services[@]}"
  fi
}

if have_all; then exit 0; fi
if ((EUID == 0)) && command -v apt-get >/dev/null; then
  echo 'set-up: Prometheus and Alertmanager, for the tests of monitoring ...'
  install || true
  if have_all; then exit 0; fi
fi
echo '*** Prometheus and Alertmanager are not installed: their tests are skipped (Debian: apt-get install prometheus prometheus-alertmanager) ***' >&2
