/**
 * Engines that need more than `npm ci`: their tests run where they are set up, and say what to type where they are not.
 */
import { existsSync } from 'node:fs'
import * as tf from '@tensorflow/tfjs-core'
import { beforeAll, describe, expect } from 'vitest'
import type { EngineName } from '../../src/engine/engine.ts'
import { openEngine } from '../../src/engine/engines.ts'
import { madeIn } from '../../src/engine/setup/tensorflow.ts'
import { orThrow } from '../../src/or-throw.ts'

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

/** Engines whose tensors are out of JavaScript's reach. */
const apart = ['tensorflow', 'webgpu:software'] as const

/** Describes chains on each engine that computes elsewhere, opened. */
export const describeApart = (what: string, tests: (engine: (typeof apart)[number]) => void): void => {
  for (const engine of apart)
    describeOn(engine, what, () => {
      beforeAll(async () => {
        await orThrow(openEngine(engine))
        // images this small WebGPU would rather compute with on this side
        if (engine === 'webgpu:software') tf.env().set('WEBGPU_CPU_FORWARD', false)
        expect(engine).toContain(tf.getBackend())
      })
      tests(engine)
    })
}

/** Describes something on an engine; skipped where it is not set up, with what to type in the title. */
export const describeOn = (name: EngineName, what: string, tests: () => void): void => {
  const reason = toType[name]
  if (reason === undefined) describe(`${what}, on ${name}`, tests)
  else describe.skip(`${what}, on ${name} (skipped: ${reason})`, tests)
}
