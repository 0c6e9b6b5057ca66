import type { ViteUserConfig } from 'vitest/config'

// onnxruntime and wasm keep process-wide state, so every file has a process of its own
const forks = { pool: 'forks', testTimeout: 120_000, hookTimeout: 120_000 } as const

const config: ViteUserConfig = {
  // examples and documentation import the package by its name, and mean the sources
  resolve: {
    alias: [
      { find: /^rxdiffusion$/, replacement: `${import.meta.dirname}/src/index.ts` },
      { find: /^rxdiffusion\/node$/, replacement: `${import.meta.dirname}/src/node.ts` },
    ],
  },
  test: {
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          ...forks,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/.generated/**', 'test/browser/**', 'test/examples.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ['test/types/**/*.test-d.ts'],
            tsconfig: 'test/types/tsconfig.json',
          },
        },
      },
      {
        extends: true,
        // the blocks that scripts/doc-examples.mjs found; they share one process, as they share one page
        test: {
          ...forks,
          name: 'docs',
          include: ['test/.generated/**/*.test.ts'],
          isolate: false,
          setupFiles: ['test/docs/setup.ts'],
        },
      },
      { extends: true, test: { ...forks, name: 'examples', include: ['test/examples.test.ts'] } },
      { extends: true, test: { ...forks, name: 'browser', include: ['test/browser/*.test.ts'] } },
    ],
  },
}

export default config
