import { defineConfig } from 'vitest/config';

// Two projects: unit tests stand beside the code and need nothing; tests/ starts real servers, one file at a time.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{ml,service,cli,scripts,bench,ci/src,tests/config}/**/*.test.ts'],
          // For a machine with much else to do; a test here takes a second or two on an idle one.
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['tests/*.test.ts'],
          fileParallelism: false,
          globalSetup: ['tests/support/global_mlflow.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
