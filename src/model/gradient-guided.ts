/**
 * Guidance by a gradient: a model that climbs what somebody else knows about the image.
 */
import { defer, mergeMap, Observable } from 'rxjs'
import { aFunction, checkOptions, orNothing } from '../arguments.ts'
import { someLabels } from '../expected.ts'
import type { PredictionType } from '../diffusion/estimate.ts'
import type { Level } from '../diffusion/level.ts'
import { trainingTarget } from '../diffusion/objective.ts'
import { levelAt } from '../diffusion/schedule.ts'
import { alteredBy } from './altered.ts'
import { ask, discard, type Question } from './ask.ts'
import type { Condition, Labels, Prediction } from './denoiser.ts'
import { checkedWeight, type Guidance, showWeight, type Weight, weightsAt } from './guidance.ts'

/** What to climb, and how eagerly. */
export interface GradientGuidance<T> {
  /** `∇ log p(y | x_t)`, shaped like x and from now on ours; {@link gradientOf} makes it of a function. `x` stays the caller's. */
  readonly gradient: (x: T, t: readonly number[], condition: Condition) => T
  /** How much the gradient counts; 1, as Bayes has it, unless said. */
  readonly weight?: Weight
  /** The classes that the gradient distinguishes; with a model that has none of its own, it alone is told of them. The model's unless said. */
  readonly labels?: Labels
}

/**
 * How far a prediction moves for one unit of score: with x_t as it is, `Δε = −√(1−ᾱ)` and `Δx₀ = (1−ᾱ)/√ᾱ`.
 * Where nothing of the image is left, there is nothing to steer.
 */
const reach = (predicts: PredictionType, level: Level): number => {
  const { alphaBar } = level
  if (alphaBar === 0) return 0
  const { x0, z } = trainingTarget(predicts, level)
  return (x0 * (1 - alphaBar)) / Math.sqrt(alphaBar) - z * Math.sqrt(1 - alphaBar)
}

/**
 * Guidance by a classifier or an energy (arXiv:2105.05233, alg. 2): `ε = ε − w·√(1−ᾱ_t)·∇ log p(y | x_t)`, or what that is
 * in x₀ or v, if the model predicts these.
 *
 * @remarks
 * By Bayes' rule scores add, so with w = 1 the exact score of all images and the exact gradient of a classifier on noised
 * images make the exact score of a class. For an energy give its gradient with a minus. x̂₀ is clipped after guidance, if the
 * sampler clips (OpenAI's does not once more). The gradient is asked after the model has answered, and not at all where the weight of all rows is
 * 0, or where ᾱ is 0. With DDPM the mean moves by β/√(1−β) of the gradient, the exact form of Alg. 1's Σ.
 *
 * @equation `Δε = −w·√(1−ᾱ)·g`, `Δx₀ = w·(1−ᾱ)/√ᾱ·g`, `Δv = −w·√((1−ᾱ)/ᾱ)·g`
 *
 * @param options - `gradient`, `weight`, `labels`
 * @returns an endomorphism of denoisers
 * @throws GuidanceInvalid for a weight that is no finite number (of a function: when it is asked); ArgumentInvalid for a gradient that is no function
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: -2, deviation: 1 }, { mean: 2, deviation: 1 }])
 * const towards = gradientGuided({ gradient: (x: number) => 2 - x, weight: ({ t }) => (t > 200 ? 1 : 0) })(model)
 * const asked = (of: Denoiser<number>) => firstValueFrom(ask(of, { x: 0, t: [500], condition: {} }))
 * const [plain, steered] = [await asked(model), await asked(towards)]
 * expect(steered.output - plain.output).toBeCloseTo(-2 * Math.sqrt(1 - model.schedule.alphaBars[500]!), 12)
 * ```
 */
export const gradientGuided = <T>(options: GradientGuidance<T>): Guidance<T> => {
  checkOptions({ gradient: aFunction, labels: orNothing(someLabels) }, options)
  const { gradient, weight = 1, labels } = options
  if (typeof weight !== 'function') checkedWeight(weight)
  return (model) => {
    const { algebra, predicts, schedule } = model
    const isTold = model.labels !== undefined || labels === undefined

    const steered = ({ x, t, condition }: Question<T>, by: readonly number[], prediction: Prediction<T>) => {
      const used: T[] = []
      try {
        const slope = gradient(x, t, condition)
        used.push(slope)
        const output = algebra.combine([
          [1, prediction.output],
          [by, slope],
        ])
        used.push(prediction.output)
        return { ...prediction, output }
      } catch (error) {
        discard(algebra, prediction)
        throw error
      } finally {
        used.forEach(algebra.dispose)
      }
    }

    return {
      ...model,
      ...alteredBy(model, `guided by a gradient ${showWeight(weight)}`),
      ...(isTold ? {} : { labels }),
      predict: (x, t, condition, { waitUntil }): Observable<Prediction<T>> =>
        defer(() => {
          const question = { x, t, condition }
          const weights = weightsAt(weight, model, t)
          const by = t.map((time, row) => weights[row]! * reach(predicts, levelAt(schedule, time)))
          const answer$ = ask(model, isTold ? question : { x, t, condition: {} }, waitUntil)
          if (by.every((factor) => factor === 0)) return answer$
          const steer = (prediction: Prediction<T>): Observable<Prediction<T>> =>
            new Observable((subscriber) => {
              const result = steered(question, by, prediction)
              // the gradient is somebody's function, and may have made the subscriber give up
              if (subscriber.closed) discard(algebra, result)
              subscriber.next(result)
              subscriber.complete()
            })
          return answer$.pipe(mergeMap(steer))
        }),
    }
  }
}
