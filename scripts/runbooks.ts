/** Prints where this clone's pages of the alerts are read: RUNBOOKS of Prometheus, Runbooks of monitoring/ec2/template.yaml. */
import { resolve } from 'node:path';
import { runbooks } from './local/runbooks.ts';

process.stdout.write(`${runbooks(resolve(import.meta.dirname, '..'))}\n`);
