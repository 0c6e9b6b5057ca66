/** A sink: the last images of a run, as numbers. */
import { concatMap, type OperatorFunction } from 'rxjs'
import { toChannelsFirst } from '../../algebra/layout.ts'
import type { Frame } from '../../stream/frame.ts'
import { lastSnapshot } from '../../stream/snapshot.ts'
import { endingIn } from './ending-in.ts'
import type { Written } from './files.ts'
import { encodeNpy } from '../format/npy.ts'
import { type Place, written } from './written.ts'

/**
 * Writes the last x_t as `.npy`: float32, `[rows, channels, height, width]` as torch has it. The data's range
 * is `[−1, 1]`; what the sampler left a little outside stays there.
 *
 *     frames   --a--b--c|
 *     toNpy    ----------(W|)
 *
 * @remarks
 * The file is written when the frames complete, whole or not at all; where none came or they fail, there is no file.
 *
 * @param place - of the file, whose missing directories are made; or a stream, which is not ended
 * @returns one notice, when the file is there; errors with FileUnwritable, or as the frames do
 *
 * @example
 * ```ts
 * expect(toNpy('out/samples.npy')).toBeTypeOf('function')
 * ```
 */
export const toNpy = <T>(place: Place): OperatorFunction<Frame<T>, Written> =>
  endingIn('an array', ['.npy'])(place, (frames$) =>
    frames$.pipe(
      lastSnapshot(),
      concatMap(({ xt: images }) => written(place, encodeNpy(toChannelsFirst(images)))),
    ),
  )
