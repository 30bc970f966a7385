#!/usr/bin/env bash
# Runs every linter, also after one has failed. For `make lint` and `dagger call lint`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export PATH="$PWD/.tools/actionlint:$PATH"

failed=()

# check PROGRAM ARGUMENTS...: a missing program is a warning, and a failure where CI is set.
check() {
  if ! command -v "$1" >/dev/null; then
    echo "*** $1 is not installed: what it checks is not checked ***" >&2
    if [[ -z ${CI:-} ]]; then return; fi
    failed+=("$1 (not installed)")
  elif ! "$@"; then
    failed+=("$1")
  fi
}

check biome check --error-on-warnings .
check shellcheck --external-sources scripts/*.sh monitoring/ec2/*.sh tests/support/machine/*.sh tests/support/machine/systemctl .ci/run
check hadolint Dockerfile ml/experiments/Dockerfile
check actionlint
check kubernetes-validate --kubernetes-version 1.35 --strict --quiet manifests/*/*.yaml monitoring/kubernetes/*.yaml
check check-jsonschema --quiet --schemafile tests/config/testdata/eksctl/schema.json eksctl.yaml
check cfn-lint monitoring/ec2/template.yaml
check check-jsonschema --quiet --builtin-schema vendor.compose-spec monitoring/ec2/*.compose.yaml
check zizmor --offline --no-progress --quiet .github/workflows

if ((${#failed[@]} > 0)); then
  printf 'lint: failed: %s\n' "${failed[@]}" >&2
  exit 1
fi
echo 'lint: clean'
