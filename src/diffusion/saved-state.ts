/**
 * A chain between two steps as plain numbers: all that it needs to go on, anywhere and at any time.
 */
import type { Values } from '../algebra/algebra.ts'
import type { ClipChoice } from './clip.ts'
import type { PredictionType } from './estimate.ts'
import type { Level } from './level.ts'
import type { Past } from './rule.ts'
import type { Transition } from './transition.ts'

/** Which network answers, and what runs it: where both are the same, so are the answers, to the last bit on a CPU. */
export interface Origin {
  /** Of the weights, and of whatever has been wrapped around them. */
  readonly model: string
  readonly engine: string
}

/** How the network's answers are to be read. */
export interface Answers {
  readonly predicts: PredictionType
  /** Nothing for data without bounds. */
  readonly range?: number
}

/**
 * What a chain is made of, as far as that can be told: going on with anything else is refused. Functions can't be told apart: rules that differ
 * only in an η, a σ or a weight that is a function of the step have one name, and one taken for the other is not noticed.
 */
export interface Makers {
  readonly rule: string
  readonly noise: string
  /** A checksum of the noise that comes next, so that it is the same whatever it is called. */
  readonly nextNoise: number
  /** Nothing in a state that was saved before this was. */
  readonly answers?: Answers
  /** Nothing for a model that does not say. */
  readonly origin?: Origin
}

/** A chain after a step, as values. */
export interface SavedState {
  /** Where x is. */
  readonly at: Level
  /** x, and then whatever the rule looks back on is made of. */
  readonly tensors: readonly Values[]
  /** How many z's the chain has consumed; x_T counts as one. */
  readonly draws: number
  /** The steps that the rule looks back on, the latest first, as sums of `tensors` by their places. */
  readonly history: ReadonlyArray<Past<number>>
  /** The steps that are to follow. */
  readonly ahead: readonly Transition[]
  /** One class per row; left out where there are none. */
  readonly labels?: readonly number[]
  /** How x̂₀ is clipped; left out where the model decides. */
  readonly clip?: ClipChoice
  readonly makers: Makers
}
