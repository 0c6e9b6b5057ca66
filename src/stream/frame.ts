/**
 * What a run emits: one frame per step, lent to whoever looks at it.
 */
import type { Observable, ObservableInput } from 'rxjs'
import type { VectorAlgebra } from '../algebra/algebra.ts'
import type { SavedState } from '../diffusion/saved-state.ts'
import type { Transition } from '../diffusion/transition.ts'
import { fail } from '../failure.ts'
import type { continuation, Continuation } from './continuation.ts'

/** Where a frame keeps what is left to be waited for when its run takes no more steps; the same for all frames of a run. */
export const rest: unique symbol = Symbol('rest')

/** Where a frame keeps how its step began. */
export const beginning: unique symbol = Symbol('beginning')

/** The tensors of a frame. */
export type FrameField = 'xt' | 'x0' | 'eps'

/**
 * One step of a run, *borrowed*: its tensors can be read while `next` is on the stack, and after that while work given
 * to `waitUntil` is under way. Reading them later throws FrameExpired.
 */
export interface Frame<T> {
  readonly transition: Transition
  /** The algebra of the tensors. */
  readonly algebra: VectorAlgebra<T>
  /** x at the level that the step led to; in the last frame, the finished samples. */
  readonly xt: T
  /** x̂₀ as the network saw it at the level that the step came from, after clipping. Computed when first read. */
  readonly x0: T
  /** ε̂ of the step's first call of the network, after clipping. Computed when first read. */
  readonly eps: T
  /**
   * Keeps this frame alive, and the run from getting ahead, until the work ends: fewer than `inFlight` frames are
   * held when a step starts. Work that fails, fails the run.
   */
  readonly waitUntil: (work: ObservableInput<unknown>) => void
  /** The same tensors for as long as you like; dispose of them when done. */
  readonly keep: () => OwnedFrame<T>
  /**
   * The chain as it stands after this step, as numbers: what {@link replayFrom} goes on from. The frame is held until they are
   * read, which they are at once where the algebra has them at hand.
   */
  readonly save: () => SavedState | Promise<SavedState>
  /** How the chain goes on from here; for operators such as {@link resume}. */
  readonly [continuation]: () => Continuation<T>
  /** The x that the step started from, as a frame: with the step's x̂₀ and ε̂, which the network saw there. */
  readonly [beginning]: () => Frame<T>
  /** Completes when nobody holds a frame of the run, and errors when work has failed by then. */
  readonly [rest]: Observable<never>
}

/** A frame that belongs to whoever asked for it. */
export interface OwnedFrame<T> extends Disposable {
  readonly transition: Transition
  readonly algebra: VectorAlgebra<T>
  readonly xt: T
  readonly x0: T
  readonly eps: T
}

/**
 * Refuses what is no frame where only a frame will do: a snapshot, which does not know how its chain goes on, or whatever else comes along.
 *
 * @param operator - that asks
 * @throws OperatorInvalid
 *
 * @example
 * ```ts
 * expect(() => { checkFrame('resume', { xt: 0.5 }) }).toThrow('snapshots')
 * ```
 */
export const checkFrame = (operator: string, one: object): void => {
  if (!(beginning in one))
    throw fail('OperatorInvalid', {
      operator,
      reason:
        'it takes the frames of a run, and was given something else; copy them into snapshots after it, not before',
    })
}
