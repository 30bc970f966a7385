#!/usr/bin/env bash
# schemathesis, which sends the service what its API description allows and what it does not, for tests/trust/api.test.ts. In a
# folder of its own, .tools/schemathesis (94 MB), pinned by hash. Needs no root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# As in setup.sh: behind a company's proxy, its certificate is among the machine's.
if [[ -e /etc/ssl/certs/ca-certificates.crt ]]; then export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"; fi

folder=.tools/schemathesis
# Programs in a venv name the folder they were installed into.
stamp="$(git hash-object scripts/pins/schemathesis.txt) $(uname -sm) $PWD"
if [[ -f $folder/.stamp && $(<"$folder/.stamp") == "$stamp" ]]; then exit 0; fi

echo 'set-up: schemathesis, for the API ...'
uv=$(command -v uv || echo .tools/uv/bin/uv)
"$uv" venv --quiet --clear --python .venv/bin/python "$folder"
"$uv" pip sync --quiet --python "$folder/bin/python" --require-hashes scripts/pins/schemathesis.txt
printf '%s' "$stamp" >"$folder/.stamp"
