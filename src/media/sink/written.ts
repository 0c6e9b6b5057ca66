/** The seam between tasks and streams: a file on the way, as a stream of one notice (Node only). */
import { defer, from, map, type Observable } from 'rxjs'
import { E } from '../../fp.ts'
import { writeWhole, type Written } from './files.ts'

/**
 * Writes a file whole when subscribed to.
 *
 * @param path - where it goes; missing directories are made
 * @param bytes - its contents
 * @returns one notice, when the file is there; errors with FileUnwritable
 *
 * @example
 * ```ts
 * expect(await firstValueFrom(written('/dev/null', new Uint8Array(3)))).toEqual({ path: '/dev/null', bytes: 3 })
 * ```
 */
export const written = (path: string, bytes: Uint8Array): Observable<Written> =>
  defer(() => from(writeWhole(path, bytes)())).pipe(
    map((result) => {
      if (E.isLeft(result)) throw result.left
      return result.right
    }),
  )
