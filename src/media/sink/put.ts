/** Bytes into a stream of Node's, one after the other (Node only). */
import type { Writable } from 'node:stream'
import { ReaderGone } from './sink.ts'

/** What a stream says when nobody reads it any more. */
const goneCodes: ReadonlySet<unknown> = new Set([
  'EPIPE',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
  'ECONNRESET',
])

/**
 * Writes into a stream.
 *
 * @param writable - the stream
 * @returns a function of the bytes, which settles when the stream has passed them on; it rejects with ReaderGone where
 *   nobody reads any more, else as the stream fails
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
  let trouble: unknown
  writable.on('error', (error: unknown) => {
    trouble ??= error
  })
  return (bytes) =>
    new Promise((resolve, reject) => {
      const refuse = (error: unknown): void => {
        const code = error instanceof Error && 'code' in error ? error.code : undefined
        if (goneCodes.has(code)) reject(new ReaderGone())
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
