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
afterEach(() => vi.useRealTimers());

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
  it('of small requests is done at once, and refused after its time in one turn of the loop', async () => {
    const work = () => admission.work(10, () => vi.advanceTimersByTime(1) && 'done');
    for (let i = 0; i < 64; i++) expect(work()).not.toBeInstanceOf(Promise);
    expect(work).toThrow('the service has more requests than it can answer');
    expect(refusals).toEqual(['time']);
    await new Promise((resolve) => setImmediate(resolve));
    expect(work).not.toThrow();
  });

  it('of few requests is never refused, however long one of them takes', () => {
    admission.work(10, () => vi.advanceTimersByTime(1000));
    for (let i = 0; i < 20; i++) expect(admission.work(10, () => i)).toBe(i);
  });

  it('of large requests is done one after the other, with turns for others in between', async () => {
    admission = new Admission(limitsOf(100_000));
    const done: string[] = [];
    const large = ['a', 'b'].map((name) => admission.work(20_000, () => done.push(name)));
    expect(done).toEqual([]);
    await large[0];
    expect(done).toEqual(['a']);
    await new Promise((resolve) => setImmediate(resolve));
    expect(done).toEqual(['a']);
    await large[1];
    expect(done).toEqual(['a', 'b']);
    expect(admission.bytes).toBe(0);
  });

  it('that waited for too long is refused', async () => {
    admission = new Admission(limitsOf(100_000), (reason) => refusals.push(reason));
    const first = admission.work(20_000, () => vi.advanceTimersByTime(3000));
    const second = admission.work(20_000, () => 'done');
    await first;
    await expect(second).rejects.toMatchObject({ status: 503, code: 'OVERLOADED', headers: { 'Retry-After': '1' } });
    expect(refusals).toEqual(['time']);
  });

  it('that throws rejects', async () => {
    admission = new Admission(limitsOf(100_000));
    const work = admission.work(20_000, () => {
      throw new RangeError('oops');
    });
    await expect(work).rejects.toThrow('oops');
  });
});
