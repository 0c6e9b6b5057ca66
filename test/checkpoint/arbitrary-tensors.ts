import fc from 'fast-check'
import type { TensorData } from '../../src/checkpoint/dtype.ts'
import type { TensorValues } from '../../src/checkpoint/safetensors.ts'

const int = (bits: number, signed: boolean): fc.Arbitrary<number> =>
  signed ? fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 }) : fc.nat({ max: 2 ** bits - 1 })

const arrays: ReadonlyArray<(length: number) => fc.Arbitrary<TensorData>> = [
  (length) => fc.float32Array({ minLength: length, maxLength: length }),
  (length) => fc.float64Array({ minLength: length, maxLength: length }),
  (length) =>
    fc
      .array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), exactly(length))
      .map((a) => BigInt64Array.from(a)),
  (length) =>
    fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), exactly(length)).map((a) => BigUint64Array.from(a)),
  (length) => fc.array(int(32, true), exactly(length)).map((a) => Int32Array.from(a)),
  (length) => fc.array(int(32, false), exactly(length)).map((a) => Uint32Array.from(a)),
  (length) => fc.array(int(16, true), exactly(length)).map((a) => Int16Array.from(a)),
  (length) => fc.array(int(16, false), exactly(length)).map((a) => Uint16Array.from(a)),
  (length) => fc.array(int(8, true), exactly(length)).map((a) => Int8Array.from(a)),
  (length) => fc.array(int(8, false), exactly(length)).map((a) => Uint8Array.from(a)),
]

const exactly = (length: number): { readonly minLength: number; readonly maxLength: number } => ({
  minLength: length,
  maxLength: length,
})

const tensor: fc.Arbitrary<TensorValues> = fc
  .tuple(fc.array(fc.nat({ max: 4 }), { maxLength: 4 }), fc.constantFrom(...arrays))
  .chain(([shape, array]) =>
    array(shape.reduce((product, extent) => product * extent, 1)).map((data) => ({ shape, data })),
  )

const name = fc
  .oneof(
    fc.stringMatching(/^[a-z_]{1,8}(\.[0-9a-z_]{1,6}){0,3}$/),
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('', '0', '__proto__', 'constructor', 'toString', '"', '\\', '\u0000'),
  )
  .filter((text) => text !== '__metadata__')

export const tensors: fc.Arbitrary<ReadonlyMap<string, TensorValues>> = fc
  .uniqueArray(fc.tuple(name, tensor), { selector: ([key]) => key, maxLength: 6 })
  .map((entries) => new Map(entries))

export const metadata: fc.Arbitrary<Readonly<Record<string, string>>> = fc.dictionary(
  fc.string(),
  fc.string(),
  {
    maxKeys: 3,
    noNullPrototype: true,
  },
)
