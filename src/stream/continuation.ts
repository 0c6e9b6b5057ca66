/**
 * How a chain goes on from one of its frames.
 */
import type { SchedulerLike } from 'rxjs'
import type { Transition } from '../diffusion/transition.ts'
import type { RefCount } from './ref-count.ts'
import type { Latent, StepConfig } from './step.ts'

/** How to take the steps of a chain. */
export interface ChainConfig<T> extends Omit<StepConfig<T>, 'waitUntil'> {
  /** A step starts when fewer frames than this are held; 2 unless said, so that a sink works while the next step is computed. */
  readonly inFlight?: number
  /** Where each step gets its turn; a macrotask each unless said. */
  readonly scheduler?: SchedulerLike
}

/** Everything that a chain needs to go on. */
export interface Continuation<T> {
  readonly config: ChainConfig<T>
  readonly latent: Latent<T>
  /** The steps that were to follow, as far as they are known by now. */
  readonly ahead: () => readonly Transition[]
  /** Who reads the tensors in `latent`. */
  readonly readers: RefCount<T>
}

/** Where a frame keeps its {@link Continuation}. */
export const continuation: unique symbol = Symbol('continuation')
