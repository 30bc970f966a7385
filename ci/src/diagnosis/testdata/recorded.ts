/** Snapshots from a real cluster (Kubernetes 1.34, containerd 1.6), written by tests/support/diagnosis_record.ts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Snapshot } from '../../kubernetes/snapshot.ts';

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** `change` edits the text, so that one recording stands for several stories. */
export function recorded(name: string, change: (text: string) => string = (text) => text): Snapshot {
  const text = readFileSync(join(import.meta.dirname, `${name}.json`), 'utf8');
  return JSON.parse(change(text), (_, value) => (typeof value === 'string' && time.test(value) ? new Date(value) : value));
}

export function later(snapshot: Snapshot, seconds: number): Snapshot {
  return { ...snapshot, now: new Date(snapshot.now.getTime() + seconds * 1000) };
}
