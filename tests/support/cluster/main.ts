/** A cluster to try things on: prints its KUBECONFIG and keeps it until Ctrl-C. `node tests/support/cluster/main.ts` */
import { once } from 'node:events';
import { launchCluster } from './launch.ts';

const began = performance.now();
await using cluster = await launchCluster();
const seconds = ((performance.now() - began) / 1000).toFixed(1);
process.stdout.write(`# up in ${seconds} s; Ctrl-C ends it
# registries: ${JSON.stringify(cluster.registries())}
# app image: ${(await cluster.pushApp('v1')).reference}
# tests use this one with KUBECONFIG_TEST in place of KUBECONFIG
export KUBECONFIG=${cluster.kubeconfig}
`);
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
