import fc from 'fast-check'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { lastValueFrom, toArray } from 'rxjs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fitPicture } from '../../src/data/fit-picture.ts'
import { decodeIdx } from '../../src/data/idx.ts'
import { imageBatches, takeImages } from '../../src/data/image-source.ts'
import { defaultImages, openImages } from '../../src/data/open-images.ts'
import { type Raster, resample } from '../../src/data/resample.ts'
import { E } from '../../src/fp.ts'
import { encodeNpy } from '../../src/media/format/npy.ts'
import { encodePng } from '../../src/media/format/png.ts'
import type { Picture } from '../../src/media/picture/picture.ts'
import { orThrow } from '../../src/or-throw.ts'

let room: string
beforeAll(() => {
  room = mkdtempSync(join(tmpdir(), 'rxdiffusion-data-'))
})
afterAll(() => {
  rmSync(room, { recursive: true })
})

const put = (name: string, bytes: Uint8Array): string => {
  const path = join(room, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, bytes)
  return path
}
const dot = (...data: readonly number[]): Picture => ({
  width: 1,
  height: 1,
  channels: data.length as Picture['channels'],
  data: Uint8Array.from(data),
})
const png = (picture: Picture): Uint8Array => encodePng()(picture)

/** What opening says is wrong. */
const refused = async (path: string, shape = [1, 1, 1]): Promise<string> => {
  const opened = await openImages(path, { shape })()
  return E.isLeft(opened) ? opened.left.message.replaceAll(room, '') : 'it was opened'
}

/** An IDX file by hand: magic, extents, bytes. */
const idx = (shape: readonly number[], bytes: readonly number[]): Uint8Array => {
  const extents = shape.flatMap((extent) => [0, 0, extent >> 8, extent & 255])
  return Uint8Array.from([0, 0, 8, shape.length, ...extents, ...bytes])
}

describe('IDX files', () => {
  it('are read as they are, packed or not, with the labels beside them', async () => {
    const images = idx([3, 1, 2], [0, 255, 51, 102, 153, 204])
    const labels = idx([3], [7, 8, 9])
    for (const [images_, labels_] of [
      [put('plain/a-images-idx3-ubyte', images), put('plain/a-labels-idx1-ubyte', labels)],
      [
        put('packed/a-images-idx3-ubyte.gz', gzipSync(images)),
        put('packed/a-labels-idx1-ubyte.gz', gzipSync(labels)),
      ],
    ] as const) {
      expect(labels_).toContain('labels')
      const source = await orThrow(openImages(images_, { shape: [1, 2, 1] }))
      expect([source.count, source.labels]).toEqual([3, [7, 8, 9]])
      const { shape, data } = await orThrow(source.read(1, 3))
      expect(shape).toEqual([2, 1, 2, 1])
      ;[51, 102, 153, 204].forEach((byte, i) => expect(data[i]).toBeCloseTo(byte / 127.5 - 1, 6))
    }
  })

  it('have no labels where there are none, and are refused where these are not as many', async () => {
    const path = put('few/b-images-idx3-ubyte', idx([2, 1, 1], [1, 2]))
    expect((await orThrow(openImages(path, { shape: [1, 1, 1] }))).labels).toBeUndefined()
    put('few/b-labels-idx1-ubyte', idx([3], [1, 2, 3]))
    expect(await refused(path)).toBe(
      "/few/b-images-idx3-ubyte doesn't suit the model: there are 2 images in it, and 3 labels beside it.",
    )
  })

  it('come with the package: the first 512 test images of Fashion-MNIST', async () => {
    const source = await orThrow(openImages(defaultImages, { shape: [28, 28, 1] }))
    const { data } = await orThrow(source.read(0, 16))
    const raw = readFileSync('test/data/fashion-mnist/t10k-16-images-idx3-ubyte').subarray(16)
    expect(Math.max(...data.map((x, i) => Math.abs(x - (raw[i]! / 127.5 - 1))))).toBeLessThan(1e-6)
    expect(source.labels?.slice(0, 16)).toEqual([
      ...readFileSync('test/data/fashion-mnist/t10k-16-labels-idx1-ubyte').subarray(8),
    ])
  })

  it('are never trusted', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const decoded = decodeIdx('x')(bytes)
        if (E.isRight(decoded)) {
          const { shape, data } = decoded.right
          expect(data.length).toBe(shape.reduce((size, extent) => size * extent, 1))
        } else expect(decoded.left._tag).toBe('FileUnreadable')
      }),
    )
    const cut = idx([2, 2], [1, 2, 3])
    expect(decodeIdx('x')(cut)).toMatchObject(
      E.left({ reason: 'its header speaks of 4 bytes, and 3 follow' }),
    )
  })

  it('are refused where the gzip around them is damaged', async () => {
    const packed = gzipSync(idx([1, 1, 1], [7]))
    packed[packed.length - 5] = packed[packed.length - 5]! ^ 255
    expect(await refused(put('damaged-images-idx3-ubyte.gz', packed))).toContain('it is a damaged gzip file')
  })
})

describe('PNG files', () => {
  it('of a folder come in the order of their names, or by class where there is a folder for each', async () => {
    put('flat/b.png', png(dot(255)))
    put('flat/a.png', png(dot(0)))
    put('flat/notes.txt', Uint8Array.of(1))
    const flat = await orThrow(openImages(join(room, 'flat'), { shape: [1, 1, 1] }))
    expect([...(await orThrow(flat.read(0, 2))).data]).toEqual([-1, 1])
    expect(flat.labels).toBeUndefined()

    put('classes/shoe/1.png', png(dot(255)))
    put('classes/bag/1.png', png(dot(0)))
    put('classes/bag/2.png', png(dot(51)))
    const classes = await orThrow(openImages(join(room, 'classes'), { shape: [1, 1, 1] }))
    expect([classes.labels, classes.classes]).toEqual([
      [0, 0, 1],
      ['bag', 'shoe'],
    ])
  })

  it('are refused where they are damaged, no PNG, or of absurd size', async () => {
    const whole = png(dot(7))
    const read = async (bytes: Uint8Array): Promise<string> => {
      const source = await orThrow(openImages(put('x.png', bytes), { shape: [1, 1, 1] }))
      const result = await source.read(0, 1)()
      return E.isLeft(result) ? result.left.message.replaceAll(room, '') : 'it was read'
    }
    expect(await read(Uint8Array.of(1, 2, 3))).toBe("/x.png can't be read: it is no PNG file.")
    expect(await read(whole.subarray(0, 45))).toBe("/x.png can't be read: it is a damaged PNG file.")
    const huge = Uint8Array.from(whole)
    new DataView(huge.buffer).setUint32(16, 2 ** 30)
    expect(await read(huge)).toBe("/x.png can't be read: its 1073741824×1 pixels are too many.")
  })
})

describe('.npy files', () => {
  it('are images channels last, channels first, or alone', async () => {
    const data = Float32Array.from({ length: 12 }, (_, i) => i / 12)
    const open = async (shape: readonly number[]) => {
      const source = await orThrow(openImages(put('a.npy', encodeNpy({ shape, data })), { shape: [1, 2, 3] }))
      return { count: source.count, data: [...(await orThrow(source.read(0, source.count))).data] }
    }
    expect(await open([2, 1, 2, 3])).toEqual({ count: 2, data: [...data] })
    const first = await open([2, 3, 1, 2])
    expect(first.count).toBe(2)
    expect(first.data.slice(0, 6)).toEqual([0, 2, 4, 1, 3, 5].map((i) => data[i]))
  })

  it('are refused where they are no images of the model', async () => {
    const wrong = put('wrong.npy', encodeNpy({ shape: [4], data: new Float32Array(4) }))
    expect(await refused(wrong)).toContain('it holds numbers of shape [4]')
    const bright = put('bright.npy', encodeNpy({ shape: [1, 1, 1], data: Float32Array.of(200) }))
    expect(await refused(bright)).toContain('200 is among its numbers, and images lie in [−1, 1]')
  })
})

describe('what is no image', () => {
  it.each([
    ['nowhere.png', "/nowhere.png can't be read: it does not exist."],
    ['empty', "/empty can't be read: there are no PNG files in it."],
    ['a.txt', 'images are .png or .npy files, IDX files'],
  ])('%s is refused', async (name, reason) => {
    mkdirSync(join(room, 'empty'), { recursive: true })
    put('a.txt', Uint8Array.of(1))
    expect(await refused(join(room, name))).toContain(reason)
  })
})

describe('fitPicture', () => {
  it('changes nothing that anybody could see', () => {
    const grey = fitPicture([1, 1, 1], false)
    const same = E.right(Float32Array.of(51 / 127.5 - 1))
    for (const picture of [dot(51), dot(51, 51, 51), dot(51, 51, 51, 255)])
      expect(grey(picture)).toEqual(same)
    for (const picture of [dot(51, 52, 51), dot(51, 51, 51, 254)]) expect(E.isLeft(grey(picture))).toBe(true)
    const colour = fitPicture([1, 1, 3], false)
    expect(colour(dot(0))).toEqual(E.right(Float32Array.of(-1, -1, -1)))
  })

  it('makes colours grey by what the eye weighs, and transparency black, where it may', () => {
    const grey = fitPicture([1, 1, 1], true)
    const value = (picture: Picture): number => {
      const fitted = grey(picture)
      return E.isRight(fitted) ? fitted.right[0]! : NaN
    }
    expect(value(dot(255, 0, 0))).toBeCloseTo(2 * 0.2126 - 1, 5)
    expect(value(dot(0, 255, 0))).toBeCloseTo(2 * 0.7152 - 1, 5)
    expect(value(dot(255, 255, 255, 0))).toBe(-1)
  })
})

describe('resample', () => {
  const raster = (width: number, height: number) =>
    fc
      .array(fc.integer({ min: 0, max: 255 }), { minLength: width * height, maxLength: width * height })
      .map((data): Raster => ({ width, height, channels: 1, data: Float32Array.from(data) }))

  it('leaves a picture of the size as it is, and one colour one colour', () => {
    fc.assert(
      fc.property(
        raster(3, 4),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        (one, w, h) => {
          expect(resample(3, 4)(one)).toBe(one)
          const flat = { ...one, data: one.data.map(() => 77) }
          for (const byte of resample(w, h)(flat).data) expect(byte).toBeCloseTo(77, 3)
        },
      ),
    )
  })

  it('stays between the darkest and the brightest, and keeps the mean of what is made smaller', () => {
    fc.assert(
      fc.property(raster(8, 8), (one) => {
        const half = resample(4, 4)(one)
        const [least, most] = [Math.min(...one.data), Math.max(...one.data)]
        for (const byte of half.data) {
          expect(byte).toBeGreaterThanOrEqual(least - 1e-3)
          expect(byte).toBeLessThanOrEqual(most + 1e-3)
        }
      }),
    )
    const ramp: Raster = {
      width: 8,
      height: 1,
      channels: 1,
      data: Float32Array.from([0, 1, 2, 3, 4, 5, 6, 7]),
    }
    const mean = (data: Float32Array): number => data.reduce((sum, x) => sum + x, 0) / data.length
    expect(mean(resample(4, 1)(ramp).data)).toBeCloseTo(3.5, 5)
  })
})

describe('imageBatches', () => {
  it('reads everything once, in portions, with the classes that belong to them', async () => {
    const all = idx([5, 1, 1], [0, 1, 2, 3, 4])
    put('five/c-labels-idx1-ubyte', idx([5], [5, 6, 7, 8, 9]))
    const source = await orThrow(openImages(put('five/c-images-idx3-ubyte', all), { shape: [1, 1, 1] }))
    const batches = await lastValueFrom(imageBatches(2)(source).pipe(toArray()))
    expect(batches.map(({ first, labels, images }) => [first, labels, images.data.length])).toEqual([
      [0, [5, 6], 2],
      [2, [7, 8], 2],
      [4, [9], 1],
    ])
    expect(takeImages(3)(source).count).toBe(3)
  })
})
