/**
 * How long a fault that may heal by itself is waited for. What cannot heal is told at once and looks here only where the
 * caller wants it waited for.
 *
 * The figures come from the cluster's own rhythm: a kubelet tries a pull again after 10 s, then 20, 40 ... 300 s, restarts
 * a container after 0, 10, 20 ... s, tries a mount again after .5, 1, 2 ... s
 * (https://kubernetes.io/docs/concepts/containers/images/, .../workloads/pods/pod-lifecycle/#restart-policy), and a
 * cluster autoscaler says within half a minute whether it brings a node. Each fault gets at least one more try.
 */
import { PipelineError } from '../errors.ts';
import { nearNames } from '../image_name.ts';
import { type Cause, causes } from './verdict.ts';

/** Both must be reached: `attempts` of the cluster's own (where it counts them), `seconds` since the first sight. */
export type Patience = { attempts: number; seconds: number };

const standard: Patience = { attempts: 2, seconds: 60 };

/** By cause; what is not here gets two attempts and 60 s. */
const special: Partial<Record<Cause, Patience>> = {
  'image-rate-limit': { attempts: 3, seconds: 90 },
  'image-unreachable': { attempts: 2, seconds: 10 },
  // What was pushed a moment ago may be seen late: first pulls of it were answered "not found" by ECR
  // (kreuzwerker/terraform-provider-docker#600) and by Docker Hub (int128/docker-manifest-create-action#857).
  'image-not-found': { attempts: 2, seconds: 10 },
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

/** Seconds by cause, in place of those above; the attempts stay, but for 0: at first sight. Causes that cannot heal wait too. */
export type PatienceTable = Partial<Record<Cause, number>>;

export function patienceFor(cause: Cause, own: PatienceTable = {}): Patience {
  const { attempts, seconds } = special[cause] ?? standard;
  return { attempts, seconds: own[cause] ?? seconds };
}

/** Reads `image-not-found=120`, one each. Throws PATIENCE. */
export function parsePatience(words: string[]): PatienceTable {
  const table: PatienceTable = {};
  for (const word of words) {
    const [name, seconds = ''] = word.split('=');
    const cause = causes.find((each) => each === name);
    if (cause === undefined) {
      const near = nearNames(name, [...causes]);
      const next = `write ${near.length > 0 ? `${near[0]}=SECONDS, or another` : 'one'} of ${causes.join(', ')}`;
      throw new PipelineError('PATIENCE', `patience for "${name}", which is no cause`, { next });
    }
    if (!/^\d+(\.\d+)?$/.test(seconds)) {
      const headline = `patience "${word}", expected seconds of 0 or more after one =`;
      throw new PipelineError('PATIENCE', headline, { next: `write ${cause}=${patienceFor(cause).seconds}` });
    }
    table[cause] = Number(seconds);
  }
  return table;
}
