/** What files are called that sinks write (Node only). */
import { extname } from 'node:path'
import { type OperatorFunction, throwError } from 'rxjs'
import { fail } from '../../failure.ts'
import type { Place } from './written.ts'

/**
 * Refuses a file whose name says that it is something else, before the run begins. A name without an ending, as pipes and devices have,
 * says nothing.
 *
 * @param what - the sink writes, such as `a GIF`
 * @param endings - of such files, in lower case
 * @returns a function of the place and the sink, to a sink that errors with FileUnwritable where the name is wrong
 *
 * @example
 * ```ts
 * const toHtml = endingIn('a page', ['.html'])
 * await expect(firstValueFrom(of('hello').pipe(toHtml('x.txt', (text$) => text$)))).rejects.toThrow(
 *   "x.txt can't be written: the name of a page ends in .html.",
 * )
 * ```
 */
export const endingIn =
  (what: string, endings: readonly [string, ...string[]]) =>
  <A, B>(place: Place, sink: OperatorFunction<A, B>): OperatorFunction<A, B> => {
    if (typeof place !== 'string') return sink
    const ending = extname(place).toLowerCase()
    return ending === '' || endings.includes(ending)
      ? sink
      : () =>
          throwError(() =>
            fail('FileUnwritable', {
              path: place,
              reason: `the name of ${what} ends in ${endings.join(', ')}`,
            }),
          )
  }
