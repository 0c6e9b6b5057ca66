/** The step of latent consistency models: to the image at once, and back into noise. */
import { type Expected, orNothing } from '../../arguments.ts'
import { isRecord } from '../../json.ts'
import { numberIn, oneOf } from '../../codecs.ts'
import { type Tunable, tunable } from '../../tunable.ts'
import { linearForm } from '../linear-form.ts'
import { rule, type Rule } from '../rule.ts'
import { predictedX0, randomNoise, type Term } from '../terms.ts'
import { betaOf } from '../transition.ts'

/** How x̂₀ is held to x_t where t is small: how steeply, and the data's standard deviation. */
export interface Boundary {
  /** What t is multiplied by; 10 unless said. */
  readonly scale?: number
  /** 0.5 unless said. */
  readonly sigmaData?: number
}

const part = orNothing(numberIn(Number.MIN_VALUE))
const boundary: Expected = {
  name: 'an object with scale and sigmaData, numbers above 0',
  is: (value) => isRecord(value) && part.is(value['scale']) && part.is(value['sigmaData']),
}

/** What sets it apart from other ways to hold x̂₀. */
const nameOf = (boundary: Boundary | 'none'): string => {
  if (boundary === 'none') return 'lcm(boundary none)'
  const { scale = 10, sigmaData = 0.5 } = boundary
  return scale === 10 && sigmaData === 0.5 ? 'lcm' : `lcm(scale ${scale}, data ${sigmaData})`
}

/** The image that a consistency model sees, as far as it shows at the next level. */
const consistent =
  ({ scale = 10, sigmaData = 0.5 }: Boundary): Term =>
  ({ at, to }) => {
    const signal = Math.sqrt(to.alphaBar)
    const s = (scale * at) / sigmaData
    return linearForm({ xt: signal / (1 + s * s), x0: (signal * s) / Math.sqrt(1 + s * s) })
  }

/**
 * The step of latent consistency models (arXiv:2310.04378, alg. 3; diffusers' `LCMScheduler`):
 * `x_{t−1} = √ᾱ_{t−1}·(c_skip·x_t + c_out·x̂₀) + √(1−ᾱ_{t−1})·z`, where `c_skip = σ_d²/(s² + σ_d²)`, `c_out = s/√(s² + σ_d²)`, `s = 10·t`.
 *
 * @remarks
 * All noise is fresh noise: σ is as large as a {@link randomNoise} may be. On the step to the clean level there is none.
 * The boundary is what consistency models are trained with, and changes little but at t = 0, where `c_out` is 0. For other models leave it out.
 *
 * @param options - `boundary`, as diffusers' unless said, or `none`
 *
 * @example
 * ```ts
 * const step = { index: 0, count: 2, from: { t: 9, alphaBar: 0.1 }, to: { t: 4, alphaBar: 0.36 }, at: 9 }
 * expect(lcm({ boundary: 'none' }).step(step)).toEqual(linearForm({ x0: 0.6, z: 0.8 }))
 * expect(lcm().step({ ...step, at: 0 })).toEqual(linearForm({ xt: 0.6, z: 0.8 }))
 * ```
 */
export const lcm: Tunable<(options?: { readonly boundary?: Boundary | 'none' }) => Rule> = tunable(
  { boundary: oneOf('none') },
  ({ boundary = {} } = {}) =>
    rule(nameOf(boundary), [
      boundary === 'none' ? predictedX0 : consistent(boundary),
      randomNoise({
        sigma: (transition) => {
          // it draws noise, so it goes down only
          betaOf(transition)
          return Math.sqrt(1 - transition.to.alphaBar)
        },
      }),
    ]),
  { boundary },
)
