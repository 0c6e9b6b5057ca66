/**
 * How many bits a model needs to say images: the likelihood by which generative models are compared, as far as a
 * diffusion model knows its own, which is from above.
 */
import {
  concatMap,
  defer,
  finalize,
  from,
  map,
  mergeMap,
  type Observable,
  type OperatorFunction,
  scan,
  toArray,
} from 'rxjs'
import type { Values, VectorAlgebra } from '../algebra/algebra.ts'
import { rowsOf } from '../algebra/shape.ts'
import { type BoundOptions, type BoundTerm, variationalBound } from '../diffusion/bound.ts'
import { type ClipChoice, clipEstimate, clipFor } from '../diffusion/clip.ts'
import { estimate } from '../diffusion/estimate.ts'
import { forward } from '../diffusion/forward.ts'
import { learnedVariance } from '../diffusion/learned-variance.ts'
import { evaluate } from '../diffusion/linear-form.ts'
import type { Variance } from '../diffusion/rule.ts'
import type { Spacing } from '../diffusion/spacing.ts'
import { sumOf } from '../diffusion/sum.ts'
import { transitions } from '../diffusion/transition.ts'
import { fail } from '../failure.ts'
import { ask, tensorsOf } from '../model/ask.ts'
import type { Condition, Denoiser } from '../model/denoiser.ts'
import type { LabelledImages } from '../model/labelled-images.ts'
import { openScope, type Scope } from '../model/scope.ts'
import { drawNoise } from '../noise/draw-noise.ts'
import { philox } from '../noise/philox.ts'
import { orThrow } from '../or-throw.ts'

/** What is measured, and how. */
export interface BitsConfig<T> extends Pick<BoundOptions, 'binMass'> {
  readonly model: Denoiser<T>
  /** The chain that is bounded, from noise to the clean level; all T steps give the least bound. */
  readonly spacing: Spacing
  /** Image i of the stream gets the noise of its sample i; seed 0 unless said. */
  readonly seed?: number
  /** As {@link StepConfig.clip}: a clipped x̂₀ is part of the model. */
  readonly clip?: ClipChoice
  /** σ² of the model's steps: what it has learned (`learned-range`), or the posterior's (`fixed-small`) where it has not, unless said. */
  readonly variance?: Variance
}

/** What images take, so far, in bits per dimension. */
export interface BitsPerDimension {
  /** How many images there have been. */
  readonly images: number
  /** The mean over images. */
  readonly bits: number
  /** The standard error of that mean: 0 for one image. */
  readonly error: number
  /** The part of the prior: what x_T tells of the image. */
  readonly prior: number
  /** The parts of the steps, in the chain's order; with the prior they sum to `bits`. */
  readonly terms: readonly number[]
}

type Sums = Omit<BitsPerDimension, 'error'> & { readonly squares: number }

/** Images of the stream, and which they are. */
interface Batch<T> {
  readonly images: Values
  readonly condition: Condition
  /** The images in the algebra. */
  readonly x0: T
  readonly samples: readonly number[]
}

/** Runs with tensors that are freed when it has ended, however. */
const inScope = <T, A>(algebra: VectorAlgebra<T>, run: (made: Scope<T>) => Observable<A>): Observable<A> =>
  defer(() => {
    const made = openScope(algebra)
    return defer(() => run(made)).pipe(finalize(made.close))
  })

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)

const plus = (a: Sums, b: Sums): Sums => ({
  images: a.images + b.images,
  bits: a.bits + b.bits,
  squares: a.squares + b.squares,
  prior: a.prior + b.prior,
  terms: a.terms.map((term, k) => term + b.terms[k]!),
})

const meansOf = ({ images, bits, squares, prior, terms }: Sums): BitsPerDimension => {
  const mean = bits / images
  const spread = images < 2 ? 0 : Math.max(0, squares - images * mean ** 2) / (images - 1)
  return {
    images,
    bits: mean,
    error: Math.sqrt(spread / images),
    prior: prior / images,
    terms: terms.map((term) => term / images),
  }
}

/**
 * Measures bits per dimension, batch after batch, over any number of 8-bit images that the model has not seen: the variational bound
 * ({@link variationalBound}), with one draw of x_t for each image and step.
 *
 *     batches             ---a---b---c|
 *     bitsPerDimension    ------A---B---C|
 *
 * @remarks
 * The true figure lies below, by more the fewer the steps. It does not matter how the images are batched.
 *
 * @equation `−log₂ p(x₀)/D ≤ prior + Σ terms` — arXiv:2006.11239, eq. 5, as OpenAI's `calc_bpd_loop` has it
 *
 * @param config - model, spacing; `seed`, `clip`, `variance`, `binMass`
 * @returns the figures of all images so far, after each batch
 * @throws what {@link transitions} and {@link variationalBound} refuse, when it is built
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 0, deviation: 0.3 }])
 * const many$ = range(0, 200).pipe(map((i) => ({ images: { shape: [], data: Float64Array.of(i % 2 ? 0.3 : -0.3) } })))
 * const { bits } = await lastValueFrom(many$.pipe(bitsPerDimension({ model, spacing: trailing(200), variance: 'fixed-large' })))
 * const density = Math.exp(-1 / 2) / (0.3 * Math.sqrt(2 * Math.PI))
 * expect(bits).toBeGreaterThan(-Math.log2(density * (2 / 255))) // a bin is 2/255 wide
 * expect(bits).toBeLessThan(-Math.log2(density * (2 / 255)) + 1)
 * ```
 */
export const bitsPerDimension = <T>({
  model,
  spacing,
  seed = 0,
  clip,
  variance = model.learnedVariance === true ? 'learned-range' : 'fixed-small',
  binMass,
}: BitsConfig<T>): OperatorFunction<LabelledImages, BitsPerDimension> => {
  const { algebra, predicts, schedule } = model
  const chain = orThrow(transitions(schedule, spacing))
  const isLearned = variance === 'learned' || variance === 'learned-range'
  const { prior, terms } = variationalBound(chain, {
    ...(isLearned ? {} : { variance }),
    ...(binMass === undefined ? {} : { binMass }),
  })
  const clipping = clipFor(clip, model.range)

  /** How the term of step k is asked of a batch. */
  const asked = terms.map(({ transition, bits }, k) => {
    const { from: level, at } = transition
    const noised = forward(level)
    const toEstimate = estimate(predicts, level)
    const clipped = clipEstimate(algebra, clipping, level)
    const toVariance = isLearned ? learnedVariance(variance, transition, chain[k - 1]) : undefined
    return ({ images, condition, x0, samples }: Batch<T>): Observable<ReturnType<BoundTerm['bits']>> =>
      inScope(algebra, (made) => {
        const z = made.of(drawNoise(algebra, philox({ seed, samples }), k, images.shape))
        const xt = made.of(algebra.combine(evaluate(noised, { xt: [], x0: sumOf(x0), eps: [], z: sumOf(z) })))
        const question = { x: xt, t: samples.map(() => at), condition }
        return ask(model, question, made.waitUntil).pipe(
          mergeMap((prediction) => {
            made.add(...tensorsOf(prediction))
            const seen = clipped(sumOf(xt), toEstimate(sumOf(xt), sumOf(prediction.output)))
            made.add(...seen.made)
            if (toVariance !== undefined && prediction.variance === undefined)
              throw fail('VarianceMissing', { rule: `a bound with the variance ${variance}` })
            const read = Promise.all([
              algebra.toValues(made.of(algebra.combine(seen.estimate.x0))),
              prediction.variance === undefined ? undefined : algebra.toValues(prediction.variance),
            ])
            made.waitUntil(read)
            return from(read)
          }),
          map(([predicted, v]) => bits(images, predicted, v && toVariance?.(v))),
        )
      })
  })

  const measure = ({ images, ...condition }: LabelledImages, first: number): Observable<Sums> =>
    inScope(algebra, (made) => {
      const samples = Array.from({ length: rowsOf(images.shape) }, (_, row) => first + row)
      const batch = { images, condition, x0: made.of(algebra.fromValues(images)), samples }
      return from(asked).pipe(
        concatMap((term) => term(batch)),
        toArray(),
        map((parts) => {
          const priors = prior(images)
          const each = priors.map((bits, row) => bits + sum(parts.map((part) => part[row]!)))
          return {
            images: each.length,
            bits: sum(each),
            squares: sum(each.map((bits) => bits ** 2)),
            prior: sum(priors),
            terms: parts.map(sum),
          }
        }),
      )
    })
  return (batches$) =>
    defer(() => {
      let seen = 0
      return batches$.pipe(
        concatMap((batch) => {
          const first = seen
          seen += rowsOf(batch.images.shape)
          return measure(batch, first)
        }),
        scan(plus),
        map(meansOf),
      )
    })
}
