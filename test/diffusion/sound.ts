/** What makes a table a schedule, and a refusal one of a schedule. */
import { expect } from 'vitest'
import type { Schedule } from '../../src/diffusion/schedule.ts'

/** ᾱ falls strictly from below 1, and reaches 0 at its end at the earliest; β is what makes it fall. */
export const isSound = ({ trainedSteps, betas, alphaBars, precision = 'f64' }: Schedule): void => {
  expect([betas.length, alphaBars.length]).toEqual([trainedSteps, trainedSteps])
  alphaBars.forEach((alphaBar, t) => {
    const before = alphaBars[t - 1] ?? 1
    if (!(alphaBar < before && (alphaBar > 0 || (alphaBar === 0 && t === trainedSteps - 1))))
      expect.fail(`ᾱ goes from ${before} to ${alphaBar} at ${t}`)
    const kept = 1 - betas[t]!
    if (!(betas[t]! > 0 && Math.abs(alphaBar / before - kept) <= (precision === 'f64' ? 4e-16 : 3e-7)))
      expect.fail(`β is ${betas[t]} at ${t}`)
  })
}

/** What every refusal of a schedule is. */
export const refused = { _tag: 'ScheduleInvalid' }

/** Expects that something is refused. */
export const expectRefusal = (make: () => unknown): void =>
  expect(make).toThrow(expect.objectContaining(refused))
