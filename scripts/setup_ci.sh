#!/usr/bin/env bash
# The npm packages of the Dagger module in ci/: its types are checked against them. Only checks need them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

stamp="$(git hash-object ci/package-lock.json ci/.npmrc | tr '\n' ' ')$(uname -sm)"
if [[ -f ci/node_modules/.stamp && $(<ci/node_modules/.stamp) == "$stamp" ]]; then exit 0; fi

echo 'set-up: npm packages of ci/ ...'
NODE_USE_SYSTEM_CA=1 npm ci --prefix ci --ignore-scripts --loglevel=error
printf '%s' "$stamp" >ci/node_modules/.stamp
