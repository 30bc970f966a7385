/** Command lines and settings of the programs that run on the node. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { binary } from './binaries.ts';
import { credentials, type Facts, imagesHostOf, kubeconfigOf, ports } from './facts.ts';

export type Program =
  | 'registry-open'
  | 'registry-password'
  | 'containerd'
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubelet'
  | 'kube-proxy';

export const containerdSocket = '/run/containerd/containerd.sock';
export const proxyHealthPort = 10256;
const podNetwork = '10.244.0.0/24';
const serviceNetwork = '10.96.0.0/16';
const dnsAddress = '10.96.0.10';
const etcdUrl = 'http://127.0.0.1:2379';

/** Writes the programs' settings into `state`, an empty folder where they keep their data, and returns the command lines. */
export function programsOf(facts: Facts, state: string): Record<Program, string[]> {
  const write = (name: string, content: object | string) => {
    const path = join(state, name);
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, undefined, 2));
    return path;
  };
  const place = (name: string) => {
    const path = join(state, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const certificate = join(facts.folder, 'certificate.pem');
  const key = join(facts.folder, 'key.pem');
  const kubeconfig = kubeconfigOf(facts);
  const kube = (component: string, flags: Record<string, string | number | boolean>) => [
    binary('kube'),
    component,
    ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
  ];

  const htpasswd = write('htpasswd', `${credentials.htpasswd}\n`);
  const registry = (name: keyof typeof ports.registries, auth?: object) => {
    const settings = {
      version: 0.1,
      log: { level: 'warn', accesslog: { disabled: true } },
      storage: { filesystem: { rootdirectory: place(`registry-${name}`) }, delete: { enabled: true } },
      http: { addr: `${facts.address}:${ports.registries[name]}` },
      ...(auth && { auth }),
    };
    return ['docker-registry', 'serve', write(`registry-${name}.json`, settings)];
  };

  write('cni.conflist', {
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      {
        type: 'ptp',
        ipMasq: true,
        ipam: { type: 'host-local', ranges: [[{ subnet: podNetwork }]], routes: [{ dst: '0.0.0.0/0' }] },
      },
    ],
  });

  return {
    'registry-open': registry('open'),
    'registry-password': registry('password', { htpasswd: { realm: 'test', path: htpasswd } }),
    containerd: ['containerd', '--config', write('containerd.toml', containerdSettings(facts, state))],
    etcd: [
      'etcd',
      `--data-dir=${place('etcd')}`,
      `--listen-client-urls=${etcdUrl}`,
      `--advertise-client-urls=${etcdUrl}`,
      '--listen-peer-urls=http://127.0.0.1:2380',
      // The folder is in memory anyway.
      '--unsafe-no-fsync',
    ],
    'kube-apiserver': kube('kube-apiserver', {
      'etcd-servers': etcdUrl,
      'bind-address': '0.0.0.0',
      'advertise-address': facts.address,
      'secure-port': ports.api,
      'service-cluster-ip-range': serviceNetwork,
      'allow-privileged': true,
      'authorization-mode': 'Node,RBAC',
      'client-ca-file': certificate,
      'tls-cert-file': certificate,
      'tls-private-key-file': key,
      'kubelet-client-certificate': certificate,
      'kubelet-client-key': key,
      'kubelet-certificate-authority': certificate,
      'kubelet-preferred-address-types': 'InternalIP',
      'service-account-issuer': 'https://kubernetes.default.svc',
      'service-account-key-file': certificate,
      'service-account-signing-key-file': key,
    }),
    'kube-controller-manager': kube('kube-controller-manager', {
      kubeconfig,
      'leader-elect': false,
      'service-account-private-key-file': key,
      'root-ca-file': certificate,
      'kube-api-qps': 200,
      'kube-api-burst': 400,
      'cert-dir': place('controllers'),
    }),
    'kube-scheduler': kube('kube-scheduler', { kubeconfig, 'leader-elect': false, 'cert-dir': place('scheduler') }),
    kubelet: kube('kubelet', {
      config: write('kubelet.json', kubeletSettings(facts, state)),
      kubeconfig,
      'hostname-override': 'node1',
      'node-ip': facts.address,
      'root-dir': place('kubelet'),
    }),
    'kube-proxy': kube('kube-proxy', { config: write('kube-proxy.json', proxySettings(kubeconfig)) }),
  };
}

/** For version 1.6: https://github.com/containerd/containerd/blob/release/1.6/docs/cri/config.md */
function containerdSettings(facts: Facts, state: string): string {
  return `
version = 2
root = "${state}/containerd"
state = "/run/containerd"
# They look for other file systems and for a tracing server, which takes time.
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing",
]
[grpc]
  address = "${containerdSocket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${facts.address}:${ports.registries.open}/pause:1"
  disable_apparmor = true
  # A machine may forbid lowering the score, and then no pod starts.
  restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "${state}"
[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "${imagesHostOf(facts)}"
`;
}

/** https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/ */
function kubeletSettings(facts: Facts, state: string): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: false },
      x509: { clientCAFile: join(facts.folder, 'certificate.pem') },
    },
    authorization: { mode: 'AlwaysAllow' },
    tlsCertFile: join(facts.folder, 'certificate.pem'),
    tlsPrivateKeyFile: join(facts.folder, 'key.pem'),
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${facts.cgroup}`,
    enforceNodeAllocatable: [],
    failCgroupV1: false,
    failSwapOn: false,
    oomScoreAdj: 0,
    // There is no DNS server. Without an address every pod would get a MissingClusterDNS event.
    clusterDNS: [dnsAddress],
    resolvConf: '',
    podLogsDir: join(state, 'pods'),
    volumePluginDir: join(state, 'plugins'),
    makeIPTablesUtilChains: false,
    serializeImagePulls: false,
    // This node must not try to free the machine's disk and memory.
    imageGCHighThresholdPercent: 100,
    evictionHard: Object.fromEntries(
      ['memory.available', 'nodefs.available', 'nodefs.inodesFree', 'imagefs.available', 'imagefs.inodesFree'].map(
        (signal) => [signal, '0%'],
      ),
    ),
  };
}

/** https://kubernetes.io/docs/reference/config-api/kube-proxy-config.v1alpha1/ */
function proxySettings(kubeconfig: string): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'iptables',
    clientConnection: { kubeconfig },
    hostnameOverride: 'node1',
    clusterCIDR: podNetwork,
    healthzBindAddress: `127.0.0.1:${proxyHealthPort}`,
    oomScoreAdj: 0,
    // These belong to the whole machine and stay as they are.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
    iptables: { minSyncPeriod: '0s' },
  };
}
