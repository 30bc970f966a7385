/** The cluster's own words, made fit to print: one line, bounded, without secrets. */

const hidden = '[redacted]';

const secrets: [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, hidden],
  // user:password@host in a URL
  [/(?<=[a-z0-9+.-]:\/\/)[^\s/@]+@/gi, `${hidden}@`],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${hidden}`],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, hidden],
  [/\beyJ[\w-]{6,}(?:\.[\w-]+){0,2}/g, hidden],
  [/\bk8s-aws-v1\.[\w-]+/g, hidden],
  [/\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-)[\w-]{10,}/g, hidden],
  [/(X-Amz-(?:Signature|Credential|Security-Token)=)[^\s&"]+/gi, `$1${hidden}`],
  // password=..., "apiKey": "...", AWS_SECRET_ACCESS_KEY: ...
  [
    /((?:passw(?:or)?d|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credentials?|authorization)[\w.-]{0,100}["']?\s{0,20}[=:]\s{0,20})("[^"]*"|'[^']*'|["']?[^\s,;&"']+)/gi,
    `$1${hidden}`,
  ],
];

/**
 * Replaces what looks like a secret, since verdicts go to terminals, CI logs, Events and annotations. It knows common
 * credentials and `name=value` with a telling name; any other secret in a log line stays.
 */
export function redact(text: string): string {
  return secrets.reduce((clean, [shape, substitute]) => clean.replace(shape, substitute), text);
}

/** One line of at most `length` characters. */
export function quote(text: string | undefined, length = 400): string {
  const line = redact((text ?? '').replace(/\s+/g, ' ').trim());
  return line.length > length ? `${line.slice(0, length)}...` : line;
}

/** The last eight lines of a log that are not empty, each at most 200 characters, without colours. */
export function lastLines(log: string): string[] {
  return redact(log)
    .replace(new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g'), '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-8)
    .map((line) => quote(line, 200));
}

/** "once", "twice", "3 times" */
export function times(count: number): string {
  if (count === 1) return 'once';
  return count === 2 ? 'twice' : `${count} times`;
}
