/**
 * The peers' reference values, read by a reader of their own: it shares nothing with the one under test.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A tensor of a golden file, widened to double precision. */
export interface Golden {
  readonly shape: readonly number[]
  readonly data: Float64Array
  readonly dtype: string
}

/** A golden file. */
export interface Goldens {
  readonly tensors: ReadonlyMap<string, Golden>
  readonly metadata: Readonly<Record<string, string>>
}

/** The path of a file below test/goldens. */
export const goldenPath = (name: string): string =>
  fileURLToPath(new URL(`../goldens/${name}`, import.meta.url))

/** The path of a file of the default model. */
export const modelPath = (name: string): string =>
  fileURLToPath(new URL(`../../pipelines/models/fashion-mnist/${name}`, import.meta.url))

/** The JSON of a file. */
export const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))

const widen: Readonly<Record<string, (bytes: ArrayBuffer) => Float64Array>> = {
  F64: (bytes) => new Float64Array(bytes),
  F32: (bytes) => Float64Array.from(new Float32Array(bytes)),
  I64: (bytes) => Float64Array.from(new BigInt64Array(bytes), Number),
  I32: (bytes) => Float64Array.from(new Int32Array(bytes)),
  U8: (bytes) => Float64Array.from(new Uint8Array(bytes)),
}

/** Reads a safetensors file: eight bytes of length, a JSON header, the data. */
export const readSafetensors = (path: string): Goldens => {
  const file = readFileSync(path)
  const bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength)
  const start = 8 + Number(new DataView(bytes).getBigUint64(0, true))
  const header = JSON.parse(new TextDecoder().decode(bytes.slice(8, start))) as Record<
    string,
    { readonly dtype: string; readonly shape: number[]; readonly data_offsets: [number, number] }
  >
  const { __metadata__: metadata, ...entries } = header
  const tensors = Object.entries(entries).map(
    ([
      name,
      {
        dtype,
        shape,
        data_offsets: [from, to],
      },
    ]) => {
      const read = widen[dtype]
      if (read === undefined) throw new Error(`${path}: no reader for ${dtype}`)
      return [name, { shape, dtype, data: read(bytes.slice(start + from, start + to)) }] as const
    },
  )
  return {
    tensors: new Map(tensors),
    metadata: (metadata ?? {}) as unknown as Readonly<Record<string, string>>,
  }
}

/** A tensor that has to be there. */
export const tensorOf = ({ tensors }: Goldens, name: string): Golden => {
  const tensor = tensors.get(name)
  if (tensor === undefined)
    throw new Error(`there is no ${name}; there are ${[...tensors.keys()].join(', ')}`)
  return tensor
}

interface Numbers {
  readonly shape: readonly number[]
  readonly data: ArrayLike<number>
}

/** `[rows, channels, height, width]` to `[rows, height, width, channels]`. */
export const nchwToNhwc = ({ shape, data }: Numbers): { shape: readonly number[]; data: Float64Array } => {
  const [rows = 1, channels = 1, height = 1, width = 1] = shape
  const pixels = height * width
  const out = new Float64Array(data.length)
  for (let r = 0; r < rows; r++)
    for (let c = 0; c < channels; c++)
      for (let p = 0; p < pixels; p++)
        out[(r * pixels + p) * channels + c] = data[(r * channels + c) * pixels + p]!
  return { shape: [rows, height, width, channels], data: out }
}

/** `[rows, height, width, channels]` to `[rows, channels, height, width]`. */
export const nhwcToNchw = ({ shape, data }: Numbers): { shape: readonly number[]; data: Float64Array } => {
  const [rows = 1, height = 1, width = 1, channels = 1] = shape
  const pixels = height * width
  const out = new Float64Array(data.length)
  for (let r = 0; r < rows; r++)
    for (let p = 0; p < pixels; p++)
      for (let c = 0; c < channels; c++)
        out[(r * channels + c) * pixels + p] = data[(r * pixels + p) * channels + c]!
  return { shape: [rows, channels, height, width], data: out }
}

/** The largest absolute difference of two lists of numbers; NaN counts as infinitely far. */
export const maxAbsDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  if (a.length !== b.length) throw new Error(`${a.length} values can't be compared with ${b.length}`)
  let largest = 0
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!)
    largest = Number.isNaN(difference) ? Infinity : Math.max(largest, difference)
  }
  return largest
}
