/** The seam between tasks and streams: bytes on their way, as a stream of one notice (Node only). */
import type { Writable } from 'node:stream'
import { defer, EMPTY, from, map, type Observable, catchError } from 'rxjs'
import { orThrow } from '../../or-throw.ts'
import { writeWhole, type Written } from './files.ts'
import { putInto } from './put.ts'
import { ReaderGone } from './sink.ts'

/** Where bytes go: a file, or a stream that somebody else ends. */
export type Place = string | Writable

/**
 * Writes bytes when subscribed to: a file whole, or into a stream.
 *
 * @param place - of the file, whose missing directories are made; or the stream, which is not ended
 * @param bytes - its contents
 * @returns one notice, when they are there, or none where nobody reads the stream any more; errors with FileUnwritable, or as the
 *   stream does
 *
 * @example
 * ```ts
 * expect(await firstValueFrom(written('/dev/null', new Uint8Array(3)))).toEqual({ path: '/dev/null', bytes: 3 })
 * ```
 */
export const written = (place: Place, bytes: Uint8Array): Observable<Written> =>
  typeof place === 'string'
    ? defer(() => from(orThrow(writeWhole(place, bytes))))
    : defer(() => from(putInto(place)(bytes))).pipe(
        map(() => ({ path: '-', bytes: bytes.length })),
        catchError((error: unknown) => {
          if (error instanceof ReaderGone) return EMPTY
          throw error
        }),
      )
