/** The end of a chain, for images that are there already. */
import { aNumber, checkOptions } from '../../arguments.ts'
import { aSpacing } from '../../expected.ts'
import { E, pipe } from '../../fp.ts'
import type { Spacing } from './spacing.ts'
import { unusable } from './whole.ts'
import { many } from '../../many.ts'

/**
 * The last `int(S·strength)` levels of a spacing: image to image (SDEdit, arXiv:2108.01073), as diffusers'
 * `get_timesteps` counts them. The chain begins with the image in hand, noised to the first level that is left.
 *
 * @remarks
 * The product is cut off in floats as Python does it: 0.29 of 100 steps are 28. It is a chain of its own, whose steps
 * are counted from 0; to leave out steps of a chain that keeps its count, see the `start` and `end` of
 * {@link transitions}.
 *
 * @param spacing - the whole chain
 * @param share - in `(0, 1]`
 * @returns a spacing; it refuses schedules on which no step is left (SpacingInvalid)
 * @throws SpacingInvalid for a share outside `(0, 1]`
 *
 * @example
 * ```ts
 * const levels = strength(leading(10), 0.35).levels(linearSchedule())
 * expect(levels).toMatchObject(E.right([{ t: 200 }, { t: 100 }, { t: 0 }]))
 * ```
 */
export const strength = (spacing: Spacing, share: number): Spacing => {
  checkOptions({ spacing: aSpacing, share: aNumber }, { spacing, share })
  const name = `${spacing.name}, strength ${String(share)}`
  if (!(share > 0 && share <= 1)) throw unusable(name, 'the strength has to be above 0 and at most 1')
  return {
    name,
    levels: (schedule) =>
      pipe(
        spacing.levels(schedule),
        E.chain((levels) => {
          const kept = Math.trunc(levels.length * share)
          return kept === 0
            ? E.left(unusable(name, `that leaves none of ${many(levels.length, 'step')}`))
            : E.right(levels.slice(levels.length - kept))
        }),
      ),
  }
}
