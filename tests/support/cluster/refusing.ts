/** Registries that refuse every request as a real registry does, each for a reason of its own. */
import { readFileSync } from 'node:fs';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { join } from 'node:path';
import { type Facts, ports } from './facts.ts';

/** Error codes: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#error-codes */
export function startRefusing(facts: Facts): void {
  const { forbidden, busy, untrusted } = ports.registries;
  createHttp(always(403, 'DENIED', 'requested access to the resource is denied')).listen(forbidden, facts.address);
  createHttp(always(429, 'TOOMANYREQUESTS', 'rate exceeded')).listen(busy, facts.address);
  // The node does not trust its certificate, and hangs up before it sends a request.
  const certificate = {
    key: readFileSync(join(facts.folder, 'key.pem')),
    cert: readFileSync(join(facts.folder, 'certificate.pem')),
  };
  createHttps(certificate, always(404, 'NAME_UNKNOWN', 'repository name not known to registry')).listen(
    untrusted,
    facts.address,
  );
}

function always(status: number, code: string, message: string): RequestListener {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ errors: [{ code, message }] }));
  };
}
