/** The routes that tell how the service is: alive, ready, its version, its metrics, its description. */
import type { ServiceConfig } from '../config.ts';
import { openapiDocument } from '../openapi.ts';
import { USUAL_CLASSES } from '../predict.ts';
import { dataSource, type ServedModel } from '../served_model.ts';
import type { Handler, Service } from '../service.ts';

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

/** The OpenAPI description, with the limits that this service was started with and the classes of its model. */
export function openapi({ config, feedback, state }: Service): Handler {
  return (ctx) => {
    const classes = state.predictor?.served.model.classes ?? USUAL_CLASSES;
    ctx.type = 'json';
    ctx.body = JSON.stringify(openapiDocument(config, feedback !== undefined, classes), null, 2);
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
