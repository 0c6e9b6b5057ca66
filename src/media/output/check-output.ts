/** Whether an output could be written, found out before anything is computed. */
import { join } from 'node:path'
import type { FailureOf } from '../../failure.ts'
import { pipe, TE } from '../../fp.ts'
import { checkWritable } from '../sink/files.ts'
import { checkVideo } from '../sink/to-video.ts'
import { type Output, standardOutput } from './output.ts'

/**
 * Whether an output could be written here. Leaves nothing behind.
 *
 * @returns FileUnwritable; EncoderMissing for a video where there is no ffmpeg, or it lacks the encoder
 *
 * @example
 * ```ts
 * expect(await checkOutput({ kind: 'grid', path: '/dev/null/x.png' })()).toMatchObject({ left: { _tag: 'FileUnwritable' } })
 * ```
 */
export const checkOutput = ({
  kind,
  path,
}: Output): TE.TaskEither<FailureOf<'FileUnwritable' | 'EncoderMissing'>, void> => {
  if (path === standardOutput) return TE.right(undefined)
  if (kind === 'frames') return checkWritable(join(path, '0001.png'))
  if (kind !== 'video') return checkWritable(path)
  return pipe(
    checkWritable(path),
    TE.chainW(() => checkVideo(path)),
  )
}
