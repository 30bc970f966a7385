import { describe, expect, test } from 'vitest';
import { PipelineError } from '../errors.ts';
import {
  annotations,
  deploymentOf,
  type Manifest,
  parseManifests,
  prepareRelease,
  releasedContainer,
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

  test('hold exactly one Deployment', () => {
    expect(code(() => deploymentOf([kind('Service')]))).toBe('MANIFEST');
    const two = parseManifests(`${deployment}---${deployment}`, 'f');
    expect(() => deploymentOf(two)).toThrow('hold 2 Deployments (app, app), expected one');
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
