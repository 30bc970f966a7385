/** Users of the service: small requests with texts without pause, now and then the page and a judgement. */
import { setTimeout as sleep } from 'node:timers/promises';

export type Traffic = {
  /** Sends other texts from now on. */
  send(texts: string[]): void;
  /** Resolves when no request is under way. */
  pause(): Promise<void>;
  resume(): void;
  stop(): Promise<void>;
};

/** About twenty requests of two texts each second, in the order of `texts`, from the first again after the last. */
export function startTraffic(address: string, texts: string[]): Traffic {
  let sent = texts;
  let next = 0;
  let going = true;
  let paused = false;
  let underWay = Promise.resolve();
  const take = () => sent[next++ % sent.length];
  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    return (await fetch(address + path, { method: 'POST', headers, body: JSON.stringify(body) })).text();
  };
  const step = async (i: number) => {
    await post('/predict', { texts: [take(), take()] });
    if (i % 10 === 0) await (await fetch(address)).text();
    if (i % 20 === 0) await post('/predict', { text: '' });
    if (i % 5 === 0) {
      const text = take();
      // People who agree with every answer.
      await post('/feedback', { text, label: JSON.parse(await post('/predict', { text })).label });
    }
  };
  const loop = (async () => {
    for (let i = 0; going; i++) {
      if (!paused) {
        underWay = step(i);
        await underWay;
      }
      await sleep(50);
    }
  })();
  return {
    send(more) {
      sent = more;
      next = 0;
    },
    async pause() {
      paused = true;
      await underWay;
    },
    resume() {
      paused = false;
    },
    async stop() {
      going = false;
      await loop;
    },
  };
}
