/** `sentiment rollback-model`: Production goes back to an earlier version, and the one that was left is held; or a hold ends. */
import { existsSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { usageError } from '../ml/errors.ts';
import { cacheProduction } from '../ml/model/remote.ts';
import { readParams } from '../ml/params.ts';
import { liftHold, ROLLBACK } from '../ml/stages/hold.ts';
import { paths } from '../ml/stages/paths.ts';
import { rollBack } from '../ml/stages/rollback.ts';
import { type Environment, trackingConfig } from '../ml/tracking/config.ts';
import { versionPage } from '../ml/tracking/pages.ts';
import { searchVersions } from '../ml/tracking/registry.ts';

export type RollbackOptions = {
  reason?: string;
  lift?: boolean;
  /** Who decides. */
  by?: string;
  /** Path of a params.yaml, which names the model. */
  params: string;
};

type Call = { name: string; version: string | undefined; by: string; reason: string; cacheDir: string };

/** Throws VERSION (2), REASON_MISSING (2), MLFLOW_URI (2), and what rollBack and liftHold throw. */
export async function rollbackModel(version: string | undefined, options: RollbackOptions): Promise<void> {
  const { lift = false, reason = '', by, params } = options;
  if (version !== undefined && !/^[1-9]\d*$/.test(version)) {
    throw usageError('VERSION', `"${version}" is not a version`, 'give its number, such as 2');
  }
  if (!lift && reason.trim() === '') {
    throw usageError('REASON_MISSING', 'going back needs a reason, which the version keeps', 'add --reason "..."');
  }
  const name = readParams(params).register_model.model_name;
  const cacheDir = join(dirname(resolve(params)), paths.modelCache);
  const call = { name, version, by: by?.trim() || userName(), reason: reason.trim(), cacheDir };
  await onTrackingServer((env) => (lift ? endHold(call, env) : goBack(call, env)));
}

async function goBack({ name, version, by, reason, cacheDir }: Call, env: Environment): Promise<void> {
  const config = trackingConfig(env);
  const { left, target } = await rollBack(config, name, { wanted: version, by, reason, cacheDir });
  const warnings = await cacheProduction(name, { cacheDir, env });
  for (const warning of warnings) print(`warning: ${warning}`);
  if (!left) return print(`unchanged: ${name} version ${target.version} is Production already`);
  print(`went back: ${name} version ${target.version} is Production, version ${left.version} is held`);
  print(`  ${versionPage(config.uri, name, target.version)}`);
  const refused = target.tags['promotion.refused'];
  if (refused) print(`  warning: the gate once refused version ${target.version}: ${refused}`);
  print('  a running service changes with the next make run, or dagger call release');
  print(`  to end the hold: ${ROLLBACK} ${left.version} --lift`);
}

async function endHold({ name, version, by, reason }: Call, env: Environment): Promise<void> {
  const config = trackingConfig(env);
  const lifted = await liftHold(config, name, await searchVersions(config, name), version, { by, reason });
  const numbers = lifted.map((one) => one.version).join(', ');
  print(`lifted: ${name} version ${numbers} may be promoted again, if the gate agrees: make pipeline`);
}

/** The server that MLFLOW_TRACKING_URI names; without it the local one of `make run`, which is started if necessary. */
async function onTrackingServer(work: (env: Environment) => Promise<void>): Promise<void> {
  const { env } = process;
  const root = resolve(import.meta.dirname, '..');
  if (env.MLFLOW_TRACKING_URI?.trim() || !existsSync(join(root, paths.mlflow))) return work(env);
  const [{ startLocalMlflow }, { programEnvironment }, { readSettings }] = await Promise.all([
    import('../scripts/local/mlflow.ts'),
    import('../scripts/local/programs.ts'),
    import('../scripts/local/settings.ts'),
  ]);
  const { mlflowPort: port, exactMlflowPort: exactPort } = readSettings(env);
  const server = await startLocalMlflow({ root, env: programEnvironment(root), port, exactPort });
  try {
    await Promise.race([server.ready, server.failure]);
    await work({ ...env, MLFLOW_TRACKING_URI: server.uri });
  } finally {
    await server.stop();
  }
}

function userName(): string {
  if (process.env.GITHUB_ACTOR) return process.env.GITHUB_ACTOR;
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // A container may run under a user id without a name.
    return `somebody@${hostname()}`;
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
