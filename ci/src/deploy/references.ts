/** ConfigMaps, Secrets and other objects that a pod template names: without one of them a pod never starts. */
import type { V1PodSpec } from '#kubernetes';

export type Reference = {
  kind: 'ConfigMap' | 'Secret' | 'PersistentVolumeClaim' | 'ServiceAccount';
  name: string;
  /** Of a ConfigMap or Secret; undefined: the object as a whole. */
  key?: string;
  /** Where the template names it. */
  from: string;
};

/** Those that must be there; what is marked optional is left out. */
export function referencesOf(spec: V1PodSpec): Reference[] {
  return [...fromContainers(spec), ...fromVolumes(spec), ...fromAccount(spec)];
}

function fromContainers(spec: V1PodSpec): Reference[] {
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? [])];
  return containers.flatMap((container) => {
    const variables = (container.env ?? []).flatMap(({ name, valueFrom }) => {
      const from = `env ${name} of container ${container.name}`;
      return [
        ...required('ConfigMap', valueFrom?.configMapKeyRef, from),
        ...required('Secret', valueFrom?.secretKeyRef, from),
      ];
    });
    const groups = (container.envFrom ?? []).flatMap(({ configMapRef, secretRef }) => {
      const from = `envFrom of container ${container.name}`;
      return [...required('ConfigMap', configMapRef, from), ...required('Secret', secretRef, from)];
    });
    return [...variables, ...groups];
  });
}

function fromVolumes(spec: V1PodSpec): Reference[] {
  return (spec.volumes ?? []).flatMap(({ name, configMap, secret, projected, persistentVolumeClaim }) => {
    const from = `volume ${name}`;
    const projections = (projected?.sources ?? []).flatMap((source) => [
      ...required('ConfigMap', source.configMap, from),
      ...required('Secret', source.secret, from),
    ]);
    return [
      ...required('ConfigMap', configMap, from),
      ...required('Secret', secret && { name: secret.secretName, optional: secret.optional }, from),
      ...required('PersistentVolumeClaim', persistentVolumeClaim && { name: persistentVolumeClaim.claimName }, from),
      ...projections,
    ];
  });
}

function fromAccount({ serviceAccountName }: V1PodSpec): Reference[] {
  return required(
    'ServiceAccount',
    serviceAccountName ? { name: serviceAccountName } : undefined,
    'serviceAccountName',
  );
}

function required(
  kind: Reference['kind'],
  reference: { name?: string; key?: string; optional?: boolean } | undefined,
  from: string,
): Reference[] {
  if (!reference?.name || reference.optional) return [];
  return [{ kind, name: reference.name, from, ...(reference.key ? { key: reference.key } : {}) }];
}
