/**
 * What a run emits: one frame per step, lent to whoever looks at it.
 */
import { from, type Observable, type ObservableInput } from 'rxjs'
import type { Sum, VectorAlgebra } from '../algebra/algebra.ts'
import type { SavedState } from '../diffusion/saved-state.ts'
import type { Transition } from '../diffusion/transition.ts'
import { fail } from '../failure.ts'
import { continuation, type Continuation } from './continuation.ts'
import type { RefCount } from './ref-count.ts'
import { saveState } from './save-state.ts'
import { sameRun } from './settled.ts'
import { needs, type Stepped } from './step.ts'

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

/** What a frame needs of its run. */
export interface Lender<T> {
  /** Told of every frame; the answer is called when its first loan ends. */
  readonly lent: (frame: object) => () => void
  readonly algebra: VectorAlgebra<T>
  readonly readers: RefCount<T>
  /** See the frame's. */
  readonly rest: Observable<never>
  readonly hold: (frame: object, work: Observable<unknown>, settled?: () => void) => void
}

/** Where a frame shows x: before its step or after. */
type Side = 'before' | 'after'

/** The tensors of a step, each computed when first read, and readable until let go. */
interface Reading<T> {
  readonly x: Readonly<Record<Side, () => T>>
  readonly x0: () => T
  readonly eps: () => T
  readonly letGo: () => void
}

const reading = <T>(
  { algebra, readers }: Lender<T>,
  { previous, x, transition, estimate, made }: Stepped<T>,
): Reading<T> => {
  // x̂₀ and ε̂ are sums of the x before the step and of what the step made
  const read: T[] = [...needs(previous), ...made]
  readers.retain(read)
  let expired = false

  const lazily = (field: FrameField, sum: Sum<T>): (() => T) => {
    let computed: T | undefined
    return () => {
      if (expired) throw fail('FrameExpired', { step: transition.index, field })
      if (computed !== undefined) return computed
      const [only, ...others] = sum
      if (only?.[0] === 1 && others.length === 0) return only[1]
      computed = algebra.combine(sum)
      readers.retain([computed])
      read.push(computed)
      return computed
    }
  }

  return {
    x: { before: lazily('xt', [[1, previous.x]]), after: lazily('xt', [[1, x]]) },
    x0: lazily('x0', estimate.x0),
    eps: lazily('eps', estimate.eps),
    letGo: () => {
      if (expired) return
      expired = true
      readers.release(read)
    },
  }
}

/** A frame whose owner says when it has been read. */
const own = <T>(
  algebra: VectorAlgebra<T>,
  transition: Transition,
  { x, x0, eps, letGo }: Reading<T>,
  side: Side,
): OwnedFrame<T> => ({
  transition,
  algebra,
  get xt() {
    return x[side]()
  },
  get x0() {
    return x0()
  },
  get eps() {
    return eps()
  },
  [Symbol.dispose]: letGo,
})

/** Not a step, but where one starts: nothing has been done to its x. */
const noStep = (transition: Transition): Transition => ({
  ...transition,
  index: transition.index - 1,
  to: transition.from,
})

/**
 * Lends out a step as a frame.
 *
 * @param lender - the run
 * @param stepped - the step
 * @param onward - how the chain goes on
 * @returns the frame, and what ends the first loan (when `next` returns)
 */
export const lend = <T>(
  lender: Lender<T>,
  stepped: Stepped<T>,
  onward: Continuation<T>,
): { readonly frame: Frame<T>; readonly returned: () => void } => {
  const { algebra } = lender
  const { transition } = stepped
  const read = reading(lender, stepped)
  let loans = 1
  const returned = (): void => {
    loans -= 1
    if (loans === 0) read.letGo()
  }

  const ensureLent = (field: string): void => {
    if (loans === 0) throw fail('FrameExpired', { step: transition.index, field })
  }

  const frameOn = (side: Side): Frame<T> => {
    const shown = side === 'after' ? transition : noStep(transition)
    const goesOn = (): Continuation<T> => {
      if (side === 'after') return onward
      return { ...onward, latent: stepped.previous, ahead: [transition, ...onward.ahead] }
    }
    const frame: Frame<T> = {
      transition: shown,
      algebra,
      get xt() {
        return read.x[side]()
      },
      get x0() {
        return read.x0()
      },
      get eps() {
        return read.eps()
      },
      waitUntil: (work) => {
        // throws here, before anything is counted, at what can't be waited for
        const work$ = from(work)
        // late work holds the run, but what has been handed back stays handed back
        const late = loans === 0
        if (!late) loans += 1
        lender.hold(frame, work$, late ? undefined : returned)
      },
      keep: () => {
        ensureLent('keep()')
        return own(algebra, shown, reading(lender, stepped), side)
      },
      save: () => {
        ensureLent('save()')
        const saved = saveState(goesOn(), shown.to)
        if (saved instanceof Promise) frame.waitUntil(saved)
        return saved
      },
      [continuation]: () => {
        ensureLent('what it goes on from')
        return goesOn()
      },
      [beginning]: () => sameRun(frame, frameOn('before')),
      [rest]: lender.rest,
    }
    return frame
  }
  const frame = frameOn('after')
  const ended = lender.lent(frame)
  return {
    frame,
    returned: () => {
      returned()
      ended()
    },
  }
}
