import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 120_000,
    // onnxruntime and wasm keep process-wide state, so every file has a process of its own
    pool: 'forks',
    maxWorkers: 2,
  },
})
