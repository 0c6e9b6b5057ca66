/** Equal strides from the clean end. */
import { wholeFrom } from '../../codecs.ts'
import { type Tunable, tunable } from '../../tunable.ts'
import type { WholeSpacing } from './spacing.ts'
import { counted, unusable } from './whole.ts'

/**
 * Equal strides from t = 0 upwards: `t_k = k·⌊T/S⌋ + offset` for k = S−1 … 0. Ends at `offset`; starts below T−1.
 *
 * @remarks
 * As diffusers. The DDIM authors' `uniform` visits every multiple of the same stride, so that S steps can become more
 * where S does not divide T (S = 7: 8 steps, from 994); here S are S.
 *
 * @param count - S, from 1 to T
 * @param options - `offset` moves every timestep up, a whole number from 0; 0 unless said
 * @throws SpacingInvalid for a count that is not a whole number above 0, or an offset that is none from 0
 *
 * @example
 * ```ts
 * expect(leading(4).timesteps(1000)).toEqual(E.right([750, 500, 250, 0]))
 * ```
 */
export const leading: Tunable<(count: number, options?: { readonly offset?: number }) => WholeSpacing> =
  tunable({ offset: wholeFrom(0) }, (count, { offset = 0 } = {}) => {
    const name = `leading(${String(count)}${offset === 0 ? '' : `, offset ${String(offset)}`})`
    if (!Number.isInteger(offset) || offset < 0)
      throw unusable(name, 'the offset has to be a whole number from 0')
    return counted(
      name,
      count,
      (k, trainedSteps) => (count - 1 - k) * Math.floor(trainedSteps / count) + offset,
    )
  })
