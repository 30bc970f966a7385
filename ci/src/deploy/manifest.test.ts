import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PipelineError } from '../errors.ts';
import {
  annotations,
  deploymentOf,
  type Manifest,
  parseManifests,
  prepareRelease,
  readManifests,
  releasedContainer,
  targetOf,
} from './manifest.ts';

const image = `registry.example/app@sha256:${'a'.repeat(64)}`;
const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: app, annotations: {team: blue}}
spec: {template: {spec: {containers: [{name: app, image: placeholder}]}}}
`;
const code = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return error instanceof PipelineError ? error.code : error;
  }
  return 'no error';
};
const kind = (name: string): Manifest => ({ apiVersion: 'v1', kind: name, metadata: { name: 'app' } });

describe('manifests', () => {
  test('are all documents of a file except empty ones', () => {
    const found = parseManifests(
      `# nothing\n---\n${deployment}---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\n`,
      'f',
    );
    expect(found.map((object) => object.kind)).toEqual(['Deployment', 'Service']);
  });

  test('that are not YAML or not Kubernetes objects are reported with their file', () => {
    expect(() => parseManifests('a: [', 'app.yaml')).toThrow(/app.yaml is not YAML/);
    expect(() => parseManifests('kind: Service\nmetadata: {name: s}', 'app.yaml')).toThrow(
      /app.yaml contains something/,
    );
    expect(() => parseManifests('- 1', 'app.yaml')).toThrow(/app.yaml contains something/);
  });

  test('of a List are its items, also of one in another', () => {
    const inner = 'kind: ServiceList\n  items: [{apiVersion: v1, kind: Service, metadata: {name: s}}]';
    const text = `apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  ${inner}\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: c}}\n`;
    expect(parseManifests(text, 'f').map(({ kind }) => kind)).toEqual(['Service', 'ConfigMap']);
    expect(() => parseManifests('apiVersion: v1\nkind: List\nitems: [null]', 'f')).toThrow(/f contains something/);
  });

  test('of a folder with a kustomization are what kubectl makes of it, or the sentence says what to do', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kustomize-'));
    const path = process.env.PATH;
    try {
      writeFileSync(join(folder, 'app.yaml'), deployment);
      writeFileSync(join(folder, 'kustomization.yaml'), 'resources: [app.yaml]\nnamespace: shop\n');
      const bin = join(folder, 'bin');
      mkdirSync(bin);
      process.env.PATH = bin;
      await expect(readManifests(folder)).rejects.toThrow(
        /has a kustomization, and kubectl, which builds it, is not installed/,
      );
      writeFileSync(
        join(bin, 'kubectl'),
        `#!/bin/sh\n[ "$1 $2" = "kustomize ${folder}" ] && /bin/cat ${folder}/app.yaml\n`,
        { mode: 0o755 },
      );
      expect((await readManifests(folder)).map(({ kind }) => kind)).toEqual(['Deployment']);
      writeFileSync(join(bin, 'kubectl'), '#!/bin/sh\necho "error: no such file: base" >&2\nexit 1\n', { mode: 0o755 });
      await expect(readManifests(folder)).rejects.toThrow(
        /cannot build the kustomization of .*: error: no such file: base/,
      );
    } finally {
      process.env.PATH = path;
      rmSync(folder, { recursive: true });
    }
    const kustomization = 'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nmetadata: {name: x}';
    expect(() => parseManifests(kustomization, 'k.yaml')).toThrow(/k.yaml is a kustomization/);
  });

  test('hold exactly one Deployment', () => {
    expect(code(() => deploymentOf([kind('Service')]))).toBe('MANIFEST');
    const two = parseManifests(`${deployment}---${deployment}`, 'f');
    expect(() => deploymentOf(two)).toThrow('hold 2 Deployments (app, app), expected one');
    expect(() => deploymentOf(two, 'app')).toThrow('hold 2 Deployments called "app"');
    expect(() => deploymentOf(two, 'other')).toThrow('hold 0 Deployments called "other" (all: app, app)');
  });

  test('of several Deployments the named one is released', () => {
    const two = parseManifests(`${deployment}---${deployment.replaceAll('name: app', 'name: worker')}`, 'f');
    const { name, objects, deployment: found } = prepareRelease(two, { name: 'worker', image });
    expect([name, found.metadata.name]).toEqual(['worker', 'worker']);
    expect(objects.map((object) => JSON.stringify(object).includes(image))).toEqual([false, true]);
  });

  test('go to their namespace, or to the one that is given where they name none', () => {
    const [own] = parseManifests(deployment, 'f');
    const placed = [{ ...own, metadata: { ...own.metadata, namespace: 'shop' } }];
    expect(targetOf([own], {})).toEqual({ name: 'app', namespace: 'default' });
    expect(targetOf([own], { namespace: 'shop' })).toEqual({ name: 'app', namespace: 'shop' });
    expect(targetOf(placed, { namespace: 'shop' })).toEqual(targetOf(placed, {}));
    expect(() => targetOf(placed, { namespace: 'other' })).toThrow(
      'is for namespace shop, and the release for namespace other',
    );
  });
});

describe('a release', () => {
  test('gets its image from the caller and its facts as annotations', () => {
    const manifests = parseManifests(deployment, 'f');
    const {
      namespace,
      name,
      deployment: found,
    } = prepareRelease(manifests, { image, commit: 'c0ffee', modelVersion: '7' });
    expect([namespace, name]).toEqual(['default', 'app']);
    expect(releasedContainer(found, undefined).image).toBe(image);
    expect(found.metadata?.annotations).toEqual({
      team: 'blue',
      [annotations.changeCause]: `image ${image}, commit c0ffee, model 7`,
      [annotations.commit]: 'c0ffee',
      [annotations.modelVersion]: '7',
    });
    expect(manifests).toEqual(parseManifests(deployment, 'f'));
  });

  test('changes nothing in an object that shares a part with the Deployment', () => {
    const [shared] = parseManifests(deployment, 'f');
    const service = { ...kind('Service'), metadata: shared.metadata };
    const { objects } = prepareRelease([service, shared], { image });
    expect(objects[0].metadata.annotations).toEqual({ team: 'blue' });
  });

  test('is applied with dependencies first and unknown kinds last', () => {
    const kinds = ['Gadget', 'NetworkPolicy', 'HorizontalPodAutoscaler', 'Service', 'ServiceAccount', 'Namespace'];
    const { objects } = prepareRelease([...kinds.map(kind), ...parseManifests(deployment, 'f')], { image });
    expect(objects.map((object) => object.kind)).toEqual([
      'Namespace',
      'ServiceAccount',
      'Service',
      'Deployment',
      'HorizontalPodAutoscaler',
      'NetworkPolicy',
      'Gadget',
    ]);
  });

  test.each(['app:v1', 'registry.example/app', `${image.slice(0, -1)}`, `${image} `])('is refused as "%s"', (wrong) => {
    expect(code(() => prepareRelease(parseManifests(deployment, 'f'), { image: wrong }))).toBe('IMAGE_NOT_BY_DIGEST');
  });

  test('needs the name of its container if there are several', () => {
    const two = deployment.replace('containers: [', 'containers: [{name: helper, image: h}, ');
    const manifests = parseManifests(two, 'f');
    expect(() => prepareRelease(manifests, { image })).toThrow(
      'no container was named, and the containers of Deployment app are: helper, app',
    );
    expect(() => prepareRelease(manifests, { image, container: 'x' })).toThrow('no container is called "x"');
    const { deployment: found } = prepareRelease(manifests, { image, container: 'app' });
    expect(found.spec?.template.spec?.containers.map((each) => each.image)).toEqual(['h', image]);
  });
});
