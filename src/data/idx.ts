/**
 * IDX, the files that MNIST and its followers come in: a magic number, the extents, and bytes.
 *
 * @see http://yann.lecun.com/exdb/mnist/
 */
import type { Shape } from '../algebra/algebra.ts'
import { sizeOf } from '../algebra/shape.ts'
import { fail, type FailureOf } from '../failure.ts'
import { E } from '../fp.ts'

/** What an IDX file holds. */
export interface Idx {
  readonly shape: Shape
  readonly data: Uint8Array
}

const UNSIGNED_BYTE = 0x08

/**
 * Reads an IDX file of unsigned bytes.
 *
 * @param path - names the file in the failure's sentence
 * @returns a function of the file's bytes, unpacked; the data are a view of them. FileUnreadable where they are something else
 *
 * @example
 * ```ts
 * const bytes = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 9)
 * expect(decodeIdx('labels')(bytes)).toEqual(E.right({ shape: [2], data: Uint8Array.of(7, 9) }))
 * ```
 */
export const decodeIdx =
  (path: string): ((bytes: Uint8Array) => E.Either<FailureOf<'FileUnreadable'>, Idx>) =>
  (bytes) => {
    const unreadable = (reason: string): E.Either<FailureOf<'FileUnreadable'>, never> =>
      E.left(fail('FileUnreadable', { path, reason }))
    const [zero, too, type, axes = 0] = bytes
    if (bytes.length < 4 || zero !== 0 || too !== 0) return unreadable('it is no IDX file')
    if (type !== UNSIGNED_BYTE)
      return unreadable(`its numbers are of IDX type ${String(type)}, and only 8, unsigned bytes, is known`)
    const start = 4 + 4 * axes
    if (bytes.length < start) return unreadable('it ends within its header')
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis))
    const [wanted, found] = [sizeOf(shape), bytes.length - start]
    if (wanted !== found)
      return unreadable(`its header speaks of ${String(wanted)} bytes, and ${String(found)} follow`)
    return E.right({ shape, data: bytes.subarray(start) })
  }
