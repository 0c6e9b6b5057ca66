/** Ever smaller strides towards the image. */
import { oneOf } from '../../codecs.ts'
import { E, pipe } from '../../fp.ts'
import { type Tunable, tunable } from '../../tunable.ts'
import type { WholeSpacing } from './spacing.ts'
import { counted, wholeSpacing } from './whole.ts'

/** Where a quadratic chain starts. */
export interface QuadraticOptions {
  /** `0.8T`, as the authors' code has it, or `T`, as the paper; the first unless said. */
  readonly from?: '0.8T' | 'T'
}

/**
 * Timesteps that grow as squares, `τ_i = ⌊c·i²⌋` (arXiv:2010.02502, app. D.2): the spacing of the paper's CIFAR-10 table.
 *
 * - from `0.8T`: `⌊(i·√(0.8·T)/(S−1))²⌋`, as the authors' `quad` computes it; x starts as pure noise all the same;
 * - from `T`: `⌊(T−1)·i²/(S−1)²⌋`, whose noisiest timestep is T−1.
 *
 * @remarks
 * Where squares are less than 1 apart, timesteps repeat. The authors' code visits them again, to no effect but a call of
 * the network each; here they are dropped, so that the steps can be fewer than asked for: 49 of 50, 96 of 100.
 *
 * @param count - S, from 1 to T, before repeats are dropped
 * @throws SpacingInvalid for a count that is not a whole number above 0
 *
 * @example
 * ```ts
 * expect(quadratic(10).timesteps(1000)).toEqual(E.right([800, 632, 483, 355, 246, 158, 88, 39, 9, 0]))
 * expect(quadratic(4, { from: 'T' }).timesteps(1000)).toEqual(E.right([999, 444, 111, 0]))
 * ```
 */
export const quadratic: Tunable<(count: number, options?: QuadraticOptions) => WholeSpacing> = tunable(
  { from: oneOf('0.8T', 'T') },
  (count, { from = '0.8T' } = {}) => {
    const name = `quadratic(${String(count)}${from === '0.8T' ? '' : `, from ${from}`})`
    const strides = Math.max(1, count - 1)
    const all = counted(name, count, (k, trainedSteps) => {
      const i = count - 1 - k
      if (from === 'T') return Math.floor(((trainedSteps - 1) * i * i) / (strides * strides))
      const last = Math.sqrt(trainedSteps * 0.8)
      return Math.floor((i === strides ? last : i * (last / strides)) ** 2)
    })
    return wholeSpacing(name, (trainedSteps) =>
      pipe(
        all.timesteps(trainedSteps),
        E.map((timesteps) => timesteps.filter((t, k) => t !== timesteps[k - 1])),
      ),
    )
  },
)
