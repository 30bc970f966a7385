/**
 * Takes secrets out of text that people will read: errors, logs, reports and tags. A secret is recognised by its place (user
 * and password of an address, signed query, header) or by its value (the credentials in the environment).
 *
 * ci/src/redact.ts is the same file, because the two programs share no code; a test compares them.
 */

export type Environment = Record<string, string | undefined>;

const HIDDEN = '***';
/** Shorter values would hide ordinary words. */
const SHORTEST = 6;

/** Names of environment variables whose values are secrets. */
const SECRET_NAME = /(?:TOKEN|PASSWORD|PASSWD|SECRET|SECRET_ACCESS_KEY|API_KEY|ACCESS_KEY_ID|PRIVATE_KEY|MODEL_KEY)$/;
const ADDRESS_NAME = /(?:URI|URL|PROXY|ENDPOINT)$/i;

/** Names of query parameters whose values open something: AWS, Google, Azure, CloudFront, OAuth and their like. */
const PARAMETERS =
  'x-amz-(?:signature|credential|security-token)|x-goog-(?:signature|credential)|awsaccesskeyid|signature|sig|policy|' +
  'key-pair-id|access[-_]?token|id[-_]?token|refresh[-_]?token|auth[-_]?token|token|api[-_]?key|key|secret|password|' +
  'passwd|pwd|client[-_]?secret|code|credential';

/** Every part is bounded or cannot overlap the one before it, so each rule takes linear time. */
const RULES: [RegExp, string][] = [
  // scheme://user:password@host, and a password that holds an @ itself.
  [/:\/\/[^\s/"'<>]{1,2000}@/g, `://${HIDDEN}@`],
  // user:password@host without a scheme.
  [/(?<=^|[\s"'(=,])[^\s:/"'()=,@]{1,100}:[^\s/"'()=,@]{1,500}@(?=[\w[])/g, `${HIDDEN}@`],
  [new RegExp(`([?&;#](?:${PARAMETERS})=)[^&;#\\s"'<>]+`, 'gi'), `$1${HIDDEN}`],
  [/(\bauthorization["']?[:=] ?["']?)(?:(?:bearer|basic|token) )?[^\s"',]+/gi, `$1${HIDDEN}`],
  [/(\b(?:bearer|basic) )[\w.~+/=-]{16,}/gi, `$1${HIDDEN}`],
  // Identifiers of AWS credentials.
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, HIDDEN],
];

/** The text without secrets. Linear in its length. */
export function redact(text: string, env: Environment = process.env): string {
  let clean = text;
  for (const secret of secretsOf(env)) clean = clean.replaceAll(secret, HIDDEN);
  for (const [pattern, replacement] of RULES) clean = clean.replace(pattern, replacement);
  return clean;
}

/** Values that must not be shown, in the forms that programs give them; the longest first, because one may hold another. */
function secretsOf(env: Environment): string[] {
  const secrets = new Set<string>();
  const add = (value: string) => {
    const trimmed = value.trim();
    for (const form of [value, trimmed, ...trimmed.split(/\s+/), encodeURIComponent(trimmed.toWellFormed())]) {
      if (form.length >= SHORTEST) secrets.add(form);
    }
  };
  for (const [name, value] of Object.entries(env)) {
    if (!value) continue;
    if (SECRET_NAME.test(name)) add(value);
    else if (ADDRESS_NAME.test(name)) {
      const password = URL.parse(value)?.password;
      if (password) for (const form of [password, decoded(password)]) add(form);
    }
  }
  const { MLFLOW_TRACKING_USERNAME: user, MLFLOW_TRACKING_PASSWORD: password } = env;
  if (user && password) add(Buffer.from(`${user}:${password}`).toString('base64'));
  return [...secrets].sort((a, b) => b.length - a.length);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
