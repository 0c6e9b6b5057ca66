/**
 * Which steps make a chain.
 */
import { attempt } from '../attempt.ts'
import { type Level, sameAlphaBar } from '../diffusion/level.ts'
import type { Transition } from '../diffusion/transition.ts'
import { fail, type Failure } from '../failure.ts'
import type { E } from '../fp.ts'
import { checkLabels } from '../model/condition.ts'
import { orThrow } from '../or-throw.ts'
import { clipOfRun, step, type StepConfig } from './step.ts'

/** x is where the step before has led; a step that begins elsewhere would take it for something else. */
const checkJoin = (before: Level, { from }: Transition): void => {
  if (from.t !== before.t || !sameAlphaBar(before.alphaBar, from.alphaBar))
    throw fail('StepsApart', { ended: before, begins: from })
}

/**
 * Whether the parts of a run suit each other, whatever its steps.
 *
 * @param config - model, rule, noise; the condition, and how to clip
 * @param rows - how many samples
 * @throws VarianceMissing, ClipWithoutRange, ClipInvalid; LabelsUnexpected, LabelCount or LabelUnknown for labels that the model does not have
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const config = { model, rule: ddim(), noise: philox({ seed: 7 }), condition: { labels: [3] } }
 * expect(() => { checkParts(config, 1) }).toThrow('the model is not conditioned on labels')
 * ```
 */
export const checkParts = <T>(config: StepConfig<T>, rows: number): void => {
  clipOfRun(config)
  const { model, condition = {} } = config
  // what a model makes of rows without labels, it says itself
  if (condition.labels !== undefined) orThrow(checkLabels(model.labels, rows)(condition))
}

/**
 * Looks at the steps of a chain one after the other, as they become known.
 *
 * @param config - model, rule, noise
 * @param at - where the chain begins; where its first step does, unless said
 * @returns to be given each step in turn; it throws what {@link checkSteps} finds
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const next = inTurn({ model, rule: ddim(), noise: philox({ seed: 7 }) })
 * const [first, , third] = E.getOrElseW(() => [])(transitions(model.schedule, trailing(4)))
 * next(first!)
 * expect(() => { next(third!) }).toThrow('one ends at t = 749, and the next begins at t = 499')
 * ```
 */
export const inTurn = <T>(config: StepConfig<T>, at?: Level): ((transition: Transition) => void) => {
  let before = at
  return (transition) => {
    if (before !== undefined) checkJoin(before, transition)
    step(config)(transition)
    before = transition.to
  }
}

/**
 * Whether a run of these steps is legal, before anything is computed: each has to begin where the one before it ended, and says what else
 * it refuses when it is built.
 *
 * @param config - model, rule, noise
 * @returns for steps, nothing; or the first failure (StepsApart, EtaOutOfRange, SigmaOutOfRange, EpsilonAtZeroSnr, ScheduleMismatch, …)
 *
 * @example
 * ```ts
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const rule = ddim({ eta: ({ index }) => index })
 * const steps = E.getOrElseW(() => [])(transitions(model.schedule, trailing(3)))
 * expect(checkSteps({ model, rule, noise: philox({ seed: 7 }) })(steps)).toMatchObject(E.left({ _tag: 'EtaOutOfRange', eta: 2 }))
 * ```
 */
export const checkSteps =
  <T>(config: StepConfig<T>) =>
  (steps: readonly Transition[]): E.Either<Failure, void> =>
    attempt(() => {
      steps.forEach(inTurn(config))
    })
