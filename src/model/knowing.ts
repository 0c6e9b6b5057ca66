/**
 * Networks that know a part of the image.
 */
import { defer, map } from 'rxjs'
import { checkOptions, having } from '../arguments.ts'
import type { Sum, Values, VectorAlgebra } from '../algebra/algebra.ts'
import { sameShape, showShape } from '../algebra/shape.ts'
import type { PredictionType } from '../diffusion/estimate.ts'
import { levelAt } from '../diffusion/schedule.ts'
import { linear, sumOf } from '../diffusion/sum.ts'
import { fail } from '../failure.ts'
import { ask } from './ask.ts'
import type { Denoiser } from './denoiser.ts'

/** Which part of the images is known. */
export interface KnownPart {
  /** `[rows, …shape]`; what lies where the mask is 0 does not matter. */
  readonly images: Values
  /** Of the same shape: 1 where the image is known, 0 where it is not, and in between where it is in between. */
  readonly mask: Values
}

const someValues = having('numbers with a shape', { shape: 'object', data: 'object' })

/** What the network would have to say where x₀ is known, as a sum of x_t and x₀. */
const right = <T>(predicts: PredictionType, alphaBars: readonly number[], xt: T, x0: T): Sum<T> => {
  const of = (f: (a: number, s: number) => number): readonly number[] =>
    alphaBars.map((alphaBar) => f(Math.sqrt(alphaBar), Math.sqrt(1 - alphaBar)))
  switch (predicts) {
    case 'sample':
      return sumOf(x0)
    case 'epsilon':
      return linear([of((_, s) => 1 / s), sumOf(xt)], [of((a, s) => -a / s), sumOf(x0)])
    case 'v_prediction':
      // v = √ᾱ·ε − √(1−ᾱ)·x₀ = √ᾱ/√(1−ᾱ)·x_t − 1/√(1−ᾱ)·x₀
      return linear([of((a, s) => a / s), sumOf(xt)], [of((_, s) => -1 / s), sumOf(x0)])
  }
}

/** e^−1000 is 0 in every precision. */
const NOTHING = -1000

/** log m, so that e^log m weighs what it multiplies by m. */
const logarithm = (m: number): number => Math.max(NOTHING, Math.log(m))

/** `Σ` weighed element by element: `m⊙sum`, with log m at hand. */
const weighed = <T>(algebra: VectorAlgebra<T>, sum: Sum<T>, log: T): T => {
  const plain = algebra.combine(sum)
  try {
    return algebra.scaleByExp(plain, log, 1)
  } finally {
    algebra.dispose(plain)
  }
}

/**
 * A model that is never wrong about what is known: there it predicts what leads to the known image, elsewhere what it thinks.
 *
 * @remarks
 * In the known part x̂₀ is the image at every step, so that the step of any rule of the family moves x_t along `q_σ(x_{t−1} | x_t, x₀)`
 * of that image (arXiv:2010.02502, eq. 7), and x_t has the marginal `N(√ᾱ_t·x₀, (1 − ᾱ_t)·I)` at every level (Lemma 1): RePaint's eq. 8a, with one
 * trajectory of noise instead of a new draw at each step. There is nothing to draw besides, so noise stays a function of (seed, sample, draw).
 *
 * @equation `out = m⊙out(x₀ known) + (1 − m)⊙out(network)`
 *
 * @param part - images and mask
 * @returns an endomorphism of denoisers; apply it after {@link guided}. A learned variance stays as it is
 * @throws ShapesDisagree where images and mask have not one shape; RunInvalid for a mask outside `[0, 1]`
 *
 * @example
 * ```ts
 * const schedule = linearSchedule()
 * const model = denoiserOf({ algebra: float64, predicts: 'sample', schedule, shape: [2] }, ({ shape }) => ({ shape, data: Float64Array.of(8, 9) }))
 * const part = { images: { shape: [1, 2], data: Float32Array.of(1, 0) }, mask: { shape: [1, 2], data: Float32Array.of(1, 0) } }
 * const x = float64.fromValues({ shape: [1, 2], data: Float64Array.of(0, 0) })
 * const { output } = await firstValueFrom(ask(knowing(part)(model), { x, t: [500], condition: {} }))
 * expect(output.data).toEqual(Float64Array.of(1, 9))
 * ```
 */
export const knowing = (part: KnownPart): (<T>(model: Denoiser<T>) => Denoiser<T>) => {
  checkOptions({ images: someValues, mask: someValues }, part)
  const { images, mask } = part
  if (!sameShape(images.shape, mask.shape))
    throw fail('ShapesDisagree', {
      operation: 'its mask',
      reason: `the mask is ${showShape(mask.shape)}, and the images are ${showShape(images.shape)}`,
    })
  const outside = mask.data.find((m) => !(m >= 0 && m <= 1))
  if (outside !== undefined)
    throw fail('RunInvalid', { reason: `a mask lies between 0 and 1, and ${String(outside)} is in it` })
  const logs = {
    shape: mask.shape,
    known: mask.data.map(logarithm),
    unknown: mask.data.map((m) => logarithm(1 - m)),
  }

  return <T>(model: Denoiser<T>): Denoiser<T> => {
    const { algebra, predicts, schedule } = model
    return {
      ...model,
      predict: (x, t, condition, { waitUntil }) =>
        defer(() => {
          const alphaBars = t.map((time) => levelAt(schedule, time).alphaBar)
          return ask(model, { x, t, condition }, waitUntil).pipe(
            map(({ output, ...rest }) => {
              const made: T[] = [output]
              const keep = (tensor: T): T => {
                made.push(tensor)
                return tensor
              }
              const upload = (data: Values['data']): T =>
                keep(algebra.fromValues({ shape: logs.shape, data }))
              try {
                const target = right(predicts, alphaBars, x, upload(images.data))
                const known = keep(weighed(algebra, target, upload(logs.known)))
                const unknown = keep(weighed(algebra, sumOf(output), upload(logs.unknown)))
                return {
                  ...rest,
                  output: algebra.combine([
                    [1, known],
                    [1, unknown],
                  ]),
                }
              } finally {
                made.forEach(algebra.dispose)
              }
            }),
          )
        }),
    }
  }
}
