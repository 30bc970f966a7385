/** Prints where people read this clone's alert pages: RUNBOOKS of Prometheus, Runbooks of monitoring/ec2/template.yaml. */
import { resolve } from 'node:path';
import { runbooks } from './local/monitoring.ts';

process.stdout.write(`${runbooks(resolve(import.meta.dirname, '..'))}\n`);
