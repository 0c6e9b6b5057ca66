/** Random parts of the theory. */
import fc from 'fast-check'
import { type Schedule, schedules } from '../../src/diffusion/schedule.ts'
import { explicit, quadratic, type Spacing, spacings, strength } from '../../src/diffusion/spacing.ts'
import { type Transition, transitions } from '../../src/diffusion/transition.ts'
import { E } from '../../src/fp.ts'

/** Schedules that leave something of the image at their end, so that every prediction says something. */
const { jsd: _, ...lasting } = schedules

/** Any schedule by name, except the one that ends at ᾱ = 0. */
export const anySchedule: fc.Arbitrary<Schedule> = fc
  .tuple(fc.constantFrom(...Object.values(lasting)), fc.integer({ min: 2, max: 1000 }))
  .map(([schedule, trainedSteps]) => schedule({ trainedSteps }))

/** Any schedule by name, in either precision. */
export const anyTable: fc.Arbitrary<Schedule> = fc
  .tuple(
    fc.constantFrom(...Object.values(schedules)),
    fc.integer({ min: 1, max: 1000 }),
    fc.constantFrom('f64' as const, 'f32' as const),
  )
  .map(([schedule, trainedSteps, precision]) => schedule({ trainedSteps, precision }))

/** Any spacing that fits T. */
export const spacingWithin = (trainedSteps: number): fc.Arbitrary<Spacing> => {
  const count = fc.integer({ min: 1, max: trainedSteps })
  const counted = fc
    .tuple(fc.constantFrom(...Object.values(spacings)), count)
    .map(([spacing, steps]) => spacing(steps))
  return fc.oneof(
    counted,
    count.map((steps) => quadratic(steps, { from: 'T' })),
    fc
      .uniqueArray(fc.integer({ min: 0, max: trainedSteps - 1 }), { minLength: 1, maxLength: 20 })
      .map((timesteps) => explicit([...timesteps].sort((a, b) => b - a))),
    // no less than the last of all steps
    fc
      .tuple(counted, fc.double({ min: 0.5, max: 1, noNaN: true }))
      .map(([spacing, share]) => strength(spacing, share)),
  )
}

/** What a right holds; a left is thrown. */
export const right = <A>(either: E.Either<unknown, A>): A => {
  if (E.isLeft(either)) throw either.left
  return either.right
}

/** All steps of a random spacing of a random schedule. */
export const anyChain: fc.Arbitrary<readonly Transition[]> = anySchedule.chain((schedule) =>
  spacingWithin(schedule.trainedSteps)
    .map((spacing) => transitions(schedule, spacing))
    .filter(E.isRight)
    .map(right),
)

/** One step from somewhere to somewhere less noisy. */
export const anyTransition: fc.Arbitrary<Transition> = anyChain.chain((chain) => fc.constantFrom(...chain))
