/** What a constructor refuses, as a value. */
import { type Failure, isFailure } from './failure.ts'
import { E } from './fp.ts'

/**
 * Runs a constructor; a failure that it throws is the left, and a defect is thrown on.
 *
 * @example
 * ```ts
 * expect(attempt(() => trailing(0))).toMatchObject(E.left({ _tag: 'SpacingInvalid' }))
 * ```
 */
export const attempt = <A>(make: () => A): E.Either<Failure, A> =>
  E.tryCatch(make, (error) => {
    if (isFailure(error)) return error
    throw error
  })
