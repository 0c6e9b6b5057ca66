/** Bytes into a stream of Node's, one after the other (Node only). */
import type { Writable } from 'node:stream'
import { fail } from '../../failure.ts'
import { ReaderGone } from './sink.ts'

/** What a stream says when nobody reads it any more. */
const goneCodes: ReadonlySet<unknown> = new Set([
  'EPIPE',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
  'ECONNRESET',
])

const isGone = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && goneCodes.has(error.code)

/**
 * Writes into a stream.
 *
 * @param writable - the stream
 * @returns a function of the bytes, which settles when the stream has passed them on; it rejects with ReaderGone where
 *   nobody reads any more, else as the stream fails
 * @throws StreamUnwritable for a stream that is destroyed or ended before anything is written
 *
 * @example
 * ```ts
 * import { PassThrough } from 'node:stream'
 * const stream = new PassThrough()
 * await putInto(stream)(Uint8Array.of(7))
 * expect([...stream.read()]).toEqual([7])
 * ```
 */
export const putInto = (writable: Writable): ((bytes: Uint8Array) => Promise<void>) => {
  if (writable.destroyed && !isGone(writable.errored))
    throw fail('StreamUnwritable', { reason: 'it is destroyed' })
  if (writable.writableEnded) throw fail('StreamUnwritable', { reason: 'it has been ended' })
  let trouble: unknown
  writable.on('error', (error: unknown) => {
    trouble ??= error
  })
  return (bytes) =>
    new Promise((resolve, reject) => {
      const refuse = (error: unknown): void => {
        if (isGone(error)) reject(new ReaderGone())
        else reject(error instanceof Error ? error : new Error(String(error)))
      }
      const left = (): void => {
        refuse(trouble ?? Object.assign(new Error(), { code: 'EPIPE' }))
      }
      if (writable.destroyed) {
        left()
        return
      }
      // a stream that is destroyed while it is written to need not answer
      writable.once('close', left)
      writable.write(bytes, (error) => {
        writable.off('close', left)
        if (error === null || error === undefined) resolve()
        else refuse(error)
      })
    })
}
