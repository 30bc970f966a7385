/**
 * Every setting of the service, read once from the environment and checked. `node service/main.ts --help` prints this
 * table. With a registry URI as MODEL_URI, MLflow's own variables (MLFLOW_TRACKING_URI and the others) apply too.
 */
import { usageError } from '../ml/errors.ts';

const LOG_LEVELS = ['info', 'warn', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type Environment = Record<string, string | undefined>;

type Setting<T> = { env: string; fallback: T; help: string; parse: (value: string) => T | undefined; expected: string };

const settings = {
  port: whole('PORT', 8080, 0, 65535, 'port to listen on; 0 means any free one'),
  host: word('HOST', '127.0.0.1', 'address to listen on; 0.0.0.0 accepts connections from other machines'),
  metricsPort: whole('METRICS_PORT', 0, 0, 65535, 'port for /metrics alone, which PORT then does not have; 0: on PORT'),
  pathPrefix: {
    env: 'PATH_PREFIX',
    fallback: '',
    help: 'path under which a proxy passes requests on unchanged, such as /sentiment; paths without it work too',
    parse: (value: string) => (/^(\/[A-Za-z0-9_.~-]+)+$/.test(value) ? value : undefined),
    expected: 'a path such as /sentiment, without a slash at its end',
  },
  /** A path, or models:/name/stage, models:/name@alias, models:/name/version. */
  modelUri: word('MODEL_URI', 'models/model.bin', 'model file, or registry URI such as models:/my_model/Production'),
  modelCacheDir: word(
    'MODEL_CACHE_DIR',
    '.local/models',
    'cache for models from the registry, used when it is unreachable',
  ),
  /** Empty: the name and version in the artifact or the registry. */
  modelName: word('MODEL_NAME', '', 'name to show for a model file; empty: the name stored in it'),
  modelVersion: word('MODEL_VERSION', '', 'version to show for a model file; empty: the start of its SHA-256'),
  /** Empty: any model is served. */
  modelKey: word(
    'SENTIMENT_MODEL_KEY',
    '',
    'public key in PEM, or a file with it; only a model that is signed with its private key is served',
  ),
  modelNote: word('MODEL_NOTE', '', 'file in which a release notes when the model was last examined'),
  maxBodyBytes: whole('MAX_BODY_BYTES', 1_048_576, 1, 1_073_741_824, 'maximum size of a request body, in bytes'),
  maxBytesInFlight: whole(
    'MAX_BYTES_IN_FLIGHT',
    16_777_216,
    1,
    1_099_511_627_776,
    'maximum size of all bodies that are arriving and large answers that are not read yet, in bytes; more get 503',
  ),
  maxTurnMs: whole(
    'MAX_TURN_MS',
    10,
    1,
    60_000,
    'how long predictions may keep the process from everything else, in milliseconds; under more load some get 503',
  ),
  maxExplainLength: whole(
    'MAX_EXPLAIN_LENGTH',
    100_000,
    1,
    100_000_000,
    'maximum length of all texts of a request that asks to explain, in UTF-16 units',
  ),
  maxTextLength: whole('MAX_TEXT_LENGTH', 50_000, 1, 100_000_000, 'maximum length of a text, in UTF-16 units'),
  maxBatchSize: whole('MAX_BATCH_SIZE', 256, 1, 10_000, 'maximum number of texts per request'),
  apiKeysFile: word('API_KEYS_FILE', '', 'file with a line per API key: name and key; empty: nobody needs a key'),
  rateLimit: {
    env: 'RATE_LIMIT',
    fallback: 0,
    help: 'requests per second for each API key, or without keys for each address; 0: no limit',
    parse: (value: string) => (/^\d{1,6}(\.\d+)?$/.test(value) ? Number(value) : undefined),
    expected: 'a number of requests per second',
  },
  rateBurst: whole('RATE_BURST', 20, 1, 1_000_000, 'with RATE_LIMIT, how many requests may come at once'),
  trustedProxies: whole(
    'TRUSTED_PROXIES',
    0,
    0,
    10,
    'number of your own proxies that add to X-Forwarded-For; 0: the address of the connection counts',
  ),
  drainSeconds: seconds(
    'DRAIN_SECONDS',
    0.5,
    'after SIGTERM, how long requests are still accepted while /readyz answers 503',
  ),
  /** Counts from the stop signal; then requests still in progress are cut off. */
  graceSeconds: seconds('GRACE_SECONDS', 10, 'after SIGTERM, how long requests in progress may take to finish'),
  keepAliveSeconds: seconds(
    'KEEP_ALIVE_SECONDS',
    65,
    'idle time before a connection is closed; must be longer than that of the load balancer',
  ),
  requestSeconds: seconds('REQUEST_SECONDS', 60, 'how long a request may take to arrive'),
  feedbackTo: {
    env: 'FEEDBACK_TO',
    fallback: '',
    help: 'where POST /feedback stores what people say about answers: file:FOLDER or s3://BUCKET/PREFIX; empty: nowhere',
    parse: (value: string) => (/^(file:.+|s3:\/\/[^/]+(\/.*)?)$/.test(value) ? value : undefined),
    expected: 'file:FOLDER or s3://BUCKET/PREFIX',
  },
  feedbackSpool: word(
    'FEEDBACK_SPOOL',
    '.local/feedback',
    'with s3://, folder that holds feedback until the bucket has it; it must outlive the process',
  ),
  feedbackMaxBytes: whole(
    'FEEDBACK_MAX_BYTES',
    268_435_456,
    1,
    1_099_511_627_776,
    'maximum size of the folder of feedback, in bytes; more is refused',
  ),
  feedbackUploadSeconds: seconds('FEEDBACK_UPLOAD_SECONDS', 60, 'with s3://, time between two uploads', 0.1),
  logLevel: {
    env: 'LOG_LEVEL',
    fallback: 'info' as LogLevel,
    help: 'info (a line per request), warn or silent',
    parse: (value: string) => LOG_LEVELS.find((level) => level === value),
    expected: LOG_LEVELS.join(', '),
  },
  replica: word(
    'REPLICA',
    '',
    'label added to every metric, such as the pod name, if Prometheus scrapes through a load balancer',
  ),
  gitCommit: word('GIT_COMMIT', '', 'commit that the service was built from, for /version'),
} satisfies Record<string, Setting<number> | Setting<string> | Setting<LogLevel>>;

export type ServiceConfig = {
  [Name in keyof typeof settings]: (typeof settings)[Name] extends Setting<infer T> ? T : never;
};

/** Throws a usage error (exit code 2) that names the variable, its value and what was expected. */
export function readConfig(env: Environment = process.env): ServiceConfig {
  const values = Object.entries(settings).map(([name, setting]) => [name, read<unknown>(setting, env)]);
  return Object.fromEntries(values) as ServiceConfig;
}

/** One line per setting: name, meaning, default. */
export function describeSettings(): string {
  const rows = Object.values(settings);
  const width = Math.max(...rows.map((row) => row.env.length));
  return rows
    .map(({ env, help, fallback }) => {
      const value = fallback === '' ? '' : ` [${fallback}]`;
      return `  ${env.padEnd(width)}  ${help}${value}`;
    })
    .join('\n');
}

function read<T>(setting: Setting<T>, env: Environment): T {
  const value = env[setting.env]?.trim();
  if (value === undefined || value === '') return setting.fallback;
  const parsed = setting.parse(value);
  if (parsed !== undefined) return parsed;
  throw usageError(
    'SETTING',
    `${setting.env} is "${value}", expected ${setting.expected}`,
    'see --help for all settings',
  );
}

function word(env: string, fallback: string, help: string): Setting<string> {
  return { env, fallback, help, parse: (value) => value, expected: 'text' };
}

function whole(env: string, fallback: number, least: number, most: number, help: string): Setting<number> {
  const parse = (value: string) => {
    const number = Number(value);
    return /^\d+$/.test(value) && number >= least && number <= most ? number : undefined;
  };
  return { env, fallback, help, parse, expected: `a whole number from ${least} to ${most}` };
}

function seconds(env: string, fallback: number, help: string, least = 0): Setting<number> {
  const parse = (value: string) =>
    /^\d{1,6}(\.\d+)?$/.test(value) && Number(value) >= least ? Number(value) : undefined;
  return { env, fallback, help: `${help}, in seconds`, parse, expected: `a number of seconds from ${least}` };
}
