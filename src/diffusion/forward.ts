/**
 * The forward process: how an image becomes noise.
 */
import { linearForm, type LinearForm } from './linear-form.ts'
import type { Level } from './level.ts'

/**
 * A sample of `q(x_t | x₀) = N(√ᾱ_t·x₀, (1 − ᾱ_t)·I)`, as a form in x₀ and z.
 *
 * `x_t = √ᾱ_t · x₀ + √(1 − ᾱ_t) · z` — arXiv:2010.02502, eq. 4.
 *
 * @param level - where to; any ᾱ in `[0, 1]`
 *
 * @example
 * ```ts
 * expect(forward({ t: 500, alphaBar: 0.36 })).toEqual({ xt: 0, x0: 0.6, eps: 0, z: 0.8 })
 * ```
 */
export const forward = ({ alphaBar }: Level): LinearForm =>
  linearForm({ x0: Math.sqrt(alphaBar), z: Math.sqrt(1 - alphaBar) })
