/** What a caller may set about a rollout, in the words of the command line. */
import { type PatienceTable, parsePatience } from '../diagnosis/causes.ts';
import { PipelineError } from '../errors.ts';

/** Why a refusal does not hold this release up, by the refusal's code. It is kept in the record. */
export type Despite = Readonly<Record<string, string>>;

export type RolloutSettings = {
  /** How many seconds a cause may last before it fails the rollout, instead of its own default. */
  patience?: PatienceTable;
  /** Limit for the whole rollout; default: derived from the Deployment (deadline.ts). */
  deadlineSeconds?: number;
  despite?: Despite;
  /** How long the new revision is compared with the old one after its last pod; 0: not at all. */
  bakeSeconds?: number;
  /** How long its first pod is compared with the old ones before the rest follows; 0: not at all. */
  canarySeconds?: number;
  /** Address of a Prometheus whose alerts of this service count while the new revision is watched. */
  prometheus?: string;
  /** The share of the sample's answers that may differ from those of the revision that serves, 0 to 1. */
  maxFlips?: number;
};

/** The same as words: `image-not-found=120`, `30m`, `IMAGE_NOT_FOUND=pulled through another account`. */
export type SettingWords = {
  patience?: string[];
  deadline?: string;
  despite?: string[];
  bake?: string;
  canary?: string;
  prometheus?: string;
  maxFlips?: string;
};

/** The refusals about which somebody may know better. */
export const passable = [
  'IMAGE_NOT_FOUND',
  'IMAGE_ARCHITECTURE',
  'MISSING_REFERENCE',
  'NOT_ADMITTED',
  'NOTHING_RUNS',
  'NO_RIGHTS',
  'FLIPS',
] as const;

/** Throws PATIENCE, DURATION, DESPITE, PROMETHEUS and MAX_FLIPS. */
export function rolloutSettings({
  patience = [],
  deadline,
  despite = [],
  bake,
  canary,
  prometheus,
  maxFlips,
}: SettingWords): RolloutSettings {
  return {
    patience: parsePatience(patience),
    deadlineSeconds: deadline ? parseDuration('deadline', deadline) : undefined,
    despite: parseDespite(despite),
    bakeSeconds: bake ? parseDuration('bake', bake) : undefined,
    canarySeconds: canary ? parseDuration('canary', canary) : undefined,
    prometheus: prometheus ? parseAddress(prometheus) : undefined,
    maxFlips: maxFlips ? parseShare(maxFlips) : undefined,
  };
}

/** Seconds of `90`, `90s`, `10m` or `1h30m`. Throws DURATION. */
export function parseDuration(option: string, text: string): number {
  const [, hours, minutes, seconds] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?$/.exec(text) ?? [];
  if (text !== '' && (hours ?? minutes ?? seconds) !== undefined)
    return Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
  const next = 'write it like 90s, 10m or 1h30m';
  throw new PipelineError('DURATION', `--${option} is "${text}", expected a duration`, { next });
}

/** A share of `10%` or `0.1`. */
function parseShare(text: string): number {
  const share = text.endsWith('%') ? Number(text.slice(0, -1)) / 100 : Number(text);
  if (text.trim() !== '' && share >= 0 && share <= 1) return share;
  const next = 'write it like 10% or 0.1';
  throw new PipelineError('MAX_FLIPS', `--max-flips is "${text}", expected a share from 0% to 100%`, { next });
}

function parseAddress(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  const next = 'write it like http://prometheus.example:9090';
  // It may hold a password.
  throw new PipelineError('PROMETHEUS', '--prometheus is not an address of http or https', { next });
}

/** Reads words like `IMAGE_NOT_FOUND=the account does not let us look`. Throws DESPITE. */
export function parseDespite(words: string[]): Despite {
  const own: Record<string, string> = {};
  for (const word of words) {
    const at = word.indexOf('=');
    const code = at < 0 ? word : word.slice(0, at);
    const reason = at < 0 ? '' : word.slice(at + 1).trim();
    if (!passable.some((each) => each === code)) {
      const next = `only these can be passed: ${passable.join(', ')}`;
      throw new PipelineError('DESPITE', `the refusal ${code} cannot be passed with --despite`, { next });
    }
    if (reason === '') {
      const headline = `--despite is "${word}", expected ${code}=REASON`;
      throw new PipelineError('DESPITE', headline, { next: 'say why it does not hold here: the record keeps it' });
    }
    own[code] = reason;
  }
  return own;
}
