import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { refCount } from '../../src/stream/ref-count.ts'

describe('refCount', () => {
  it('disposes when the last reader lets go, not before', () => {
    const freed: string[] = []
    const readers = refCount<string>((tensor) => freed.push(tensor))
    readers.retain(['x', 'x', 'y'])
    readers.release(['x', 'y'])
    expect(freed).toEqual(['y'])
    readers.release(['x'])
    expect(freed).toEqual(['y', 'x'])
  })

  it('starts afresh with what was disposed of', () => {
    const freed: string[] = []
    const readers = refCount<string>((tensor) => freed.push(tensor))
    readers.retain(['x'])
    readers.release(['x'])
    readers.retain(['x'])
    readers.release(['x'])
    expect(freed).toEqual(['x', 'x'])
  })

  it('disposes of each tensor exactly once, in whatever order readers come and go', () => {
    fc.assert(
      fc.property(
        fc
          .array(fc.constantFrom('x', 'y', 'z'), { maxLength: 30 })
          .chain((reads) =>
            fc.tuple(fc.constant(reads), fc.shuffledSubarray(reads, { minLength: reads.length })),
          ),
        ([reads, releases]) => {
          const freed: string[] = []
          const readers = refCount<string>((tensor) => freed.push(tensor))
          const left = new Map<string, number>()
          for (const tensor of reads) {
            readers.retain([tensor])
            left.set(tensor, (left.get(tensor) ?? 0) + 1)
          }
          for (const tensor of releases) {
            left.set(tensor, (left.get(tensor) ?? 0) - 1)
            readers.release([tensor])
            expect(freed.includes(tensor)).toBe(left.get(tensor) === 0)
          }
          expect(freed.toSorted()).toEqual([...new Set(reads)].toSorted())
        },
      ),
    )
  })
})
