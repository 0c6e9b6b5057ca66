/**
 * A step of a sampler as an operator: predict, estimate, combine.
 */
import { finalize, map, mergeMap, type Observable, type OperatorFunction } from 'rxjs'
import type { Sum } from '../algebra/algebra.ts'
import { type Clip, type ClipChoice, clipEstimate, clipFor } from '../diffusion/clip.ts'
import { type Estimate, estimate } from '../diffusion/estimate.ts'
import { evaluate, type LinearForm } from '../diffusion/linear-form.ts'
import { type Level, sameAlphaBar } from '../diffusion/level.ts'
import type { Past, Rule } from '../diffusion/rule.ts'
import { sumOf } from '../diffusion/sum.ts'
import { levelAt } from '../diffusion/schedule.ts'
import type { Transition } from '../diffusion/transition.ts'
import { fail } from '../failure.ts'
import { ask, tensorsOf } from '../model/ask.ts'
import type { Condition, Denoiser, PredictOptions } from '../model/denoiser.ts'
import { drawNoise } from '../noise/draw-noise.ts'
import type { NoiseSource } from '../noise/noise-source.ts'
import { openScope } from '../model/scope.ts'

/** Everything that a step needs besides x_t and the transition. */
export interface StepConfig<T> {
  readonly model: Denoiser<T>
  readonly rule: Rule
  readonly noise: NoiseSource
  /** What the samples are to look like; nothing unless said. */
  readonly condition?: Condition
  /** How x̂₀ is clipped, to the model's range or a given one; `x0+eps` unless said, or `none` for a model without a range. */
  readonly clip?: ClipChoice
  /** Told of calls of the network that outlive the subscription; x has to stay alive until they end. */
  readonly waitUntil?: PredictOptions['waitUntil']
}

/** A chain between two steps. */
export interface Latent<T> {
  readonly x: T
  /** How many z's the chain has consumed; x_T counts as one. */
  readonly draws: number
  /** The steps that the rule looks back on, the latest first; none at the beginning. */
  readonly history?: ReadonlyArray<Past<T>>
}

/** A chain after a step, and how it came about. Whoever receives it owns the tensors in `made`, x among them. */
export interface Stepped<T> extends Latent<T> {
  readonly transition: Transition
  /** The chain before the step; its tensors are not the receiver's. */
  readonly previous: Latent<T>
  /** x̂₀ and ε̂ as the network saw them first, not yet computed: sums of the previous x and of tensors in `made`. */
  readonly estimate: Estimate<T>
  /** Every tensor that this step has made. */
  readonly made: readonly T[]
}

/**
 * The tensors that a chain needs for its next step: x, and those of its history.
 *
 * @example
 * ```ts
 * expect(needs({ x: 0.5, draws: 1 })).toEqual([0.5])
 * ```
 */
export const needs = <T>({ x, history = [] }: Latent<T>): readonly T[] => {
  if (history.length === 0) return [x]
  const sums = history.flatMap(({ estimate }) => [estimate.x0, estimate.eps])
  return [...new Set([x, ...sums.flatMap((sum) => sum.map(([, tensor]) => tensor))])]
}

/** What becomes of the network's output at one level: an estimate, clipped. */
type Look<T> = (xt: Sum<T>, output: Sum<T>) => ReturnType<ReturnType<typeof clipEstimate<T>>>

const lookAt = <T>({ algebra, predicts }: Denoiser<T>, clip: Clip, level: Level): Look<T> => {
  const toEstimate = estimate(predicts, level)
  const clipped = clipEstimate(algebra, clip, level)
  return (xt, output) => clipped(xt, toEstimate(xt, output))
}

/** The most that a learned variance can change the logarithm of σ: no network means e^40, and past e^88 there is no float32. */
const MOST_SPREAD = 40

/** What the network has said at one level. */
interface Seen<T> {
  readonly estimate: Estimate<T>
  readonly variance: T | undefined
}

/** What it has said at x_t, and what became of that after all questions. */
interface Asked<T> {
  readonly first: Seen<T>
  readonly estimate: Estimate<T>
}

/** The steps and the model have to mean the same by t, wherever the model was trained. */
const checkLevel = <T>({ schedule }: Denoiser<T>, { t, alphaBar }: Level): void => {
  if (t < 0) return
  const inside = t <= schedule.trainedSteps - 1
  const trained = inside ? levelAt(schedule, t).alphaBar : undefined
  if (trained === undefined || !sameAlphaBar(trained, alphaBar))
    throw fail('ScheduleMismatch', { t, steps: alphaBar, model: trained, trained: schedule.trainedSteps })
}

/**
 * How a rule and a model clip together, whatever the step.
 *
 * @throws VarianceMissing for a rule that needs a learned variance of a model that has none; what {@link clipFor} throws
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * expect(clipOfRun({ model, rule: ddim(), noise: philox({ seed: 7 }) }).mode).toBe('none')
 * ```
 */
export const clipOfRun = <T>({ model, rule, clip }: StepConfig<T>): Clip => {
  if (rule.spread !== undefined && model.learnedVariance === false)
    throw fail('VarianceMissing', { rule: rule.name })
  return clipFor(clip, model.range)
}

/** A rule of one's own may divide by nothing, and says so better here than in every image. */
const checkForm = ({ name }: Rule, { xt, x0, eps, z }: LinearForm, { from }: Transition): void => {
  if (!Number.isFinite(xt + x0 + eps + z))
    throw fail('RuleInvalid', {
      rule: name,
      reason: `at t = ${String(from.t)} a factor of its step is no finite number`,
    })
}

/**
 * The step `x_{t−1} = √ᾱ_{t−1}·x̂₀ + √(1−ᾱ_{t−1}−σ²)·ε̂ + σ·z` (arXiv:2010.02502, eq. 12), or whatever the rule
 * makes of those vectors, as an operator from one latent to the next.
 *
 * @remarks
 * Scalars first: whatever is illegal about the rule, the clip or the model's prediction at this transition is thrown
 * when the operator is built, before the network is asked. Then the network is called (once, or more often by a rule that asks
 * again), and `x_{t−1}` is one {@link VectorAlgebra.combine}. Noise is drawn only where the rule has any. Operators compose: a chain is the
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
    const { model, rule, noise, condition = {} } = config
    const { algebra } = model
    checkLevel(model, transition.from)
    const form = rule.step(transition)
    checkForm(rule, form, transition)
    // a chain that ends at ᾱ₀ may have been there already: looking back from or to a step of no length divides by it
    const isStill = transition.from.alphaBar === transition.to.alphaBar
    const spread = form.z === 0 ? undefined : rule.spread?.(transition)
    const clip = clipOfRun(config)
    const look = lookAt(model, clip, transition.from)
    const again = rule.again?.(transition, model.schedule)
    if (again !== undefined) checkLevel(model, again.at)
    const question = again && { ...again, look: lookAt(model, clip, again.at) }
    const questions =
      question === undefined ? [] : Array.from({ length: question.times ?? 1 }, () => question)

    return mergeMap((latent) => {
      const shape = algebra.shape(latent.x)
      const made = openScope(algebra, config.waitUntil)

      const askAt = (
        x: T,
        t: number,
        see: Look<T>,
        became: (seen: Seen<T>) => Asked<T>,
      ): Observable<Asked<T>> => {
        const times = Array.from({ length: shape[0] ?? 1 }, () => t)
        return ask(model, { x, t: times, condition }, made.waitUntil).pipe(
          map((prediction) => {
            const { output, variance } = prediction
            made.add(...tensorsOf(prediction))
            const seen = see(sumOf(x), sumOf(output))
            made.add(...seen.made)
            return became({ estimate: seen.estimate, variance })
          }),
        )
      }

      const xt = sumOf(latent.x)
      const first$ = askAt(latent.x, transition.at, look, (first) => ({ first, estimate: first.estimate }))
      const asked$ = questions.reduce(
        (before$, { at, move, blend, look: lookThere }) =>
          before$.pipe(
            mergeMap(({ first, estimate }) => {
              const moved = made.of(algebra.combine(evaluate(move, { xt, ...estimate, z: [] })))
              return askAt(moved, at.t, lookThere, (next) => ({
                first,
                estimate: blend(xt, estimate, next.estimate),
              }))
            }),
          ),
        first$,
      )

      const draw = (index: number, variance: T | undefined): T => {
        const z = drawNoise(algebra, noise, index, shape)
        if (spread === undefined) return z
        const used = [z]
        try {
          if (variance === undefined) throw fail('VarianceMissing', { rule: rule.name })
          const limit = MOST_SPREAD / Math.abs(spread)
          const sane = algebra.clamp(sumOf(variance), -limit, limit)
          used.push(sane)
          return algebra.scaleByExp(z, sane, spread)
        } finally {
          used.forEach(algebra.dispose)
        }
      }

      const combine = ({ first, estimate }: Asked<T>): Stepped<T> => {
        const { x: before, draws, history = [] } = latent
        const now = { transition, base: xt, estimate }
        const { base, estimate: refined } = (isStill ? undefined : rule.refine?.(now, history)) ?? now
        const z = form.z === 0 ? undefined : draw(draws, first.variance)
        try {
          const fresh = z === undefined ? [] : sumOf(z)
          const x = made.of(algebra.combine(evaluate(form, { xt: base, ...refined, z: fresh })))
          return {
            x,
            draws: draws + fresh.length,
            history: isStill
              ? history
              : [{ transition, estimate: first.estimate }, ...history].slice(0, rule.memory ?? 0),
            transition,
            // without its own previous one, or a chain would hold on to all its steps
            previous: { x: before, draws, history },
            estimate: first.estimate,
            made: made.deliver(),
          }
        } finally {
          if (z !== undefined) algebra.dispose(z)
        }
      }
      return asked$.pipe(map(combine), finalize(made.close))
    })
  }
