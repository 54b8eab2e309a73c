import { availableParallelism } from 'node:os';

/** Settings of every project. */
const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  setupFilesAfterEnv: ['<rootDir>/test/support/jest-setup.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2024',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
        },
        module: { type: 'es6' },
      },
    ],
  },
};

const project = (displayName, suffix) => ({
  ...common,
  displayName,
  testMatch: [`<rootDir>/{src,engine,test,bench}/**/*${suffix}.ts`],
});

/**
 * CONTRIBUTING.md says what each project is for, and what it needs.
 *
 * @type {import('jest').Config}
 */
export default {
  projects: [
    project('unit', '.spec'),
    project('e2e', '.e2e-spec'),
    project('slow', '.slow-spec'),
    project('deploy', '.deploy-spec'),
    project('limits', '.limits-spec'),
    project('storage', '.storage-spec'),
    project('engines', '.engine-spec'),
    project('clients', '.client-spec'),
  ],
  globalSetup: '<rootDir>/test/support/choose-seed.mjs',
  reporters: ['default', '<rootDir>/test/support/slowest-suites.mjs'],
  // Suites wait for sockets and processes more than they compute. Jest takes no percentage above 100.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
};
