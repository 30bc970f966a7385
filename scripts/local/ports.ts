import { once } from 'node:events';
import { createServer } from 'node:net';

/** Whether a server could listen there now. */
export async function portIsFree(port: number, host: string): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

/** The first free port from `first` on, of the next `count`. */
export async function firstFreePort(first: number, host: string, count = 20): Promise<number | undefined> {
  for (let port = first; port < first + count; port++) {
    if (await portIsFree(port, host)) return port;
  }
  return undefined;
}
