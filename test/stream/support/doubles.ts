/**
 * Stand-ins for the parts of a sampler, on the real line.
 */
import { EMPTY, type ObservableInput } from 'rxjs'
import type { Values, VectorAlgebra } from '../../../src/algebra/algebra.ts'
import { numbers } from '../../../src/algebra/numbers.ts'
import { linearSchedule, type Schedule } from '../../../src/diffusion/schedule.ts'
import { type Spacing, trailing } from '../../../src/diffusion/spacing.ts'
import { type Transition, transitions } from '../../../src/diffusion/transition.ts'
import { E } from '../../../src/fp.ts'
import type { Denoiser, Prediction } from '../../../src/model/denoiser.ts'
import type { NoiseSource } from '../../../src/noise/noise-source.ts'
import { philox } from '../../../src/noise/philox.ts'
import { continuation } from '../../../src/stream/continuation.ts'
import { beginning, type Frame, type FrameField, rest } from '../../../src/stream/frame.ts'

/** Numbers that are read at once, so that snapshots keep to virtual time. */
export const line: VectorAlgebra<number> = {
  ...numbers,
  toValues: (x) => ({ shape: [], data: Float64Array.of(x) }),
}

export const schedule: Schedule = linearSchedule()

/** The transitions of a chain. */
export const stepsOf = (spacing: Spacing | number): readonly Transition[] => {
  const found = transitions(schedule, typeof spacing === 'number' ? trailing(spacing) : spacing)
  if (E.isLeft(found)) throw found.left
  return found.right
}

/** A call of a model: its arguments, and when it was the how manyth. */
export interface Call {
  readonly number: number
  readonly x: number
  readonly t: readonly number[]
  readonly signal: AbortSignal
}

/** A model on the real line that answers as it is told, and knows how often it was asked. */
export const modelThat = (
  answer: (call: Call) => ObservableInput<Prediction<number>>,
): Denoiser<number> & { readonly calls: readonly Call[] } => {
  const calls: Call[] = []
  return {
    algebra: line,
    predicts: 'epsilon',
    schedule,
    shape: [],
    calls,
    predict: (x, t, _condition, { signal }) => {
      const call = { number: calls.length, x, t, signal }
      calls.push(call)
      return answer(call)
    },
  }
}

/** Noise that remembers which draws it was asked for. */
export const countedNoise = (
  noise: NoiseSource = philox({ seed: 7 }),
): NoiseSource & { readonly draws: readonly number[] } => {
  const draws: number[] = []
  return {
    name: noise.name,
    draws,
    draw: (draw, shape) => {
      draws.push(draw)
      return noise.draw(draw, shape)
    },
  }
}

/** A frame that nobody has lent, of numbers of our choice; it knows what it was asked to wait for. */
export interface Loose extends Frame<number> {
  readonly waited: ReadonlyArray<ObservableInput<unknown>>
}

/** Makes loose frames. */
export const looseFrame = (
  transition: Transition,
  values: Readonly<Partial<Record<FrameField, number>>> = {},
): Loose => {
  const waited: Array<ObservableInput<unknown>> = []
  const tensors = { xt: 0, x0: 0, eps: 0, ...values }
  return {
    transition,
    algebra: line,
    ...tensors,
    waited,
    waitUntil: (work) => {
      waited.push(work)
    },
    keep: () => ({ transition, algebra: line, ...tensors, [Symbol.dispose]: () => undefined }),
    save: () => ({
      at: transition.to,
      tensors: [numbers.toValues(tensors.xt) as Values],
      draws: 1,
      history: [],
      ahead: [],
      makers: { rule: 'none', noise: 'none', nextNoise: 0 },
    }),
    [continuation]: () => {
      throw new Error('nothing follows on a loose frame')
    },
    [rest]: EMPTY,
    [beginning]: () =>
      looseFrame({ ...transition, index: transition.index - 1, to: transition.from }, values),
  }
}
