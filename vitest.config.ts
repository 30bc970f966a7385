import { defineConfig } from 'vitest/config';

// Two projects: unit tests stand beside the code and need nothing; tests/ starts real servers, by default one file at a
// time. scripts/test.ts (make test) runs both, and several files side by side where that disturbs nothing. A third project,
// trust, holds long proofs (make trust).
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{ml,service,cli,scripts,bench,ci/src,modules,tests/config}/**/*.test.ts'],
          // For a machine under load; on an idle one a test takes a second or two.
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['tests/*.test.ts'],
          maxWorkers: 1,
          globalSetup: ['tests/support/shared_servers.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'trust',
          include: ['tests/trust/*.test.ts'],
          maxWorkers: 1,
          globalSetup: ['tests/support/shared_servers.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
