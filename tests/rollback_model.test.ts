/** `sentiment rollback-model` on a real MLflow server, and what the pipeline does afterwards. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { paths } from '../ml/stages/paths.ts';
import { need } from './support/need.ts';
import type { Outcome } from './support/pipeline_folder.ts';
import { startProxy } from './support/proxy.ts';
import { succeed, useRegistryLab } from './support/registry_lab.ts';

const cli = resolve(import.meta.dirname, '../cli/main.ts');

describe.skipIf(!need('mlflow'))('rollback-model', () => {
  const { alias, env, file, folder, name, promote, register, stages, versions } = useRegistryLab();

  function sentiment(args: string[], more: Record<string, string> = {}, onStart?: (kill: () => void) => void) {
    return new Promise<Outcome>((done) => {
      const child = execFile(
        process.execPath,
        [cli, 'rollback-model', ...args, '--by', 'ann', '--params', file(paths.params)],
        { env: { PATH: process.env.PATH, ...env(), ...more } },
        (_error, out, err) => done({ code: child.exitCode, out, err }),
      );
      onStart?.(() => child.kill('SIGKILL'));
    });
  }
  const goBack = (...args: string[]) => succeed(sentiment(args));

  /** Versions 1 and 2, with 2 in Production. */
  async function promoteTwo() {
    await register();
    await promote();
    await folder().train({ model_building: { C: 4 } });
    await register();
    await promote();
    expect(await stages()).toBe('1 Archived, 2 Production');
  }

  test('Production goes back and stays there through three pipelines, until the hold is lifted', async () => {
    await promoteTwo();
    const { out } = await goBack('--reason', 'calls refunds positive');
    expect(out).toContain(`went back: ${name()} version 1 is Production, version 2 is held\n`);
    expect(await stages()).toBe('1 Production, 2 Archived');
    expect([await alias('production'), await alias('staging')]).toEqual(['1', undefined]);
    const [second, first] = await versions();
    const when = expect.stringMatching(/^20\d\d-/);
    expect(second.tags).toMatchObject({
      'hold.state': 'held',
      'hold.reason': 'calls refunds positive',
      'hold.by': 'ann',
      'hold.since': when,
    });
    expect(first.tags).toMatchObject({
      'rollback.from': '2',
      'rollback.reason': 'calls refunds positive',
      'rollback.by': 'ann',
      'rollback.at': when,
    });
    expect([...Object.keys(first.tags), ...Object.keys(second.tags)]).not.toContain('promotion.superseded_by');
    expect(Object.keys(second.tags)).not.toContain('hold.going_back_to');

    for (const run of [1, 2, 3]) {
      await register();
      const { out } = await promote();
      expect(out, `run ${run}`).toMatch(
        /^unchanged: \S+ version 1 stays Production: version 2 is held: ann went back from it on .* UTC \("calls refunds positive"\); .* 2 --lift ends the hold$/m,
      );
      expect([await stages(), await alias('production')]).toEqual(['1 Production, 2 Staging', '1']);
    }

    expect((await goBack('2', '--lift', '--reason', 'labels mended')).out).toMatch(/^lifted: \S+ version 2 may be /);
    await register();
    expect((await promote()).out).toContain('version 2 is Production, version 1 archived');
    expect([await stages(), await alias('production')]).toEqual(['1 Archived, 2 Production', '2']);
    expect((await versions())[0].tags).toMatchObject({ 'hold.state': 'lifted', 'hold.lifted_reason': 'labels mended' });
  });

  test('the same model registered as another version is held too; another model is not', async () => {
    await promoteTwo();
    await goBack('1', '--reason', 'bad');
    await folder().train({ model_building: { C: 4 }, model_evaluation: { calibration_bins: 5 } });
    await register();
    expect((await promote()).out).toMatch(
      /version 1 stays Production: version 3 is the same model as version 2, which is held/,
    );
    await folder().train({ model_building: { C: 3 } });
    await register();
    expect((await promote()).out).toContain('version 4 is Production, version 1 archived');

    const { code, err } = await sentiment(['2', '--reason', 'better after all']);
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(/version 2 is held.*\(VERSION_HELD\)\n {2}next: /),
    });
    // From version 4, that is to version 1: 2 and 3 are held.
    expect((await goBack('--reason', 'bad too')).out).toContain('version 1 is Production, version 4 is held');
  });

  test.each([['/set-tag'], ['/transition-stage']])(
    'killed when MLflow has done %s, the next one finishes it',
    async (path) => {
      await promoteTwo();
      let kill = () => {};
      let killed = 0;
      const proxy = await startProxy(env().MLFLOW_TRACKING_URI, {
        cut: (request) => {
          if (killed > 0 || request.method !== 'POST' || !request.url?.endsWith(path)) return false;
          killed++;
          kill();
          return true;
        },
      });
      try {
        await sentiment(['--reason', 'bad'], { MLFLOW_TRACKING_URI: proxy.uri }, (killer) => {
          kill = killer;
        });
      } finally {
        await proxy.stop();
      }
      expect(killed).toBe(1);
      expect((await goBack('--reason', 'bad')).out).toContain('version 1 is Production, version 2 is held');
      expect([await stages(), await alias('production')]).toEqual(['1 Production, 2 Archived', '1']);
      expect((await goBack('1', '--reason', 'bad')).out).toContain('unchanged');
    },
  );

  test('a wrong call gets a sentence with the next step, and changes nothing', async () => {
    await register();
    await promote();
    const calls: [string[], number, RegExp][] = [
      [['7', '--reason', 'x'], 1, /has no version 7 \(NO_SUCH_VERSION\)\n {2}next: its versions: 1 \(Production\)/],
      [['--reason', 'x'], 1, /no other version of \S+ was in Production before version 1 \(NO_EARLIER_VERSION\)/],
      [['7', '--lift'], 1, /has no version 7 \(NO_SUCH_VERSION\)|no version of/],
      [['1', '--lift'], 1, /version 1 of \S+ is not held \(NOT_HELD\)\n {2}next: nothing is held/],
      [['--lift'], 1, /no version of \S+ is held \(NOT_HELD\)/],
      [['1'], 2, /going back needs a reason.*\(REASON_MISSING\)/],
      [['1.5', '--reason', 'x'], 2, /"1.5" is not a version \(VERSION\)/],
    ];
    for (const [args, code, words] of calls) {
      expect(await sentiment(args), args.join(' ')).toMatchObject({ code, out: '', err: expect.stringMatching(words) });
    }
    expect(await stages()).toBe('1 Production');
  });
});
