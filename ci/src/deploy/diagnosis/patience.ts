/**
 * How long a fault that may heal by itself is waited for. What cannot heal is told at once and never looks here.
 *
 * The figures come from the cluster's own rhythm: a kubelet tries a pull again after 10 s, then 20, 40 ... 300 s, restarts
 * a container after 0, 10, 20 ... s, tries a mount again after .5, 1, 2 ... s
 * (https://kubernetes.io/docs/concepts/containers/images/, .../workloads/pods/pod-lifecycle/#restart-policy), and a
 * cluster autoscaler says within half a minute whether it brings a node. Each fault gets at least one more try.
 */
import type { Cause } from './verdict.ts';

/** Both must be reached: `attempts` of the cluster's own (where it counts them), `seconds` since the first sight. */
export type Patience = { attempts: number; seconds: number };

const standard: Patience = { attempts: 2, seconds: 60 };

/** By cause; what is not here gets two attempts and 60 s. */
const special: Partial<Record<Cause, Patience>> = {
  'image-rate-limit': { attempts: 3, seconds: 90 },
  'image-unreachable': { attempts: 2, seconds: 10 },
  'image-pull': { attempts: 2, seconds: 30 },
  'crash-loop': { attempts: 2, seconds: 20 },
  'out-of-memory': { attempts: 2, seconds: 0 },
  'liveness-probe': { attempts: 2, seconds: 10 },
  quota: { attempts: 2, seconds: 30 },
  'admission-denied': { attempts: 2, seconds: 30 },
  'missing-config': { attempts: 2, seconds: 12 },
  'volume-mount': { attempts: 3, seconds: 30 },
  'container-start': { attempts: 2, seconds: 30 },
};

export type PatienceTable = Partial<Record<Cause, Patience>>;

export function patienceFor(cause: Cause, own: PatienceTable = {}): Patience {
  return own[cause] ?? special[cause] ?? standard;
}
