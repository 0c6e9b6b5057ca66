/**
 * Which timesteps a batch is shown at.
 */
import { fail } from '../failure.ts'

/** A timestep for each row, and how much the row counts. */
export interface Shown {
  readonly t: readonly number[]
  /** One per row; 1 in the mean over what is drawn. Left out where all are 1. */
  readonly weights?: readonly number[]
}

/** Draws timesteps; what it learns is an argument and a result, as in an optimiser. */
export interface TimestepSampler {
  readonly name: string
  /** What it knows of `trainedSteps` timesteps before the first batch; nothing unless said. */
  readonly init?: (trainedSteps: number) => Float64Array
  /**
   * @param uniform - numbers in `[0, 1)`, one per row
   * @param trainedSteps - how many timesteps there are
   * @param memory - what it knows
   */
  readonly draw: (uniform: Float64Array, trainedSteps: number, memory: Float64Array) => Shown
  /** What it knows after a batch, from the mean square of each row; nothing unless said. */
  readonly learn?: (memory: Float64Array, t: readonly number[], losses: readonly number[]) => Float64Array
}

const at = (share: number, count: number): number => Math.min(count - 1, Math.floor(share * count))

/**
 * Each timestep alike, for each row by itself.
 *
 * @example
 * ```ts
 * expect(uniformTimesteps.draw(Float64Array.of(0, 0.5), 1000, new Float64Array()).t).toEqual([0, 500])
 * ```
 */
export const uniformTimesteps: TimestepSampler = {
  name: 'uniform',
  draw: (uniform, count) => ({ t: [...uniform].map((share) => at(share, count)) }),
}

/**
 * Each timestep alike, and pairs of rows at opposite ends, `t` and `T − 1 − t`: the loss of a batch varies less.
 *
 * @example
 * ```ts
 * expect(antitheticTimesteps.draw(Float64Array.of(0.25, 0.7), 1000, new Float64Array()).t).toEqual([250, 749])
 * ```
 */
export const antitheticTimesteps: TimestepSampler = {
  name: 'antithetic',
  draw: (uniform, count) => ({
    t: [...uniform].map((share, row) =>
      row % 2 === 0 ? at(share, count) : count - 1 - at(uniform[row - 1] ?? 0, count),
    ),
  }),
}

/** How losses are remembered. */
export interface LossAwareOptions {
  /** How many of the latest losses of a timestep count; 10 unless said. */
  readonly history?: number
  /** The share of draws that stay uniform; 0.001 unless said. */
  readonly uniformShare?: number
}

/**
 * Timesteps in proportion to the root of their mean squared loss, weighted so that the mean loss stays what it is
 * (arXiv:2102.09672, sec. 3.3). As long as a timestep has not been seen `history` times, all are alike.
 *
 * @remarks
 * Remembers, of each timestep, how many losses it has seen, and the latest of them.
 *
 * @example
 * ```ts
 * const sampler = lossAwareTimesteps({ history: 1 })
 * const memory = sampler.learn!(sampler.init!(2), [0, 1], [3, 1])
 * const { t, weights } = sampler.draw(Float64Array.of(0.7, 0.8), 2, memory)
 * expect(t).toEqual([0, 1])
 * expect(weights).toEqual([1 / 2 / 0.75, 1 / 2 / 0.25].map((weight) => expect.closeTo(weight, 2)))
 * ```
 */
export const lossAwareTimesteps = ({
  history = 10,
  uniformShare = 0.001,
}: LossAwareOptions = {}): TimestepSampler => {
  if (!(Number.isSafeInteger(history) && history >= 1))
    throw fail('RunInvalid', { reason: `history is ${String(history)}, and has to be a whole number from 1` })
  const width = history + 1
  return {
    name: 'loss-aware',
    init: (count) => new Float64Array(count * width),
    draw: (uniform, count, memory) => {
      const seen = Array.from({ length: count }, (_, t) => memory.subarray(t * width, (t + 1) * width))
      if (seen.some(([times = 0]) => times < history)) return uniformTimesteps.draw(uniform, count, memory)
      const sizes = seen.map((row) => Math.sqrt(row.subarray(1).reduce((sum, x) => sum + x * x, 0) / history))
      const total = sizes.reduce((sum, size) => sum + size, 0)
      const shares = sizes.map(
        (size) => (1 - uniformShare) * (total === 0 ? 1 / count : size / total) + uniformShare / count,
      )
      const t = [...uniform].map((share) => {
        let left = share
        const found = shares.findIndex((own) => (left -= own) < 0)
        return found < 0 ? count - 1 : found
      })
      return { t, weights: t.map((one) => 1 / (count * shares[one]!)) }
    },
    learn: (memory, t, losses) => {
      const next = memory.slice()
      t.forEach((one, row) => {
        const start = one * width
        const times = next[start]!
        // the oldest makes room
        next[start + 1 + (times % history)] = losses[row]!
        next[start] = times + 1
      })
      return next
    },
  }
}
