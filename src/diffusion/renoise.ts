/**
 * Further along the forward process: from one level to a noisier one.
 */
import { fail } from '../failure.ts'
import type { Level } from './level.ts'
import { linearForm, type LinearForm } from './linear-form.ts'

/**
 * A sample of `q(x_t | x_s)` for a noisier t, as a form in x_s and z: what is there already stays, and noise is added.
 *
 * `x_t = √(ᾱ_t/ᾱ_s)·x_s + √(1 − ᾱ_t/ᾱ_s)·z` — arXiv:2006.11239, eq. 2, of all steps between at once.
 *
 * @law from the clean level it is {@link forward}; two of them, one after the other, are one
 *
 * @param from - where x is
 * @param to - where it is to be
 * @throws NoiseDescending where that is a cleaner level
 *
 * @example
 * ```ts
 * expect(renoise(cleanLevel, { t: 500, alphaBar: 0.36 })).toEqual({ xt: 0.6, x0: 0, eps: 0, z: 0.8 })
 * ```
 */
export const renoise = (from: Level, to: Level): LinearForm => {
  if (to.alphaBar > from.alphaBar) throw fail('NoiseDescending', { t: from.t })
  const share = from.alphaBar === to.alphaBar ? 1 : to.alphaBar / from.alphaBar
  return linearForm({ xt: Math.sqrt(share), z: Math.sqrt(1 - share) })
}
