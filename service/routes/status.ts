/** The routes that tell how the service is: alive, ready, its version, its metrics, its description. */

import { USUAL_CLASSES } from '../classes.ts';
import type { ServiceConfig } from '../config.ts';
import { openapiDocument } from '../openapi.ts';
import { cardPage } from '../page/card.ts';
import { sendPage } from '../page/document.ts';
import { RequestError } from '../request.ts';
import { dataSource, type ServedModel } from '../served_model.ts';
import { type Handler, predictorOf, type Service } from '../service.ts';

/** The process runs and answers. Says nothing about the model: a restart would not help there. */
export const healthz: Handler = (ctx) => {
  ctx.set('Cache-Control', 'no-store');
  ctx.body = { status: 'alive' };
};

/** 200 while predictions should be sent here; 503 while the model is being loaded and after the stop signal. */
export function readyz({ state }: Service): Handler {
  return (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    ctx.status = state.phase === 'ready' ? 200 : 503;
    ctx.body = { status: state.phase };
  };
}

/**
 * Metrics in Prometheus' text format. The answer closes its connection: through a load balancer, Prometheus would otherwise keep
 * one connection, and so scrape the same pod for ever.
 */
export function metricsPage({ metrics }: Service): Handler {
  return async (ctx) => {
    ctx.set('Connection', 'close');
    ctx.set('Cache-Control', 'no-store');
    ctx.set('Content-Type', metrics.contentType);
    ctx.body = await metrics.text();
  };
}

/** In place of it, with METRICS_PORT. */
export function metricsElsewhere({ config }: Service): Handler {
  return () => {
    throw new RequestError(404, 'METRICS_ELSEWHERE', `the metrics are on port ${config.metricsPort}`);
  };
}

/** What the model is, learnt from and can do, as a page. */
export function modelCard({ state }: Service): Handler {
  return (ctx) => sendPage(ctx, cardPage(predictorOf(state).served));
}

/** The OpenAPI description, with the limits that this service was started with and the classes of its model. */
export function openapi({ config, feedback, access, state }: Service): Handler {
  return (ctx) => {
    const document = openapiDocument({
      limits: config,
      classes: state.predictor?.served.model.classes ?? USUAL_CLASSES,
      collectsFeedback: feedback !== undefined,
      needsKey: access.needsKey,
      hasMetrics: config.metricsPort === 0,
    });
    ctx.type = 'json';
    // Paths are relative to where this description is, as the proxy in front has it.
    ctx.body = JSON.stringify({ ...document, servers: [{ url: '.' }] }, null, 2);
  };
}

/** Which code and which model answer. */
export function version({ config, state }: Service): Handler {
  return (ctx) => {
    ctx.body = versionAnswer(config, state.predictor?.served);
  };
}

/** The schema Version of openapi.ts; `model` is null while the model is being loaded. */
function versionAnswer(config: ServiceConfig, served: ServedModel | undefined) {
  const service = { gitCommit: config.gitCommit || null, node: process.versions.node };
  if (!served) return { service, model: null };
  const { name, source, runId, warning, model } = served;
  const { facts, digest, featureCount } = model;
  return {
    service,
    model: {
      name,
      version: served.version,
      runId: runId || null,
      source,
      warning: warning ?? null,
      digest,
      features: featureCount,
      data: {
        source: dataSource(served),
        digest: facts.dataDigest,
        trainingTexts: facts.trainingTexts,
        domains: facts.domains ?? {},
      },
      gitCommit: facts.gitCommit ?? null,
      metrics: facts.metrics ?? {},
    },
  };
}
