/** Images that a node cannot get, or cannot run. */
import { ecr, type Scenario, wrongEcr } from './scenario.ts';

const nowhere = `sha256:${'ab'.repeat(32)}`;

export const imageScenarios: Scenario[] = [
  {
    title: 'a registry that limits the pull rate',
    cause: 'image-rate-limit',
    says: /limits the pull rate \(429\)/,
    image: ({ registries }, { good }) => `${registries().busy.host}/app@${good.digest}`,
  },
  {
    title: 'a layer that is not an archive',
    cause: 'image-pull',
    says: /cannot pull \S+\/app@sha256:\S+: the pull fails: .*invalid tar header/,
    image: (_, { broken }) => `${ecr}/app@${broken.digest}`,
  },
  {
    title: 'a program for another architecture',
    cause: 'image-architecture',
    says: /exec format error/,
    image: (_, { garbage }) => garbage.byDigest,
  },
  {
    title: 'a registry address where nothing listens',
    cause: 'image-unreachable',
    says: /cannot reach the registry; registry 127\.0\.0\.1:9 instead of 123456789012/,
    shows: /connection refused/,
    image: (_, { good }) => `127.0.0.1:9/app@${good.digest}`,
  },
  {
    title: 'a region that does not exist',
    cause: 'image-unreachable',
    says: /region eu-nowhere-9 instead of eu-central-1/,
    mends: new RegExp(`set image deployment/app app=${ecr}/app@sha256`),
    image: (_, { good }) => `${ecr.replace('eu-central-1', 'eu-nowhere-9')}/app@${good.digest}`,
  },
  {
    title: 'another account in the image name',
    cause: 'image-forbidden',
    says: new RegExp(`cannot pull ${wrongEcr}/app@.*account 210987654321 instead of 123456789012, where ${ecr}/app@`),
    shows: /403 Forbidden/,
    mends: new RegExp(`set image deployment/app app=${ecr}/app@sha256`),
    image: (_, { good }) => `${wrongEcr}/app@${good.digest}`,
  },
  {
    title: 'a registry that requires a password',
    cause: 'image-no-credentials',
    says: /no valid credentials for the registry \(401\)/,
    mends: /create secret docker-registry/,
    image: ({ registries }, { good }) => `${registries().password.host}/app@${good.digest}`,
  },
  {
    title: 'a digest that the registry does not have',
    cause: 'image-not-found',
    says: /the registry has no such image/,
    shows: /the previous revision runs .*, which differs in digest/,
    image: () => `${ecr}/app@${nowhere}`,
  },
  {
    title: 'a repository that does not exist',
    cause: 'image-not-found',
    says: /no such image; repository ap instead of app/,
    image: (_, { good }) => `${ecr}/ap@${good.digest}`,
  },
  {
    title: 'a certificate that the node does not trust',
    cause: 'image-tls',
    says: /does not trust the registry's certificate/,
    shows: /x509/,
    image: ({ registries }, { good }) => `${registries().untrusted.host}/app@${good.digest}`,
  },
];
