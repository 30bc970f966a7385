#!/usr/bin/env bash
# Chromium for the test of the page. Only root on a Debian-like machine gets it installed; others are told.
set -euo pipefail

for name in chromium chromium-browser google-chrome google-chrome-stable; do
  if command -v "$name" >/dev/null; then exit 0; fi
done
if ((EUID == 0)) && command -v apt-get >/dev/null; then
  echo 'set-up: Chromium, for the test of the page ...'
  export DEBIAN_FRONTEND=noninteractive
  if apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium >/dev/null; then exit 0; fi
fi
echo '*** Chromium was not found: the test of the page cannot run (Debian: apt-get install chromium) ***' >&2
