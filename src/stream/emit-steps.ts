/**
 * Steps, or why there are none, as a stream.
 */
import { from, type Observable, throwError } from 'rxjs'
import type { Transition } from '../diffusion/transition.ts'
import type { Failure } from '../failure.ts'
import { E } from '../fp.ts'

/**
 * Emits steps and completes, or errors with why there are none.
 *
 * @example
 * ```ts
 * const none = fail('TooManySteps', { steps: 2000, trained: 1000 })
 * await expect(firstValueFrom(emitSteps(E.left(none)))).rejects.toBe(none)
 * ```
 */
export const emitSteps: (steps: E.Either<Failure, readonly Transition[]>) => Observable<Transition> = E.match(
  (failure) => throwError(() => failure),
  (steps) => from(steps),
)
