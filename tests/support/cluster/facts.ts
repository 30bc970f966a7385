/** What the processes of a running cluster and its tests know of it: folder, addresses, ports, passwords. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Of one running cluster. Everything of it listens on `address`, which this machine reaches as well as its pods do. */
export type Facts = {
  /** Holds kubeconfig, log/, certs.d/ and these facts; removed with the cluster. */
  folder: string;
  /** Of the node: an IPv4 address. */
  address: string;
  /** This machine's end of the cable to the node: pods reach servers of a test that listen on it. */
  host: string;
  /** Cgroup that holds all pods, below the root of each hierarchy. */
  cgroup: string;
};

export const ports = {
  api: 6443,
  registries: { open: 5000, password: 5001, forbidden: 5002, busy: 5003, untrusted: 5004 },
};

/** The password that moto's ECR issues for its default account; the real registry accepts it. */
export const credentials = {
  user: 'AWS',
  password: '123456789012-auth-token',
  /** The same password in bcrypt, for the registry. */
  htpasswd: 'AWS:$2y$05$47/cEmWDxo.ZooJpXu8lpuJHEoZp1YljSzeDVHjym084p33vYeMM6',
};

export const kubeconfigOf = (facts: Facts) => join(facts.folder, 'kubeconfig');
export const factsFileOf = (folder: string) => join(folder, 'facts.json');
export const imagesHostOf = (facts: Facts) => join(facts.folder, 'certs.d');

/** The facts beside the kubeconfig of a cluster that this project has started; undefined beside any other. */
export function factsBeside(kubeconfig: string): Facts | undefined {
  try {
    return JSON.parse(readFileSync(factsFileOf(dirname(kubeconfig)), 'utf8'));
  } catch {
    return undefined;
  }
}
