#!/usr/bin/env bash
# Installs Chromium for the test of the page, as root on a Debian-like machine. Elsewhere it says that Chromium is missing.
set -euo pipefail

for name in chromium chromium-browser google-chrome google-chrome-stable; do
  if command -v "$name" >/dev/null; then exit 0; fi
done
if ((EUID == 0)) && command -v apt-get >/dev/null; then
  echo 'set-up: Chromium, for the test of the page ...'
  export DEBIAN_FRONTEND=noninteractive
  if apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium >/dev/null; then exit 0; fi
fi
echo '*** Chromium is not installed: the test of the page is skipped (Debian: apt-get install chromium) ***' >&2
