/**
 * A module of another application that builds, deploys with the module `rollout`, and reads how it ended:
 *
 *     dagger init --sdk=typescript --name=shop
 *     dagger install github.com/OWNER/REPOSITORY/modules/rollout@VERSION
 *     cp shop.ts .dagger/src/index.ts
 */
import { type Directory, dag, func, object, type Secret } from '@dagger.io/dagger';

@object()
export class Shop {
  /** Builds the image, pushes it, deploys it; without a healthy rollout, opens the page about its cause */
  @func({ cache: 'never' })
  async release(source: Directory, kubeconfig: Secret, registry: string): Promise<string> {
    const image = await source.dockerBuild().publish(`${registry}/shop`);
    const rollout = dag.rollout({ kubeconfig });
    const run = rollout.deploy(source.directory('k8s'), image, { namespace: 'shop', bake: '5m', allowFailure: true });
    // Each field that is read calls the function again, so read one that has all of them, or keep the result by its id.
    const ended = dag.loadRolloutResultFromID(await run.id());
    if ((await ended.exitCode()) === 0) return ended.report();
    throw new Error(`${await ended.report()}\n\n${await rollout.page(await ended.cause())}`);
  }
}
