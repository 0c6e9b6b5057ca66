/**
 * Who still reads a tensor. The run, its frames and calls under way share tensors; the last reader's release frees one.
 */

/** Counts readers. */
export interface RefCount<T> {
  readonly retain: (tensors: readonly T[]) => void
  readonly release: (tensors: readonly T[]) => void
}

/**
 * Counts the readers of tensors, and disposes of each when its last reader lets go.
 *
 * @param dispose - frees one tensor
 *
 * @example
 * ```ts
 * const freed: string[] = []
 * const readers = refCount<string>((tensor) => freed.push(tensor))
 * readers.retain(['x', 'eps'])
 * readers.retain(['x'])
 * readers.release(['x', 'eps'])
 * expect(freed).toEqual(['eps'])
 * ```
 */
export const refCount = <T>(dispose: (tensor: T) => void): RefCount<T> => {
  const readers = new Map<T, number>()
  return {
    retain: (tensors) => {
      for (const tensor of tensors) readers.set(tensor, (readers.get(tensor) ?? 0) + 1)
    },
    release: (tensors) => {
      for (const tensor of tensors) {
        const left = (readers.get(tensor) ?? 1) - 1
        if (left > 0) readers.set(tensor, left)
        else {
          readers.delete(tensor)
          dispose(tensor)
        }
      }
    },
  }
}
