/** Saved states from files (Node only). */
import type { SavedState } from '../diffusion/saved-state.ts'
import type { FailureOf } from '../failure.ts'
import { pipe, TE } from '../fp.ts'
import { readBytes } from './read-file.ts'
import { decodeState } from './saved-state.ts'

/**
 * Reads a saved state from a file.
 *
 * @param path - of the file, as `toStateFile` has written it
 * @returns the state; or FileUnreadable, SafetensorsInvalid or ConfigInvalid
 *
 * @example
 * ```ts
 * expect(await readState('nowhere.safetensors')()).toMatchObject(E.left({ _tag: 'FileUnreadable' }))
 * ```
 */
export const readState = (
  path: string,
): TE.TaskEither<FailureOf<'FileUnreadable' | 'SafetensorsInvalid' | 'ConfigInvalid'>, SavedState> =>
  pipe(
    readBytes(path),
    TE.chainEitherKW((bytes) => decodeState(path, bytes)),
  )
