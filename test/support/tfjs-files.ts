/**
 * A model of tfjs as files: `model.json` and shards, the weights in as many bits as one likes.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { GraphWeight } from './tfjs-graph.ts'

/** How many bits a weight is stored in. */
export type Bits = 'float32' | 'float16' | 'uint16' | 'uint8'

interface Stored {
  readonly bytes: Uint8Array
  readonly quantization?: object
  /** What a reader makes of the bytes. */
  readonly back: Float32Array
}

const bytesOf = (array: Float32Array | Int32Array | Uint16Array | Uint8Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

/** The eleven highest bits of a float32's fraction, rounded half to even, as binary16 has them; no subnormal numbers. */
const toHalf = (value: number): { readonly bits: number; readonly back: number } => {
  if (Math.abs(value) < 2 ** -14) return { bits: value < 0 || Object.is(value, -0) ? 0x8000 : 0, back: 0 }
  const exponent = Math.floor(Math.log2(Math.abs(value)))
  const scaled = Math.abs(value) / 2 ** (exponent - 10)
  const rounded = scaled - Math.floor(scaled) === 0.5 ? 2 * Math.round(scaled / 2) : Math.round(scaled)
  return {
    bits: (value < 0 ? 0x8000 : 0) + ((exponent + 15) << 10) + (rounded - 1024),
    back: Math.sign(value) * rounded * 2 ** (exponent - 10),
  }
}

/** Stores numbers in fewer bits, as TensorFlow's converter does it. */
export const quantize = (data: Float32Array, bits: Bits): Stored => {
  if (bits === 'float32') return { bytes: bytesOf(data), back: data }
  if (bits === 'float16') {
    const halves = Array.from(data, toHalf)
    return {
      bytes: bytesOf(Uint16Array.from(halves, (half) => half.bits)),
      quantization: { dtype: bits, original_dtype: 'float32' },
      back: Float32Array.from(halves, (half) => half.back),
    }
  }
  const low = data.reduce((least, value) => Math.min(least, value), Infinity)
  const high = data.reduce((most, value) => Math.max(most, value), -Infinity)
  const most = bits === 'uint8' ? 255 : 65535
  const scale = high === low ? 1 : (high - low) / most
  const steps = Array.from(data, (value) => Math.round((value - low) / scale))
  return {
    bytes: bytesOf(bits === 'uint8' ? Uint8Array.from(steps) : Uint16Array.from(steps)),
    quantization: { dtype: bits, min: low, scale, original_dtype: 'float32' },
    back: Float32Array.from(steps, (step) => step * scale + low),
  }
}

/** Writes a model's folder; float weights in so many bits, all bytes in three shards cut anywhere. */
export const writeTfjs = (
  folder: string,
  format: 'graph-model' | 'layers-model',
  topology: object,
  weights: readonly GraphWeight[],
  bits: Bits = 'float32',
): void => {
  mkdirSync(folder, { recursive: true })
  const stored = weights.map(({ data, learned, ...spec }) => {
    const { bytes, quantization } =
      data instanceof Float32Array && learned
        ? quantize(data, bits)
        : { bytes: bytesOf(data), quantization: undefined }
    return { spec: { ...spec, ...(quantization === undefined ? {} : { quantization }) }, bytes }
  })
  const all = Buffer.concat(stored.map(({ bytes }) => bytes))
  const third = Math.ceil(all.length / 3)
  const paths = [1, 2, 3].map((i) => `group1-shard${i}of3.bin`)
  paths.forEach((path, i) => {
    writeFileSync(join(folder, path), all.subarray(i * third, (i + 1) * third))
  })
  const model = {
    format,
    generatedBy: 'test',
    convertedBy: 'test',
    modelTopology: topology,
    weightsManifest: [{ paths, weights: stored.map(({ spec }) => spec) }],
  }
  writeFileSync(join(folder, 'model.json'), JSON.stringify(model))
}
