#!/usr/bin/env bash
# Deploys the image that a build has pushed, and says in one line how it ended; for any CI.
#
#   ROLLOUT=github.com/OWNER/REPOSITORY/modules/rollout@VERSION IMAGE=registry.example.com/shop@sha256:... release.sh
set -euo pipefail

rollout() {
  dagger -m "$ROLLOUT" call --kubeconfig="file:${KUBECONFIG:-$HOME/.kube/config}" "$@"
}

if rollout deploy --manifests=k8s --namespace=shop --image="$IMAGE" --bake=5m report; then
  echo "$IMAGE serves"
else
  # The report has told the cause; the old revision serves again. What does the cluster say now?
  rollout diagnose --namespace=shop --name=front --allow-failure state
  exit 1
fi
