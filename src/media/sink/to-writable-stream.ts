/** A sink that writes a run's pictures into a stream of the web's (isomorphic). */
import type { OperatorFunction } from 'rxjs'
import { fail } from '../../failure.ts'
import type { Frame } from '../../stream/frame.ts'
import { checkOptions } from './check-options.ts'
import { pictures, type Pictured, type PicturesOptions } from './pictures.ts'
import { sinkOf } from './sink.ts'

/**
 * Writes a run's pictures into a `WritableStream`: a canvas, a worker, a fetch, a WebCodecs encoder.
 *
 *     frames             --a--b--c|
 *     toWritableStream   ----------(n|)
 *
 * @remarks
 * The run waits for the stream's `write`. The stream is closed however the run ends, and aborted where writing fails.
 *
 * @param stream - of pictures, or of what `encode` makes of them
 * @param encode - from a picture to a chunk, such as {@link toImageData}
 * @param options - which frames, and how they look
 * @returns how many chunks were written, when the stream is closed; errors as the stream or the frames do,
 * and with StreamUnwritable where the stream is locked or closed before
 *
 * @example
 * ```ts
 * const stream = new WritableStream<number>({ write: () => undefined })
 * expect(toWritableStream(stream, ({ data }) => data.length)).toBeTypeOf('function')
 * ```
 */
export const toWritableStream = <T, Chunk>(
  stream: WritableStream<Chunk>,
  encode: (picture: Pictured['picture'], transition: Pictured['transition']) => Chunk,
  options: PicturesOptions = {},
): OperatorFunction<Frame<T>, number> => {
  checkOptions('toWritableStream', options)
  const sink = sinkOf(() => {
    if (stream.locked)
      throw fail('StreamUnwritable', { reason: 'it is locked, by a writer or a pipe of its own' })
    const writer = stream.getWriter()
    let chunks = 0
    let closed = false
    writer.closed.then(
      () => {
        closed = true
      },
      // an error comes with the next write
      () => undefined,
    )
    return {
      take: async ({ picture, transition }: Pictured) => {
        await writer.ready
        if (closed) throw fail('StreamUnwritable', { reason: 'it is closed' })
        await writer.write(encode(picture, transition))
        chunks += 1
      },
      finish: async () => {
        await writer.close()
        return chunks
      },
      abandon: async () => {
        await writer.abort().catch(() => undefined)
      },
    }
  })
  return (frames$) => frames$.pipe(pictures(options), sink)
}
