/**
 * What a model that wraps another is called.
 */
import type { Denoiser } from './denoiser.ts'

/**
 * The origin of a model whose answers are another's, altered; nothing, where the other does not say.
 *
 * @param model - the other
 * @param how - what is done to its answers, and how much
 *
 * @example
 * ```ts
 * expect(alteredBy({ origin: { model: '3f0a', engine: 'cpu' } }, 'guided 2')).toEqual({
 *   origin: { model: '3f0a guided 2', engine: 'cpu' },
 * })
 * expect(alteredBy({}, 'guided 2')).toEqual({})
 * ```
 */
export const alteredBy = (
  { origin }: Pick<Denoiser<unknown>, 'origin'>,
  how: string,
): Pick<Denoiser<unknown>, 'origin'> =>
  origin === undefined ? {} : { origin: { ...origin, model: `${origin.model} ${how}` } }
