/**
 * The service, with its request log and its drift signals switched on and off after every BLOCK requests. At the end it
 * writes the time of each block to the file OBSERVED. One process, so that nothing else differs between blocks.
 */
import { writeFileSync } from 'node:fs';
import { Drift } from '../../service/drift.ts';
import { Log } from '../../service/log.ts';
import { Metrics } from '../../service/metrics.ts';
import { type Block, VARIANTS, variantAt } from '../observe.ts';
import { cpuSeconds } from '../settings.ts';

// Long enough for a block to include the collection of its own garbage.
const BLOCK = 500;

const blocks: Block[] = [];
let requests = 0;
let variant = variantAt(0);
let [cpu, clock] = [cpuSeconds(), performance.now() / 1000];

const { add } = Drift.prototype;
Drift.prototype.add = function (...args) {
  if (VARIANTS[variant].signals) add.apply(this, args);
};
const logRequest = Log.prototype.request;
Log.prototype.request = function (line) {
  if (VARIANTS[variant].log) logRequest.call(this, line);
};
const count = Metrics.prototype.request;
Metrics.prototype.request = function (...args) {
  count.apply(this, args);
  if (++requests % BLOCK === 0) nextBlock();
};

process.on('exit', () => writeFileSync(process.env.OBSERVED ?? '', JSON.stringify(blocks)));
await import('../../service/main.ts');

function nextBlock(): void {
  const [cpuNow, clockNow] = [cpuSeconds(), performance.now() / 1000];
  blocks.push({ variant, cpu: (cpuNow - cpu) / BLOCK, clock: (clockNow - clock) / BLOCK });
  [cpu, clock] = [cpuNow, clockNow];
  variant = variantAt(requests / BLOCK);
}
