/** How long a whole rollout may take. */
import type { V1Deployment } from '#kubernetes';

/** Neither the API nor the controllers are instant. */
const slackSeconds = 60;

/**
 * Its pods come in steps of maxSurge and maxUnavailable together, and each step may take as long as the Deployment allows
 * without progress, until the new pods are available and the old ones have ended. A rollout that stops is ended long before
 * that: by the fault's patience, or by progressDeadlineSeconds.
 */
export function deadlineOf({ spec }: V1Deployment): number {
  const { replicas = 1, progressDeadlineSeconds = 600, minReadySeconds = 0, strategy } = spec ?? {};
  const grace = spec?.template.spec?.terminationGracePeriodSeconds ?? 30;
  const { maxSurge = '25%', maxUnavailable = '25%' } = strategy?.rollingUpdate ?? {};
  const atOnce =
    strategy?.type === 'Recreate'
      ? replicas
      : amount(maxSurge, replicas, Math.ceil) + amount(maxUnavailable, replicas, Math.floor);
  const steps = Math.max(1, Math.ceil(replicas / Math.max(1, atOnce)));
  return steps * (progressDeadlineSeconds + minReadySeconds + grace) + slackSeconds;
}

/** Kubernetes rounds a surge up and what may be missing down. */
function amount(value: string | number, replicas: number, round: (value: number) => number): number {
  const text = String(value);
  return text.endsWith('%') ? round((Number(text.slice(0, -1)) / 100) * replicas) : Number(text);
}
