/** Saved states into files (Node only). */
import { encodeState } from '../../checkpoint/saved-state.ts'
import type { SavedState } from '../../diffusion/saved-state.ts'
import { orThrow } from '../../or-throw.ts'
import { writeWhole, type Written } from './files.ts'

/**
 * Writes each state into the same file: whoever reads it, or comes back after a kill, finds the latest that is whole.
 *
 * @param path - of the file, by custom `….safetensors`; missing directories are made
 * @returns what {@link checkpointEvery} writes with; it rejects with FileUnwritable
 *
 * @example
 * ```ts
 * import { lastValueFrom } from 'rxjs'
 * const model = gaussianMixture([{ mean: 2, deviation: 0.1 }])
 * const frames$ = respace(model.schedule, trailing(50)).pipe(denoise({ model, rule: ddim(), noise: philox({ seed: 7 }) }))
 * await lastValueFrom(frames$.pipe(checkpointEvery(20, toStateFile('/dev/null'))))
 * ```
 */
export const toStateFile =
  (path: string): ((state: SavedState) => Promise<Written>) =>
  (state) =>
    orThrow(writeWhole(path, encodeState(state)))
