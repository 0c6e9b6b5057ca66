/**
 * A step of a sampler as an operator: predict, estimate, combine.
 */
import { map, mergeMap, type OperatorFunction } from 'rxjs'
import { type Clip, clipEstimate, type ClipMode } from '../diffusion/clip.ts'
import { type Estimate, estimate } from '../diffusion/estimate.ts'
import { evaluate } from '../diffusion/linear-form.ts'
import type { Rule } from '../diffusion/rule.ts'
import { sumOf } from '../diffusion/sum.ts'
import type { Transition } from '../diffusion/transition.ts'
import { fail } from '../failure.ts'
import { flow } from '../fp.ts'
import { ask } from '../model/ask.ts'
import type { Condition, Denoiser, PredictOptions, Prediction } from '../model/denoiser.ts'
import type { NoiseSource } from '../noise/noise-source.ts'

/** Everything that a step needs besides x_t and the transition. */
export interface StepConfig<T> {
  readonly model: Denoiser<T>
  readonly rule: Rule
  readonly noise: NoiseSource
  /** What the samples are to look like; nothing unless said. */
  readonly condition?: Condition
  /** How x̂₀ is clipped, to the model's range or a given one; `x0+eps` unless said, or `none` for a model without a range. */
  readonly clip?: ClipMode | Clip
  /** Told of calls of the network that outlive the subscription; x has to stay alive until they end. */
  readonly waitUntil?: PredictOptions['waitUntil']
}

/** A chain between two steps: x_t, and how many z's it has consumed (x_T counts as one). */
export interface Latent<T> {
  readonly x: T
  readonly draws: number
}

/** A chain after a step, and how it came about. Whoever receives it owns the tensors in `made`, x among them. */
export interface Stepped<T> extends Latent<T> {
  readonly transition: Transition
  /** x before the step; not the receiver's. */
  readonly before: T
  /** x̂₀ and ε̂ on which the step was based, not yet computed: sums of `before` and of tensors in `made`. */
  readonly estimate: Estimate<T>
  /** Every tensor that this step has made. */
  readonly made: readonly T[]
}

/**
 * Whether a latent is the outcome of a step.
 *
 * @example
 * ```ts
 * expect(isStepped({ x: 0.5, draws: 1 })).toBe(false)
 * ```
 */
export const isStepped = <T>(latent: Latent<T>): latent is Stepped<T> => 'made' in latent

const clipOf = <T>(model: Denoiser<T>, clip: ClipMode | Clip | undefined): Clip => {
  if (typeof clip === 'object') return clip
  const mode = clip ?? (model.range === undefined ? 'none' : 'x0+eps')
  if (mode === 'none') return { mode, range: Infinity }
  if (model.range === undefined) throw fail('ClipWithoutRange', { clip: mode })
  return { mode, range: model.range }
}

/** The steps and the model have to mean the same by t. */
const checkSchedule = <T>({ schedule }: Denoiser<T>, { from }: Transition): void => {
  if (!Number.isInteger(from.t) || from.t < 0) return
  const trained = schedule.alphaBars[from.t]
  if (trained === undefined || Math.abs(trained - from.alphaBar) > 1e-6)
    throw fail('ScheduleMismatch', {
      t: from.t,
      steps: from.alphaBar,
      model: trained,
      trained: schedule.trainedSteps,
    })
}

/**
 * The step `x_{t−1} = √ᾱ_{t−1}·x̂₀ + √(1−ᾱ_{t−1}−σ²)·ε̂ + σ·z` (arXiv:2010.02502, eq. 12), or whatever the rule
 * makes of those vectors, as an operator from one latent to the next.
 *
 * @remarks
 * Scalars first: whatever is illegal about the rule, the clip or the model's prediction at this transition is thrown
 * when the operator is built, before the network is asked. Then the network is called once, and `x_{t−1}` is one
 * {@link VectorAlgebra.combine}. Noise is drawn only where the rule has any. Operators compose: a chain is the
 * composition of its steps.
 *
 * @param config - model, rule, noise
 * @returns for a transition, the operator; it disposes of nothing that it is given
 *
 * @example
 * ```ts
 * import { firstValueFrom, of } from 'rxjs'
 * const model = { algebra: numbers, predicts: 'epsilon', schedule: linearSchedule(), shape: [], predict: () => of({ output: 0 }) } as const
 * const next = step({ model, rule: ddim(), noise: philox({ seed: 7 }) })
 * const [first] = E.getOrElseW(() => [])(transitions(model.schedule, explicit([999])))
 * const { x } = await firstValueFrom(of({ x: 0.001, draws: 1 }).pipe(next(first!)))
 * expect(x).toBeCloseTo(0.001 / Math.sqrt(model.schedule.alphaBars[999]!), 12)
 * ```
 */
export const step =
  <T>(config: StepConfig<T>) =>
  (transition: Transition): OperatorFunction<Latent<T>, Stepped<T>> => {
    const { model, rule, noise, condition = {}, waitUntil } = config
    const { algebra } = model
    checkSchedule(model, transition)
    const form = rule.step(transition)
    const toEstimate = estimate(model.predicts, transition.from)
    const clip = clipEstimate(algebra, clipOf(model, config.clip), transition.from)

    const times = (x: T): readonly number[] =>
      Array.from({ length: algebra.shape(x)[0] ?? 1 }, () => transition.at)

    const predict: OperatorFunction<Latent<T>, readonly [Latent<T>, Prediction<T>]> = mergeMap((latent) =>
      ask(model, { x: latent.x, t: times(latent.x), condition }, waitUntil).pipe(
        map((prediction) => [latent, prediction] as const),
      ),
    )

    const combine = ([{ x: before, draws }, { output, variance }]: readonly [
      Latent<T>,
      Prediction<T>,
    ]): Stepped<T> => {
      const xt = sumOf(before)
      const shape = algebra.shape(before)
      const made = variance === undefined ? [output] : [output, variance]
      const fresh: T[] = []
      try {
        const clipped = clip(xt, toEstimate(xt, sumOf(output)))
        made.push(...clipped.made)
        if (form.z !== 0) fresh.push(algebra.fromValues({ shape, data: noise.draw(draws, shape) }))
        const x = algebra.combine(evaluate(form, { xt, ...clipped.estimate, z: fresh.flatMap(sumOf) }))
        made.push(x)
        return { x, draws: draws + fresh.length, transition, before, estimate: clipped.estimate, made }
      } catch (error) {
        made.forEach(algebra.dispose)
        throw error
      } finally {
        fresh.forEach(algebra.dispose)
      }
    }

    return flow(predict, map(combine))
  }
