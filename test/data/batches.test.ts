import { describe, expect, it } from 'vitest'
import { batches, pickImages, soundImages, splitImages } from '../../src/data/batches.ts'
import { imagesOf, type ImageSource } from '../../src/data/image-source.ts'
import { fail } from '../../src/failure.ts'
import { TE } from '../../src/fp.ts'
import { orThrow } from '../../src/or-throw.ts'

/** Image i is i and i + 0.5 side by side, of class i. */
const source = imagesOf(
  { shape: [5, 1, 2, 1], data: Float32Array.of(0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5) },
  { labels: [0, 1, 2, 3, 4] },
)

describe('batches', () => {
  it('shows every image once before any is shown twice, in another order each time', async () => {
    const read = batches({ seed: 7, size: 2 })(source)
    const read15 = await Promise.all(Array.from({ length: 15 }, (_, k) => orThrow(read(k))))
    const labels = read15.flatMap((batch) => batch.labels ?? [])
    const walks = Array.from({ length: 6 }, (_, i) => labels.slice(5 * i, 5 * i + 5))
    for (const walk of walks) expect(walk.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4])
    expect(new Set(walks.map(String)).size).toBeGreaterThan(3)
    for (const { images, labels: own = [] } of read15)
      expect([...images.data]).toEqual(own.flatMap((label) => [label, label + 0.5]))
  })

  it('reads batch k whatever was read before', async () => {
    const [one, other] = [batches({ seed: 7, size: 3 })(source), batches({ seed: 7, size: 3 })(source)]
    for (const k of [0, 1, 2, 3]) await orThrow(one(k))
    expect(await orThrow(other(4))).toEqual(await orThrow(one(4)))
    expect(await orThrow(batches({ seed: 8, size: 5 })(source)(0))).not.toEqual(
      await orThrow(batches({ seed: 7, size: 5 })(source)(0)),
    )
  })

  it('mirrors half of the images', async () => {
    const { images, labels = [] } = await orThrow(batches({ seed: 7, size: 200, flip: true })(source)(0))
    const turned = labels.filter((label, i) => images.data[2 * i] === label + 0.5)
    expect(turned.length).toBeGreaterThan(70)
    expect(turned.length).toBeLessThan(130)
    labels.forEach((label, i) => {
      expect(images.data[2 * i]! + images.data[2 * i + 1]!).toBe(2 * label + 0.5)
    })
  })

  it('moves images by as many pixels as allowed, each way, and repeats their edges', async () => {
    const side = 5
    const steps = Float32Array.from({ length: side * side }, (_, i) => 10 * Math.floor(i / side) + (i % side))
    const one = imagesOf({ shape: [1, side, side, 1], data: steps })
    const read = batches({ seed: 7, size: 1, crop: 1 })(one)
    const corners = new Set<number>()
    for (let k = 0; k < 100; k++) {
      const { data } = (await orThrow(read(k))).images
      const moved = data[2 * side + 2]! - steps[2 * side + 2]!
      const down = Math.round(moved / 10)
      const right = moved - 10 * down
      corners.add(moved)
      const edge = (place: number): number => Math.min(Math.max(place, 0), side - 1)
      data.forEach((value, i) => {
        expect(value).toBe(10 * edge(Math.floor(i / side) + down) + edge((i % side) + right))
      })
    }
    expect([...corners].toSorted((a, b) => a - b)).toEqual([-11, -10, -9, -1, 0, 1, 9, 10, 11])
    expect(await orThrow(batches({ seed: 7, size: 1, crop: 1 })(one)(3))).toEqual(await orThrow(read(3)))
    expect(() => batches({ seed: 7, size: 1, crop: 0.5 })).toThrow('crop is 0.5')
  })

  it('holds images back, and those alone, but never all', () => {
    expect(
      splitImages(0.9, 7)(imagesOf({ shape: [1, 1, 1, 1], data: new Float32Array(1) })).learned.count,
    ).toBe(1)
    const { learned, heldOut } = splitImages(0.4, 7)(source)
    expect([learned.count, heldOut.count]).toEqual([3, 2])
    expect([...(learned.labels ?? []), ...(heldOut.labels ?? [])].toSorted((a, b) => a - b)).toEqual([
      0, 1, 2, 3, 4,
    ])
  })

  it('leaves out what can’t be read, and says why', async () => {
    const damaged = fail('FileUnreadable', { path: '3.png', reason: 'it is damaged' })
    const rotten: ImageSource = {
      ...source,
      read: (first, end) => (first <= 3 && 3 < end ? TE.left(damaged) : source.read(first, end)),
    }
    const { source: sound, unsound } = await soundImages(rotten)()
    expect(unsound).toEqual([damaged])
    expect(sound.labels).toEqual([0, 1, 2, 4])
    expect((await orThrow(pickImages([3])(sound).read(0, 1))).data).toEqual(Float32Array.of(4, 4.5))
  })
})
