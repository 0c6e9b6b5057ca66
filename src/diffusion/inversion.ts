/**
 * The rule that goes from image to noise.
 */
import { fail } from '../failure.ts'
import { x0FromEps } from './estimate.ts'
import { ddim, type Rule } from './rule.ts'
import type { Transition } from './transition.ts'

const checkUpwards = ({ from, to }: Transition): void => {
  if (to.alphaBar > from.alphaBar) throw fail('NoiseDescending', { t: from.t })
}

/**
 * DDIM's step without noise, upwards: `x_{t+1} = √ᾱ_{t+1}·x̂₀ + √(1−ᾱ_{t+1})·ε̂` (arXiv:2010.02502, sec. 4.3).
 *
 * @remarks
 * The way down asks for ε where the step ends, which the way up does not know yet, so a plain inversion asks elsewhere, and
 * what it encodes decodes to something near. What decodes exactly is the fixed point of `x_{t+1} = step(x_t, ε̂(x_{t+1}))`. Each
 * refinement asks there again and makes the step anew, which approaches it as long as steps are short (arXiv:2309.04907).
 * At a level with ᾱ = 0 nothing is left to refine.
 *
 * @param options - `refinements`, how often to ask again, a whole number from 0; 0 unless said
 * @throws RuleInvalid for any other number; its step throws NoiseDescending on a transition towards the image
 *
 * @example
 * ```ts
 * const up = { index: 0, count: 2, from: cleanLevel, to: { t: 9, alphaBar: 0.36 }, at: 0 }
 * expect(inversion().step(up)).toEqual(linearForm({ x0: 0.6, eps: 0.8 }))
 * expect(inversion({ refinements: 2 }).again?.(up, linearSchedule())).toMatchObject({ at: up.to, times: 2 })
 * ```
 */
export const inversion = ({ refinements = 0 }: { readonly refinements?: number } = {}): Rule => {
  const name = `inversion(${String(refinements)} refinements)`
  if (!(Number.isSafeInteger(refinements) && refinements >= 0))
    throw fail('RuleInvalid', { rule: name, reason: 'there can only be a whole number of refinements' })
  const { step } = ddim()
  return {
    name,
    order: 1,
    step: (transition) => {
      checkUpwards(transition)
      return step(transition)
    },
    again: (transition) => {
      if (refinements === 0) return undefined
      const x0 = x0FromEps(transition.from)
      return {
        at: transition.to,
        move: step(transition),
        blend: (xt, _, { eps }) => ({ x0: x0(xt, eps), eps }),
        times: refinements,
      }
    },
  }
}
