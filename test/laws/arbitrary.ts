/** Random parts of the theory. */
import fc from 'fast-check'
import {
  cosineSchedule,
  linearSchedule,
  type Schedule,
  scaledLinearSchedule,
} from '../../src/diffusion/schedule.ts'
import { explicit, leading, linspace, type Spacing, trailing } from '../../src/diffusion/spacing.ts'
import { type Transition, transitions } from '../../src/diffusion/transition.ts'
import { E } from '../../src/fp.ts'

export const anySchedule: fc.Arbitrary<Schedule> = fc
  .tuple(
    fc.constantFrom(linearSchedule, scaledLinearSchedule, cosineSchedule),
    fc.integer({ min: 2, max: 1000 }),
  )
  .map(([schedule, trainedSteps]) => schedule({ trainedSteps }))

const spacingWithin = (trainedSteps: number): fc.Arbitrary<Spacing> =>
  fc.oneof(
    fc
      .tuple(fc.constantFrom(leading, trailing, linspace), fc.integer({ min: 1, max: trainedSteps }))
      .map(([spacing, count]) => spacing(count)),
    fc
      .uniqueArray(fc.integer({ min: 0, max: trainedSteps - 1 }), { minLength: 1, maxLength: 20 })
      .map((timesteps) => explicit([...timesteps].sort((a, b) => b - a))),
  )

/** All steps of a random spacing of a random schedule. */
export const anyChain: fc.Arbitrary<readonly Transition[]> = anySchedule.chain((schedule) =>
  spacingWithin(schedule.trainedSteps).map((spacing) => {
    const steps = transitions(schedule, spacing)
    if (E.isLeft(steps)) throw steps.left
    return steps.right
  }),
)

/** One step from somewhere to somewhere less noisy. */
export const anyTransition: fc.Arbitrary<Transition> = anyChain.chain((chain) => fc.constantFrom(...chain))
