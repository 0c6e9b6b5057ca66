/**
 * A rule: the pure step inside a sampler.
 */
import { aFunction, checkOptions, type Expected } from '../arguments.ts'
import { numberIn, oneOf, words } from '../codecs.ts'
import { fail } from '../failure.ts'
import type { Sum } from '../algebra/algebra.ts'
import type { Estimate } from './estimate.ts'
import type { Level } from './level.ts'
import { linearForm, type LinearForm } from './linear-form.ts'
import type { Schedule } from './schedules/table.ts'
import { functionOfStep, logBeta, logBetaTilde, sigmaOfEta, type PerStep } from './sigma.ts'
import { directionToXt, posteriorMean, predictedX0, randomNoise, sumOfTerms, type Term } from './terms.ts'
import { betaOf, isLast, type Transition } from './transition.ts'
import { type Tunable, tunable } from '../tunable.ts'

/** How `x_{t−1}` is made of x_t, x̂₀, ε̂ and z. A rule that looks back, or asks the network twice, is a solver. */
export interface Rule {
  /** What it is called, for people and for files that say how they were made. */
  readonly name: string
  /** The whole step as one linear form. */
  readonly step: Term
  /** p, where the error of a chain without fresh noise falls as S^−p; nothing where noise is drawn, or nobody knows. */
  readonly order?: number
  /** A second question to the network within a step, at a level of its schedule; none unless said, or where it answers `undefined`. */
  readonly again?: (transition: Transition, schedule: Schedule) => Again | undefined
  /** How many steps back {@link Rule.refine} looks; 0 unless said. */
  readonly memory?: number
  /** Makes a better estimate of this step's and of those seen in the steps before it (`history`, the latest first). */
  readonly refine?: <T>(now: Now<T>, history: ReadonlyArray<Past<T>>) => Refined<T>
  /** c, where each element of z counts `exp(c·v)` times, v being the variance that the network has learned; once where it answers `undefined`. */
  readonly spread?: (transition: Transition) => number | undefined
}

/** A step that a chain has made, as a solver looks back on it: everything in it is linear in tensors at hand. */
export interface Past<T> {
  readonly transition: Transition
  /** As the network saw it first, at the step's x_t. */
  readonly estimate: Estimate<T>
}

/** What a step is made of. */
export interface Refined<T> {
  /** What stands for x_t. */
  readonly base: Sum<T>
  readonly estimate: Estimate<T>
}

/** The step that a chain is about to make: x_t itself, and what is known of it after all questions. */
export interface Now<T> extends Refined<T> {
  readonly transition: Transition
}

/** A second question: where x is meanwhile, and what becomes of the two answers. */
export interface Again {
  /** The level that x is brought to, and whose t the network is asked about. */
  readonly at: Level
  /** How it is brought there, by the first estimate. */
  readonly move: LinearForm
  /** One estimate at x_t, of the first at x_t and the second at the other level. */
  readonly blend: <T>(xt: Sum<T>, first: Estimate<T>, second: Estimate<T>) => Estimate<T>
  /** How often it is asked, each time with the last blend for the first estimate; once unless said. */
  readonly times?: number
}

const listOfTerms: Expected = {
  name: 'a list of terms, such as [predictedX0]',
  is: (value) => Array.isArray(value) && value.every(aFunction.is),
}

/**
 * A rule of your own: a sum of terms.
 *
 * @param name - what to call it
 * @param terms - the summands of `x_{t−1}`
 *
 * @example
 * ```ts
 * const halfway = rule('halfway', [predictedX0, directionToXt({ eta: 0.5 }), randomNoise({ eta: 0.5 })])
 * const step = { index: 0, count: 2, from: { t: 9, alphaBar: 0.1 }, to: { t: 4, alphaBar: 0.25 }, at: 9 }
 * expect(halfway.step(step)).toEqual(ddim({ eta: 0.5 }).step(step))
 * ```
 */
export const rule = (name: string, terms: readonly Term[]): Rule => {
  checkOptions({ name: words, terms: listOfTerms }, { name, terms })
  return { name, step: sumOfTerms(terms) }
}

/**
 * The paper's family (arXiv:2010.02502, eq. 12 and 16): from DDIM at η = 0, which draws no noise, to DDPM at η = 1.
 *
 * @param options - `eta`, in `[0, 1]`, a number or a function of the step; 0 unless said
 * @throws EtaOutOfRange
 *
 * @example
 * ```ts
 * const step = { index: 0, count: 2, from: { t: 9, alphaBar: 0.1 }, to: { t: 4, alphaBar: 0.36 }, at: 9 }
 * expect(ddim().step(step)).toEqual(linearForm({ x0: 0.6, eps: 0.8 }))
 * ```
 */
export const ddim: Tunable<(options?: { readonly eta?: PerStep }) => Rule> = tunable(
  { eta: numberIn(0, 1) },
  ({ eta = 0 } = {}) => ({
    ...rule(`ddim(${typeof eta === 'number' ? `eta ${String(eta)}` : 'eta of the step'})`, [
      predictedX0,
      directionToXt({ eta }),
      randomNoise({ eta }),
    ]),
    ...(eta === 0 ? { order: 1 } : {}),
  }),
  { eta: functionOfStep },
)

/**
 * The variance of DDPM's noise: β̃ (the posterior's), or β (the paper's σ̂ of sec. D.3), or what the network has learned:
 * its logarithm (`learned`), or where that lies from log β̃ at −1 to log β at 1 (`learned-range`, arXiv:2102.09672, eq. 15).
 */
export type Variance = (typeof variances)[number]

const variances = ['fixed-small', 'fixed-large', 'learned', 'learned-range'] as const

/** What is not masked on the chain's last step is more than the formula's there (Ho et al., alg. 2). */
const unlessLast =
  (z: (transition: Transition) => number): Term =>
  (transition) =>
    linearForm({ z: isLast(transition) || transition.to.alphaBar === 1 ? 0 : z(transition) })

/** Fresh noise of DDPM. What a network has learned multiplies it, element by element; here is what it multiplies. */
const ancestralNoise: Readonly<Record<Variance, Term>> = {
  'fixed-small': (transition) => linearForm({ z: sigmaOfEta(transition, 1) }),
  'fixed-large': unlessLast((transition) => Math.sqrt(betaOf(transition))),
  learned: unlessLast(() => 1),
  'learned-range': unlessLast((transition) => Math.exp((logBeta(transition) + logBetaTilde(transition)) / 4)),
}

/** Of log σ, for 1 of what the network says. */
const learnedSpread: Readonly<Partial<Record<Variance, NonNullable<Rule['spread']>>>> = {
  learned: () => 1 / 2,
  'learned-range': (transition) => (logBeta(transition) - logBetaTilde(transition)) / 4,
}

/**
 * Ancestral sampling (arXiv:2006.11239, alg. 2): the posterior's mean and fresh noise, with the β of the steps actually taken.
 * It never looks at ε̂, so clipping x̂₀ is enough.
 *
 * @remarks
 * `learned` takes the network's v for log σ², as OpenAI do (arXiv:2102.09672's code); diffusers takes it for σ².
 *
 * @param options - `variance`: `fixed-small` is η = 1 of {@link ddim} wherever ε̂ is consistent with x̂₀; `fixed-large` is σ̂;
 *   the learned ones are for models that predict a variance, and {@link step} refuses others (VarianceMissing)
 * @throws VarianceUnknown
 *
 * @example
 * ```ts
 * const step = { index: 0, count: 2, from: { t: 9, alphaBar: 0.1 }, to: { t: 4, alphaBar: 0.4 }, at: 9 }
 * expect(ddpm({ variance: 'fixed-large' }).step(step).z).toBeCloseTo(Math.sqrt(0.75), 15)
 * const { step: learned, spread } = ddpm({ variance: 'learned-range' })
 * expect(learned(step).z * Math.exp(spread!(step)!)).toBeCloseTo(Math.sqrt(0.75), 15)
 * ```
 */
export const ddpm: Tunable<(options?: { readonly variance?: Variance }) => Rule> = tunable(
  { variance: oneOf(...variances) },
  ({ variance = 'fixed-small' } = {}) => {
    if (!variances.includes(variance)) throw fail('VarianceUnknown', { variance, known: variances })
    const spread = learnedSpread[variance]
    return {
      ...rule(`ddpm(${variance})`, [posteriorMean, ancestralNoise[variance]]),
      ...(spread === undefined ? {} : { spread }),
    }
  },
)
