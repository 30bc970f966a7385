import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Admission, type Refusal } from './admission.ts';

const limitsOf = (maxBytesInFlight: number) => ({ maxBytesInFlight, maxTurnMs: 50, requestSeconds: 60 });

let refusals: Refusal[];
let admission: Admission;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  refusals = [];
  admission = new Admission(limitsOf(10_000), (reason) => refusals.push(reason));
});
afterEach(async () => {
  while (admission.isBusy) await new Promise((resolve) => setImmediate(resolve));
  vi.useRealTimers();
});

describe('bytes under way', () => {
  it('are counted until their transfer ends', () => {
    const transfer = admission.begin(() => {});
    expect(admission.grow(transfer, 1000)).toBe(true);
    expect(admission.bytes).toBeGreaterThanOrEqual(1000);
    admission.end(transfer);
    admission.end(transfer);
    expect(admission.bytes).toBe(0);
  });

  it('over the limit end the newcomer, if no other is slow', () => {
    const given: string[] = [];
    const first = admission.begin(() => given.push('first'));
    expect(admission.grow(first, 8000)).toBe(true);
    const second = admission.begin(() => given.push('second'));
    expect(admission.grow(second, 8000)).toBe(false);
    expect([given, refusals]).toEqual([[], ['bytes']]);
    expect(admission.bytes).toBe(first.bytes);
  });

  it('over the limit end the slowest, so that slow ones do not keep out the others', () => {
    const given: string[] = [];
    for (const name of ['first', 'second'])
      admission.grow(
        admission.begin(() => given.push(name)),
        4000,
      );
    vi.advanceTimersByTime(1500);
    expect(
      admission.grow(
        admission.begin(() => given.push('third')),
        4000,
      ),
    ).toBe(true);
    expect(given).toEqual(['first']);
  });

  it('count many small pieces for more than their bytes', () => {
    const transfer = admission.begin(() => {});
    let pieces = 0;
    while (admission.grow(transfer, 1)) pieces++;
    expect(pieces).toBeLessThan(50);
  });

  it('of an answer count until its client has read it', () => {
    const response = Object.assign(new EventEmitter(), {
      destroy: vi.fn(),
      setTimeout: vi.fn(),
    }) as unknown as ServerResponse;
    expect(admission.send(response, 100)).toBe(true);
    expect(admission.bytes).toBe(0);
    admission = new Admission(limitsOf(100_000));
    expect(admission.send(response, 60_000)).toBe(true);
    vi.advanceTimersByTime(1500);
    const other = Object.assign(new EventEmitter(), {
      destroy: vi.fn(),
      setTimeout: vi.fn(),
    }) as unknown as ServerResponse;
    expect(admission.send(other, 60_000)).toBe(true);
    expect(response.destroy).toHaveBeenCalledOnce();
    other.emit('close');
    expect(admission.bytes).toBe(0);
  });
});

describe('work', () => {
  const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
  /** A small request that takes a millisecond. */
  const small = () => admission.work(10, () => vi.advanceTimersByTime(1) && 'done');
  const outcomesOf = async (all: (string | Promise<string>)[]) => {
    const settled = await Promise.allSettled(all);
    return settled.map(({ status }) => status);
  };

  it('of small requests is done at once, until it has taken its time in this turn of the loop', async () => {
    admission = new Admission(limitsOf(1_000_000));
    for (let i = 0; i < 50; i++) expect(small()).toBe('done');
    const late = small();
    expect(late).toBeInstanceOf(Promise);
    expect(await late).toBe('done');
    expect(admission.bytes).toBe(0);
    await nextTurn();
    expect(small()).toBe('done');
  });

  it('is never refused for one that takes long', async () => {
    admission.work(10, () => vi.advanceTimersByTime(1000));
    expect(await Promise.all(Array.from({ length: 10 }, small))).toEqual(Array(10).fill('done'));
    expect(refusals).toEqual([]);
  });

  /** Clients who wait for their answer before they ask again, and ask in every turn of the loop in which they can. */
  const closedLoop = async (clients: number, turns: number, ms: (request: number) => number) => {
    const idle = new Set(Array(clients).keys());
    let [asked, answered, refused] = [0, 0, 0];
    for (let turn = 0; turn < turns; turn++) {
      for (const client of [...idle]) {
        idle.delete(client);
        const request = asked++;
        const answer = (async () => admission.work(10, () => vi.advanceTimersByTime(ms(request))))();
        const again = () => idle.add(client);
        void answer.then(
          () => ++answered && again(),
          () => ++refused && again(),
        );
      }
      await nextTurn();
    }
    return { answered, refused };
  };

  it.each([50, 200])('of small requests of %i clients who wait for their answers is never refused', async (clients) => {
    admission = new Admission({ ...limitsOf(1_000_000), maxTurnMs: 10 });
    // Another program takes the processor away for 60 ms from every fortieth of them.
    const { answered, refused } = await closedLoop(clients, 1000, (i) => (i % 40 === 3 ? 60 : 0.3));
    expect(refused).toBe(0);
    expect(answered).toBeGreaterThan(3000);
  });

  it('of small requests of many clients is refused, if it would wait for more work than 100 ms', async () => {
    admission = new Admission({ ...limitsOf(1_000_000), maxTurnMs: 10 });
    const { answered, refused } = await closedLoop(200, 500, () => 4);
    expect(refused).toBeGreaterThan(1000);
    expect(answered).toBeGreaterThan(500);
    let waiting = 0;
    for (; !admission.isFull(10); waiting++) void admission.work(10, () => vi.advanceTimersByTime(4));
    expect(waiting).toBeLessThan(30);
  });

  it('that comes faster than it can be done is refused at once', async () => {
    admission = new Admission(limitsOf(1_000_000), (reason) => refusals.push(reason));
    for (let turn = 0; turn < 10; turn++) {
      let taken = 0;
      try {
        for (; taken < 2000; taken++) void Promise.resolve(small()).catch(() => {});
      } catch {
        // There are more than can be done.
      }
      // Until it is known how long they take, more are taken.
      if (turn > 0) expect(taken).toBeLessThan(160);
      await nextTurn();
    }
    while (!admission.isFull(10)) void small();
    expect(small).toThrow(
      expect.objectContaining({ status: 503, code: 'OVERLOADED', headers: { 'Retry-After': '1' } }),
    );
    expect(new Set(refusals)).toEqual(new Set(['time']));
  });

  it('of a burst is done, later', async () => {
    admission = new Admission(limitsOf(1_000_000), (reason) => refusals.push(reason));
    const outcomes = await outcomesOf(Array.from({ length: 140 }, small));
    expect(new Set(outcomes)).toEqual(new Set(['fulfilled']));
    expect(refusals).toEqual([]);
  });

  it('waits while connections come in, but not for long', async () => {
    admission = new Admission(limitsOf(1_000_000));
    for (let i = 0; i < 50; i++) small();
    await nextTurn();
    admission.work(20_000, () => vi.advanceTimersByTime(1));
    await nextTurn();
    const done: string[] = [];
    const late = admission.work(20_000, () => done.push('late'));
    for (let turn = 0; turn < 3; turn++) {
      admission.accepted();
      await nextTurn();
    }
    expect(done).toEqual([]);
    vi.advanceTimersByTime(10);
    admission.accepted();
    await late;
    expect(done).toEqual(['late']);
  });

  it('of large requests is done one after the other, with small ones in between', async () => {
    admission = new Admission(limitsOf(100_000));
    const done: string[] = [];
    const large = (name: string) =>
      admission.work(20_000, () => {
        done.push(name);
        vi.advanceTimersByTime(40);
      });
    const all = [large('a'), large('b')];
    expect(done).toEqual([]);
    await all[0];
    expect(done).toEqual(['a']);
    expect(small()).toBe('done');
    await all[1];
    expect(done).toEqual(['a', 'b']);
    expect(admission.bytes).toBe(0);
  });

  it('that has waited for too long is refused', async () => {
    admission = new Admission(limitsOf(100_000), (reason) => refusals.push(reason));
    const first = admission.work(20_000, () => vi.advanceTimersByTime(3000));
    const second = admission.work(20_000, () => 'done');
    await first;
    vi.advanceTimersByTime(100_000);
    await expect(second).rejects.toMatchObject({ status: 503, code: 'OVERLOADED', headers: { 'Retry-After': '1' } });
    expect(refusals).toEqual(['time']);
  });

  it('of large requests goes on although refusing others takes up the turns of the loop', async () => {
    admission = new Admission({ ...limitsOf(1_000_000), maxTurnMs: 10 });
    let answered = 0;
    const began = performance.now();
    for (let turn = 0; turn < 50; turn++) {
      // As many as 2,000 connections have in a turn.
      for (let request = 0; request < 1000; request++) {
        vi.advanceTimersByTime(0.06);
        if (admission.isFull(20_000)) continue;
        const work = admission.work(20_000, () => vi.advanceTimersByTime(1));
        void Promise.resolve(work).then(
          () => answered++,
          () => {},
        );
      }
      await nextTurn();
    }
    expect(answered / (performance.now() - began)).toBeGreaterThan(0.45);
  });

  it('that throws rejects', async () => {
    admission = new Admission(limitsOf(100_000));
    const work = admission.work(20_000, () => {
      throw new RangeError('oops');
    });
    await expect(work).rejects.toThrow('oops');
  });
});
