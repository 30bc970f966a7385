/** The name of what a keeper makes outside its namespaces holds its process id, so the next keeper can tell what was left behind. */
import { existsSync } from 'node:fs';

const prefix = 'sentiment-test-';

export function ownName(): string {
  return `${prefix}${process.pid}`;
}

export function isForgotten(name: string): boolean {
  return name.startsWith(prefix) && !existsSync(`/proc/${Number.parseInt(name.slice(prefix.length), 10)}`);
}
