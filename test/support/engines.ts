/**
 * Engines that need more than `npm ci`: their tests run where they are set up, and say what to type where they are not.
 */
import { existsSync } from 'node:fs'
import { describe } from 'vitest'
import type { EngineName } from '../../src/engine/engine.ts'
import { madeIn } from '../../src/engine/setup/tensorflow.ts'

/** What computes on the CPU as GPUs do, and comes with Chromium. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json'
if (existsSync(SWIFTSHADER)) process.env['VK_DRIVER_FILES'] ??= SWIFTSHADER

const toType: Readonly<Partial<Record<EngineName, string>>> = {
  ...((await madeIn('tensorflow')) === undefined && {
    tensorflow: 'it is not set up; `npm run build && node dist/cli/main.js setup tensorflow` does that',
  }),
  ...(process.env['VK_DRIVER_FILES'] === undefined && {
    'webgpu:software': `there is no ${SWIFTSHADER}; \`apt-get install chromium\` brings it`,
  }),
}

/** Describes something on an engine; skipped where it is not set up, with what to type in the title. */
export const describeOn = (name: EngineName, what: string, tests: () => void): void => {
  const reason = toType[name]
  if (reason === undefined) describe(`${what}, on ${name}`, tests)
  else describe.skip(`${what}, on ${name} (skipped: ${reason})`, tests)
}
