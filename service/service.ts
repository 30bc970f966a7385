import type { Context } from 'koa';
import type { ServiceConfig } from './config.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { ServiceState } from './state.ts';

/** What every route is made of. */
export type Service = { config: ServiceConfig; state: ServiceState; metrics: Metrics; log: Log };

export type Handler = (ctx: Context) => void | Promise<void>;
