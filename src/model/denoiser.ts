/**
 * The port through which every pretrained network enters.
 */
import type { ObservableInput } from 'rxjs'
import type { Shape, VectorAlgebra } from '../algebra/algebra.ts'
import type { Origin } from '../diffusion/saved-state.ts'
import type { Schedule } from '../diffusion/schedule.ts'
import type { PredictionType } from '../diffusion/estimate.ts'

/** What a sample is to look like; nothing, for an unconditional model. */
export interface Condition {
  /** One class per row. */
  readonly labels?: readonly number[]
}

/** The classes that a model is conditioned on. */
export interface Labels {
  /** How many classes the model distinguishes, the one for "none" included. */
  readonly count: number
  /** Their names, for people; names[i] is class i. */
  readonly names?: readonly string[]
  /** The class that stands for "no label"; guidance needs it. */
  readonly unconditional?: number
}

/** What a network says about one batch. The receiver owns both. */
export interface Prediction<T> {
  /** ε, x₀ or v, as {@link Denoiser.predicts} says; shaped like x. */
  readonly output: T
  /** The variance channels of a model that learned them; shaped like x. */
  readonly variance?: T
}

/** What a call of a network is told besides its arguments. */
export interface PredictOptions {
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal
  /** Keeps x alive until work ends that can't be stopped when the signal is aborted; needless for a promise that is the answer. */
  readonly waitUntil?: (work: ObservableInput<unknown>) => void
}

/** A pretrained network: one function, and what has to be known to use it. */
export interface Denoiser<T> {
  /** The algebra of the values that it takes and gives. */
  readonly algebra: VectorAlgebra<T>
  /** What the output is. */
  readonly predicts: PredictionType
  /** The noise that it was trained on. */
  readonly schedule: Schedule
  /** The shape of one sample: `[height, width, channels]`; `[]` for a number. */
  readonly shape: Shape
  /** The data lie in `[−range, range]`; left out where they have no bounds, and then nothing is clipped unless a range is given. */
  readonly range?: number
  /** What it can be asked for; a sampler refuses labels for a model without. */
  readonly labels?: Labels
  /** Which network this is; left out where nobody knows. */
  readonly origin?: Origin
  /** Whether predictions come with a {@link Prediction.variance}; left out where nobody knows before asking. */
  readonly learnedVariance?: boolean
  /**
   * What people look at, where x is no image itself but a latent: images `[rows, height, width, channels]` in `[−1, 1]`,
   * which the caller owns. x stays the caller's.
   */
  readonly decode?: (x: T) => ObservableInput<T>
  /**
   * Asks the network about a batch.
   *
   * @param x - the batch, `[rows, …shape]`; it stays the caller's and stays alive until the answer
   * @param t - the time of each row, in `[0, T)`, not necessarily whole
   * @param condition - what each row is to be
   * @param options - what the call is told besides, see {@link PredictOptions}
   * @returns one prediction, which the caller owns; the work starts on subscription. Of several the first counts: an observable is
   *   unsubscribed from then, and frees by itself what it has under way
   */
  readonly predict: (
    x: T,
    t: readonly number[],
    condition: Condition,
    options: PredictOptions,
  ) => ObservableInput<Prediction<T>>
}
