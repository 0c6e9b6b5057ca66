/** JSON from files (Node only). */
import { fail, type FailureOf } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { parseJson } from '../json.ts'
import { readText } from './read-file.ts'

/**
 * Reads a file of JSON, as it stands there.
 *
 * @param path - of the file
 * @param most - how many bytes there may be
 * @returns FileUnreadable as {@link readText}; ConfigInvalid where it is no JSON
 *
 * @example
 * ```ts
 * const read = await readJson('pipelines/models/fashion-mnist/README.md', 10_000)()
 * expect(read).toMatchObject(E.left({ _tag: 'ConfigInvalid', reason: 'it is not valid JSON' }))
 * ```
 */
export const readJson = (
  path: string,
  most: number,
): TE.TaskEither<FailureOf<'FileUnreadable' | 'ConfigInvalid'>, unknown> =>
  pipe(
    readText(path, most),
    TE.chainEitherKW((text) =>
      pipe(
        parseJson(text),
        E.mapLeft((reason) => fail('ConfigInvalid', { path, reason })),
      ),
    ),
  )
