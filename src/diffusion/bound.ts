/**
 * The variational bound: at most how many bits per dimension a model needs to say an image.
 *
 * ```text
 * −log p(x₀)  ≤  KL(q(x_T|x₀) ‖ N(0, I))  +  Σ KL(q_σ(x_{t−1}|x_t,x₀) ‖ p(x_{t−1}|x_t))  −  log p(x₀|x₁)
 *                prior                       terms, all but the last                           last term
 * ```
 *
 * arXiv:2006.11239, eq. 5, and for any σ arXiv:2010.02502, eq. 11; as OpenAI's `calc_bpd_loop` takes it. The model's
 * mean is the posterior's with x̂₀ in place of x₀, so x_t itself drops out, and a term needs only x₀ and x̂₀.
 */
import type { Values } from '../algebra/algebra.ts'
import { fail } from '../failure.ts'
import { type BinMass, pixelLogLikelihood } from './decoder.ts'
import { normalKl } from './normal.ts'
import { posterior } from './posterior.ts'
import { rowMeans } from './row-means.ts'
import type { Stochasticity } from './sigma.ts'
import type { Transition } from './transition.ts'
import { many } from '../many.ts'

/** One step's part of the bound. */
export interface BoundTerm {
  readonly transition: Transition
  /**
   * Bits per dimension, one number per row.
   *
   * @param x0 - the images, in `[−1, 1]`
   * @param predicted - x̂₀ for an x_t drawn at `transition.from`, clipped or not as the sampler has it
   * @param variance - the model's own of every element, if it learned one
   */
  readonly bits: (x0: Values, predicted: Values, variance?: Values) => readonly number[]
}

/** The bound of a chain: the sum of all its parts. */
export interface VariationalBound {
  /** What x_T still tells about x₀: bits per dimension, one number per row. */
  readonly prior: (x0: Values) => readonly number[]
  readonly terms: readonly BoundTerm[]
}

/** What a bound takes for granted. */
export interface BoundOptions {
  /** The process that is bounded; η = 1 unless said. At η = 0 the bound is infinite. */
  readonly stochasticity?: Stochasticity
  /** The variance of a model that learned none: the posterior's (unless said) or β. The last term always has the posterior's of the step before it. */
  readonly variance?: 'fixed-small' | 'fixed-large'
  /** `tanh` unless said. */
  readonly binMass?: BinMass
}

const bits = (nats: number): number => nats / Math.LN2

/** β of the step actually taken. */
const beta = ({ from, to }: Transition): number => (to.alphaBar - from.alphaBar) / to.alphaBar

/**
 * The variational bound of a chain.
 *
 * @param chain - the steps, the last of which leads to the clean level
 * @param options - see {@link BoundOptions}
 * @throws SpacingInvalid for a chain that does not end at the clean level
 *
 * @example
 * ```ts
 * const chain = E.getOrElseW(() => [])(transitions(linearSchedule(), trailing(1000)))
 * const { prior, terms } = variationalBound(chain)
 * const x0 = { shape: [1, 2], data: Float64Array.of(0.2, -0.6) }
 * const perfect = terms.map((term) => term.bits(x0, x0)[0]!) // of a model that knows x₀
 * expect(perfect.slice(0, -1)).toEqual(Array(999).fill(0))
 * expect(perfect.at(-1)).toBeCloseTo(1.31, 2) // a pixel's bin is about as wide as the last step's deviation
 * expect(prior(x0)[0]).toBeCloseTo(5.8e-6, 7)
 * ```
 */
export const variationalBound = (
  chain: readonly Transition[],
  { stochasticity = { eta: 1 }, variance = 'fixed-small', binMass = 'tanh' }: BoundOptions = {},
): VariationalBound => {
  const first = chain[0]
  const last = chain.at(-1)
  if (first === undefined || last?.to.alphaBar !== 1)
    throw fail('SpacingInvalid', {
      spacing: `of ${many(chain.length, 'step')}`,
      reason: 'a bound needs a last step to the clean level',
    })
  const truth = posterior(stochasticity)
  const before = chain.at(-2)
  const logLikelihood = pixelLogLikelihood(binMass)
  const decoderVariance = before === undefined ? beta(last) : truth(before).variance

  const decode: BoundTerm['bits'] = (x0, predicted, learned) =>
    rowMeans(given(x0, predicted, learned), (k) =>
      bits(-logLikelihood(x0.data[k]!, predicted.data[k]!, learned?.data[k] ?? decoderVariance)),
    )
  const compare = (transition: Transition): BoundTerm['bits'] => {
    const { mean, variance: own } = truth(transition)
    const fixed = variance === 'fixed-small' ? own : beta(transition)
    return (x0, predicted, learned) =>
      rowMeans(given(x0, predicted, learned), (k) =>
        bits(normalKl(mean.x0 * (x0.data[k]! - predicted.data[k]!), own, learned?.data[k] ?? fixed)),
      )
  }
  return {
    prior: (x0) => {
      const { alphaBar } = first.from
      return rowMeans([x0], (k) => bits(normalKl(Math.sqrt(alphaBar) * x0.data[k]!, 1 - alphaBar, 1)))
    },
    terms: chain.map((transition) => ({
      transition,
      bits: transition === last ? decode : compare(transition),
    })),
  }
}

const given = (x0: Values, predicted: Values, learned?: Values): readonly [Values, ...Values[]] =>
  learned === undefined ? [x0, predicted] : [x0, predicted, learned]
