/**
 * Lending out a step: a frame can be read until its loans have ended.
 */
import { from, type Observable, type ObservableInput } from 'rxjs'
import type { VectorAlgebra } from '../algebra/algebra.ts'
import type { SavedState } from '../diffusion/saved-state.ts'
import type { Transition } from '../diffusion/transition.ts'
import { fail } from '../failure.ts'
import { continuation, type Continuation } from './continuation.ts'
import { beginning, type Frame, type OwnedFrame, rest } from './frame.ts'
import { openReading, type Reading, Shown, type Side } from './reading.ts'
import type { RefCount } from './ref-count.ts'
import { saveState } from './save-state.ts'
import { sameRun } from './settled.ts'
import type { Stepped } from './step.ts'

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

/** A step as it is lent out; its frames share it. */
interface Loan<T> {
  readonly lender: Lender<T>
  readonly stepped: Stepped<T>
  readonly onward: Continuation<T>
  readonly reading: Reading<T>
  /** How many loans have not ended. */
  count: number
}

const giveBack = <T>(loan: Loan<T>): void => {
  loan.count -= 1
  if (loan.count === 0) loan.reading.letGo()
}

const ensureLent = <T>({ count, stepped }: Loan<T>, field: string): void => {
  if (count === 0) throw fail('FrameExpired', { step: stepped.transition.index, field })
}

/** A frame whose owner says when it has been read. */
class Owned<T> extends Shown<T> implements OwnedFrame<T> {
  [Symbol.dispose](): void {
    this.reading.letGo()
  }
}

/** Not a step, but where one starts: nothing has been done to its x. */
const noStep = (transition: Transition): Transition => ({
  ...transition,
  index: transition.index - 1,
  to: transition.from,
})

class Lent<T> extends Shown<T> implements Frame<T> {
  readonly [rest]: Observable<never>
  readonly #loan: Loan<T>

  constructor(loan: Loan<T>, side: Side) {
    const { transition } = loan.stepped
    super(side === 'after' ? transition : noStep(transition), loan.lender.algebra, loan.reading, side)
    this[rest] = loan.lender.rest
    this.#loan = loan
  }

  // fields and not methods, since frames are taken apart
  readonly waitUntil = (work: ObservableInput<unknown>): void => {
    // throws here, before anything is counted, at what can't be waited for
    const work$ = from(work)
    const loan = this.#loan
    // late work holds the run, but what has been handed back stays handed back
    const late = loan.count === 0
    if (!late) loan.count += 1
    const returned = (): void => {
      giveBack(loan)
    }
    loan.lender.hold(this, work$, late ? undefined : returned)
  }

  readonly keep = (): OwnedFrame<T> => {
    ensureLent(this.#loan, 'keep()')
    const { lender, stepped } = this.#loan
    const reading = openReading(lender.algebra, lender.readers, stepped)
    return new Owned(this.transition, this.algebra, reading, this.side)
  }

  readonly save = (): SavedState | Promise<SavedState> => {
    ensureLent(this.#loan, 'save()')
    const saved = saveState(this.#onward(), this.transition.to)
    if (saved instanceof Promise) this.waitUntil(saved)
    return saved
  }

  readonly [continuation] = (): Continuation<T> => {
    ensureLent(this.#loan, 'what it goes on from')
    return this.#onward()
  }

  readonly [beginning] = (): Frame<T> => sameRun(this, new Lent(this.#loan, 'before'))

  #onward(): Continuation<T> {
    const { onward, stepped } = this.#loan
    if (this.side === 'after') return onward
    return { ...onward, latent: stepped.previous, ahead: () => [stepped.transition, ...onward.ahead()] }
  }
}

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
  const reading = openReading(lender.algebra, lender.readers, stepped)
  const loan: Loan<T> = { lender, stepped, onward, reading, count: 1 }
  const frame = new Lent(loan, 'after')
  const ended = lender.lent(frame)
  return {
    frame,
    returned: () => {
      giveBack(loan)
      ended()
    },
  }
}
