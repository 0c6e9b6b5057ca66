/**
 * Engines that need more than `npm ci`: their tests run where they are set up, and say what to type where they are not.
 */
import { describe } from 'vitest'
import type { EngineName } from '../../src/engine/engine.ts'
import { madeIn } from '../../src/engine/setup/tensorflow.ts'

const toType: Readonly<Partial<Record<EngineName, string>>> =
  (await madeIn('tensorflow')) === undefined
    ? { tensorflow: 'it is not set up; `npm run build && node dist/cli/main.js setup tensorflow` does that' }
    : {}

/** Describes something on an engine; skipped where it is not set up, with what to type in the title. */
export const describeOn = (name: EngineName, what: string, tests: () => void): void => {
  const reason = toType[name]
  if (reason === undefined) describe(`${what}, on ${name}`, tests)
  else describe.skip(`${what}, on ${name} (skipped: ${reason})`, tests)
}
