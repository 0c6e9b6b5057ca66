import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeSafetensors } from '../../src/checkpoint/encode-safetensors.ts'
import { headerLength } from '../../src/checkpoint/safetensors-header.ts'
import { parseSafetensors } from '../../src/checkpoint/safetensors.ts'
import type { Safetensors } from '../../src/checkpoint/safetensors.ts'
import { E } from '../../src/fp.ts'
import { goldenPath, maxAbsDifference, modelPath, readSafetensors, tensorOf } from '../support/goldens.ts'
import { metadata, tensors } from './arbitrary-tensors.ts'

/** A file with any header, however wrong. */
const file = (header: unknown, dataSize: number): Uint8Array => {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + json.length + dataSize)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true)
  bytes.set(json, 8)
  return bytes
}

const f32 = (shape: unknown, ...offsets: readonly unknown[]): unknown => ({
  dtype: 'F32',
  shape,
  data_offsets: offsets,
})

const right = (parsed: E.Either<Error, Safetensors>): Safetensors => {
  if (E.isLeft(parsed)) throw parsed.left
  return parsed.right
}

describe('parseSafetensors', () => {
  it('reads what was written', () => {
    fc.assert(
      fc.property(tensors, metadata, (written, texts) => {
        const read = right(parseSafetensors('a', encodeSafetensors(written, texts)))
        expect(read.metadata).toEqual(texts)
        expect(new Map([...read.tensors].toSorted())).toEqual(new Map([...written].toSorted()))
      }),
    )
  })

  it('reads its own copy, from anywhere in memory', () => {
    const written = new Map([['w', { shape: [2], data: Float32Array.of(1, 2) }]])
    const bytes = encodeSafetensors(written)
    const shifted = new Uint8Array(bytes.length + 3)
    shifted.set(bytes, 3)
    const read = parseSafetensors('a', shifted.subarray(3))
    shifted.fill(255)
    expect(right(read).tensors).toEqual(written)
  })

  // the one reading of a changed header that is not refused describes the same bytes by another name or the same width
  it('never throws at a changed byte, and never reads other bytes than the header says', () => {
    fc.assert(
      fc.property(tensors, fc.nat(), fc.nat({ max: 255 }), (written, at, byte) => {
        const bytes = encodeSafetensors(written, { made: 'here' })
        const length = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))
        bytes[at % length] = byte
        const parsed = parseSafetensors('a', bytes)
        if (E.isLeft(parsed)) expect(parsed.left._tag).toBe('SafetensorsInvalid')
        else {
          const sizes = [...parsed.right.tensors.values()].map(({ shape }) =>
            shape.reduce((n, extent) => n * extent, 1),
          )
          expect([...parsed.right.tensors.values()].map(({ data }) => data.length)).toEqual(sizes)
          expect(parsed.right.tensors.size).toBe(written.size)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('refuses every file that was cut off or grew', () => {
    fc.assert(
      fc.property(tensors, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 9 }), (written, at, more) => {
        const bytes = encodeSafetensors(written)
        expect(E.isLeft(parseSafetensors('a', bytes.subarray(0, at % bytes.length)))).toBe(true)
        expect(E.isLeft(parseSafetensors('a', Uint8Array.of(...bytes, ...more)))).toBe(true)
      }),
    )
  })

  it('never throws at arbitrary JSON', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (header) => {
        const parsed = parseSafetensors('a', file(header, 4))
        expect(E.isLeft(parsed)).toBe(true)
      }),
    )
  })

  it.each<readonly [string, Uint8Array, string]>([
    ['empty', new Uint8Array(0), 'it has 0 bytes, too few for a header'],
    ['seven bytes', new Uint8Array(7), 'it has 7 bytes, too few for a header'],
    [
      'a header longer than the file',
      file('{}', 0).with(0, 200),
      'its header is said to have 200 bytes, but only 2 follow',
    ],
    [
      'a header above the limit',
      file('{}', 0).with(7, 1),
      'its header is said to have 72057594037927938 bytes, more than the 100000000 that are allowed',
    ],
    ['no header', file('', 0), "its header can't be read: it is not valid JSON"],
    ['another format', file('\u0080\u0002ctorch', 0), "its header can't be read: it is not valid JSON"],
    ['broken JSON', file('{"w": ', 0), "its header can't be read: it is not valid JSON"],
    ['bytes that are no text', file('{}', 0).with(8, 0xff), "its header can't be read: it is not UTF-8 text"],
    ['a list', file([], 0), "its header can't be read: it is not a JSON object"],
    ['null', file(null, 0), "its header can't be read: it is not a JSON object"],
    ['metadata in a list', file({ __metadata__: [] }, 0), 'its __metadata__ is not an object'],
    [
      'metadata with numbers',
      file({ __metadata__: { epoch: 3 } }, 0),
      'its __metadata__ has 3 under epoch, and only text is allowed',
    ],
    ['a tensor that is a number', file({ w: 3 }, 0), 'w is described by 3, which is not an object'],
    [
      'a tensor nested without end',
      file(`{"w": ${'['.repeat(1e5)}${']'.repeat(1e5)}}`, 0),
      'w is described by nested too deeply to show, which is not an object',
    ],
    [
      'no dtype',
      file({ w: { shape: [], data_offsets: [0, 4] } }, 4),
      'the dtype of w is missing; what can be read is U64, I64, F64, F32, U32, I32, BF16, F16, U16, I16, I8, U8, BOOL',
    ],
    [
      'an unknown dtype',
      file({ w: { dtype: 'F8_E4M3', shape: [4], data_offsets: [0, 4] } }, 4),
      'the dtype of w is "F8_E4M3"; what can be read is U64, I64, F64, F32, U32, I32, BF16, F16, U16, I16, I8, U8, BOOL',
    ],
    [
      'a dtype that every object has',
      file({ w: { dtype: 'toString', shape: [4], data_offsets: [0, 4] } }, 4),
      'the dtype of w is "toString"; what can be read is U64, I64, F64, F32, U32, I32, BF16, F16, U16, I16, I8, U8, BOOL',
    ],
    [
      'no shape',
      file({ w: f32(undefined, 0, 4) }, 4),
      'the shape of w is missing, which is not a list of whole numbers from 0',
    ],
    [
      'a negative extent',
      file({ w: f32([-1], 0, 4) }, 4),
      'the shape of w is [-1], which is not a list of whole numbers from 0',
    ],
    [
      'a broken extent',
      file({ w: f32([0.5], 0, 4) }, 4),
      'the shape of w is [0.5], which is not a list of whole numbers from 0',
    ],
    [
      'a shape that is text',
      file({ w: f32('1', 0, 4) }, 4),
      'the shape of w is "1", which is not a list of whole numbers from 0',
    ],
    [
      'one offset',
      file({ w: f32([1], 0) }, 4),
      'the data_offsets of w are [0], which are not two whole numbers from 0',
    ],
    [
      'a negative offset',
      file({ w: f32([1], -4, 0) }, 4),
      'the data_offsets of w are [-4,0], which are not two whole numbers from 0',
    ],
    [
      'an offset beyond all files',
      file({ w: f32([1], 0, 1e300) }, 4),
      'the data_offsets of w are [0,1e+300], which are not two whole numbers from 0',
    ],
    [
      'too few bytes',
      file({ w: f32([2, 3], 0, 20) }, 20),
      'w has 20 bytes, but F32 of the shape [2,3] takes 24',
    ],
    [
      'offsets the wrong way',
      file({ w: f32([1], 4, 0) }, 4),
      'w has -4 bytes, but F32 of the shape [1] takes 4',
    ],
    [
      'a shape beyond all files',
      file({ w: f32([2 ** 40, 2 ** 40], 0, 4) }, 4),
      'w has 4 bytes, but F32 of the shape [1099511627776,1099511627776] takes 4.835703278458517e+24',
    ],
    ['truncation', file({ w: f32([2], 0, 8) }, 7), 'w ends at byte 8 of the data, but there are only 7'],
    [
      'an overlap',
      file({ v: f32([2], 0, 8), w: f32([2], 4, 12) }, 12),
      'w begins at byte 4 of the data, within another tensor',
    ],
    [
      'one place for two',
      file({ v: f32([1], 0, 4), w: f32([1], 0, 4) }, 4),
      'w begins at byte 0 of the data, within another tensor',
    ],
    [
      'a gap',
      file({ v: f32([1], 0, 4), w: f32([1], 8, 12) }, 12),
      'the bytes 4 to 7 of the data belong to no tensor',
    ],
    [
      'a gap at the start',
      file({ w: f32([1], 4, 8) }, 8),
      'the bytes 0 to 3 of the data belong to no tensor',
    ],
    ['bytes too many', file({ w: f32([1], 0, 4) }, 6), 'the bytes 4 to 5 of the data belong to no tensor'],
  ])('refuses a file with %s', (_, bytes, reason) => {
    const parsed = parseSafetensors('weights.safetensors', bytes)
    expect(E.isLeft(parsed) && parsed.left.message).toBe(
      `weights.safetensors is not a sound safetensors file: ${reason}.`,
    )
    expect(E.isLeft(parsed) && parsed.left._tag).toBe('SafetensorsInvalid')
  })

  it.each<readonly [string, Uint8Array]>([
    ['nothing', file({}, 0)],
    ['a scalar', file({ w: f32([], 0, 4) }, 4)],
    [
      'an empty tensor between others',
      file({ v: f32([1], 0, 4), e: f32([3, 0], 4, 4), w: f32([1], 4, 8) }, 8),
    ],
    ['spaces after the header', file('{}      ', 0)],
    [
      'more facts about a tensor',
      file({ w: { dtype: 'U8', shape: [1], data_offsets: [0, 1], note: 'x' } }, 1),
    ],
  ])('reads a file with %s', (_, bytes) => {
    expect(E.isRight(parseSafetensors('a', bytes))).toBe(true)
  })

  it.each<readonly [string, readonly number[], unknown]>([
    ['F16', [0x00, 0x3c, 0x00, 0xc0], Float32Array.of(1, -2)],
    ['BF16', [0x80, 0x3f, 0x00, 0xc0], Float32Array.of(1, -2)],
    ['BOOL', [0, 1], Uint8Array.of(0, 1)],
    ['I64', [...Array<number>(8).fill(255), 1, 0, 0, 0, 0, 0, 0, 0], BigInt64Array.of(-1n, 1n)],
  ])('reads %s', (dtype, data, values) => {
    const bytes = file({ w: { dtype, shape: [2], data_offsets: [0, data.length] } }, data.length)
    bytes.set(data, bytes.length - data.length)
    expect(right(parseSafetensors('a', bytes)).tensors.get('w')).toEqual({ shape: [2], data: values })
  })

  it('reads the default model as another reader does: 1,624,577 parameters', () => {
    const path = modelPath('diffusion_pytorch_model.safetensors')
    const { tensors: found } = right(parseSafetensors(path, readFileSync(path)))
    const { tensors: expected } = readSafetensors(path)
    expect([...found.values()].reduce((sum, { data }) => sum + data.length, 0)).toBe(1_624_577)
    expect([...found.keys()]).toEqual([...expected.keys()])
    for (const [name, { shape, data }] of found) {
      const { shape: theirShape, data: theirs } = tensorOf({ tensors: expected, metadata: {} }, name)
      expect(shape).toEqual(theirShape)
      expect(maxAbsDifference(Float64Array.from(data, Number), theirs)).toBe(0)
    }
  })
})

describe('headerLength', () => {
  it('takes the longest header that is allowed, and not one byte more', () => {
    const prefix = (length: bigint): Uint8Array => new Uint8Array(BigUint64Array.of(length).buffer)
    expect(headerLength('a', prefix(100_000_000n), 1e9)).toEqual(E.right(100_000_000))
    expect(E.isLeft(headerLength('a', prefix(100_000_001n), 1e9))).toBe(true)
  })
})

describe('encodeSafetensors', () => {
  it('writes a file of the format’s own library again, byte by byte', () => {
    const path = goldenPath('unet/ddpm-like/diffusion_pytorch_model.safetensors')
    const bytes = readFileSync(path)
    const { tensors: read, metadata: texts } = right(parseSafetensors(path, bytes))
    expect(bytes.equals(encodeSafetensors(read, texts))).toBe(true)
  })

  it('refuses an array that is not as long as its shape says', () => {
    const tensor = { shape: [2, 2], data: Float32Array.of(1) }
    expect(() => encodeSafetensors(new Map([['w', tensor]]))).toThrow(
      'w has 1 values, but its shape [2, 2] says 4',
    )
  })

  it('refuses to call a tensor __metadata__', () => {
    const tensor = { shape: [], data: Float32Array.of(1) }
    expect(() => encodeSafetensors(new Map([['__metadata__', tensor]]))).toThrow(RangeError)
  })
})
