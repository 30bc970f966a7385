import type { ServiceConfig } from '../config.ts';
import { dataSource, type ServedModel } from '../served_model.ts';
import type { Handler, Service } from '../service.ts';

export type VersionAnswer = {
  service: { gitCommit: string | null; node: string };
  /** null while the model is being loaded. */
  model: ModelVersion | null;
};

export type ModelVersion = {
  name: string;
  version: string;
  runId: string | null;
  source: 'file' | 'registry' | 'cache';
  warning: string | null;
  digest: string;
  features: number;
  data: { source: string; digest: string; trainingTexts: number };
  gitCommit: string | null;
  metrics: Record<string, number>;
};

/** Which code and which model answer here. */
export function version({ config, state }: Service): Handler {
  return (ctx) => {
    ctx.body = versionAnswer(config, state.predictor?.served);
  };
}

function versionAnswer(config: ServiceConfig, served: ServedModel | undefined): VersionAnswer {
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
      data: { source: dataSource(served), digest: facts.dataDigest, trainingTexts: facts.trainingTexts },
      gitCommit: facts.gitCommit ?? null,
      metrics: facts.metrics ?? {},
    },
  };
}
