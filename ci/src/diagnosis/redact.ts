/**
 * Takes out what looks like a secret, since verdicts go to terminals, CI logs, Events and annotations. It knows the shapes
 * of common credentials and of `name=value` with a telling name; a secret of no known shape in a log line stays.
 */
const hidden = '[redacted]';

const shapes: [RegExp, string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, hidden],
  // user:password@host in a URL
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, `$1${hidden}@`],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{6,}/gi, `$1 ${hidden}`],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, hidden],
  [/\beyJ[\w-]{6,}\.[\w-]+\.?[\w-]*/g, hidden],
  [/\bk8s-aws-v1\.[\w-]+/g, hidden],
  [/\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-)[\w-]{10,}/g, hidden],
  [/(X-Amz-(?:Signature|Credential|Security-Token)=)[^\s&"]+/gi, `$1${hidden}`],
  // password=..., "apiKey": "...", AWS_SECRET_ACCESS_KEY: ...
  [
    /([\w.-]*(?:passw(?:or)?d|passphrase|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credentials?|authorization)[\w.-]*["']?\s*[=:]\s*)("[^"]*"|'[^']*'|["']?[^\s,;&"']+)/gi,
    `$1${hidden}`,
  ],
];

export function redact(text: string): string {
  return shapes.reduce((clean, [shape, substitute]) => clean.replace(shape, substitute), text);
}
