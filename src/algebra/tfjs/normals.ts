/**
 * Standard normals made on a GPU: Philox4x32-10 and the transform of Box and Muller in WGSL.
 *
 * WebGPU lets a device's own logarithms and sines be wrong in the fourth digit, and has no float64, so the functions are written
 * out here: the arguments are reduced among whole numbers, where nothing is lost, and what is left is a short series.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { NormalsAddress, Shape } from '../algebra.ts'
import { rowsOf, sizeOf } from '../shape.ts'
import { highWord, lowWord, WORD } from '../../word.ts'
import { type GpuCall, registerGpuKernel, type Uniform } from './gpu-kernel.ts'
import { isRegistered } from './own-kernel.ts'

/** A series by Horner's rule, as WGSL. */
const horner = (x: string, coefficients: readonly number[]): string =>
  coefficients.reduceRight((rest, c) => (rest === '' ? String(c) : `(${String(c)} + ${x} * ${rest})`), '')

/** `1/n!`, with changing signs, for every second n. */
const alternating = (first: 0 | 1, count: number): readonly number[] =>
  Array.from({ length: count }, (_, i) => {
    const n = 2 * i + first
    return (-1) ** i / Array.from({ length: n }, (__, k) => k + 1).reduce((product, k) => product * k, 1)
  })

const odd = Array.from({ length: 9 }, (_, i) => 1 / (2 * i + 1))

/** The generator, word for word that of `noise/philox4x32.ts`. */
const philox = `
fn upper(a : u32, b : u32) -> u32 {
  let aLow = a & 0xffffu;
  let aHigh = a >> 16u;
  let bLow = b & 0xffffu;
  let bHigh = b >> 16u;
  let middle = aHigh * bLow + ((aLow * bLow) >> 16u);
  let other = aLow * bHigh + (middle & 0xffffu);
  return aHigh * bHigh + (middle >> 16u) + (other >> 16u);
}

fn philox(counter : vec4<u32>, key : vec2<u32>) -> vec4<u32> {
  var c = counter;
  var k = key;
  for (var round = 0; round < 10; round++) {
    c = vec4<u32>(
      upper(c.z, 0xcd9e8d57u) ^ c.y ^ k.x,
      c.z * 0xcd9e8d57u,
      upper(c.x, 0xd2511f53u) ^ c.w ^ k.y,
      c.x * 0xd2511f53u,
    );
    k += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
  }
  return c;
}`

/**
 * `√(−2 ln u)` for `u = (word + 1)/2³²`, and a pair of normals. ln is `2·artanh` of what is left when the powers of two have been counted; above
 * ½ it is that of `1 − u`, which float32 knows where it no longer tells u from 1. A device's root may be wrong in the last two
 * bits, so a step of Newton's follows, its residual exact. An angle is a whole number of 2⁻³² turns; the quadrants come off, and
 * a factor of few bits makes the larger part of the rest exact.
 */
export const boxMuller: string = `
fn radius(word : u32) -> f32 {
  let isLarge = word >= 0x80000000u;
  let n = word + 1u;
  let zeros = countLeadingZeros(n);
  let fraction = f32((n << zeros) & 0x7fffffffu) * ${String(2 ** -31)};
  let rest = f32(~word) * ${String(2 ** -32)};
  let s = select(fraction / (2.0 + fraction), rest / (2.0 - rest), isLarge);
  let x = s * s;
  let log = 2.0 * s * ${horner('x', odd)};
  let powers = f32(zeros + 1u);
  // ln 2 in two parts, the first so short that its multiples are exact
  let square = 2.0 * select(powers * 0.693145751953125 + (powers * ${String(Math.LN2 - 0.693145751953125)} - log), log, isLarge);
  let root = sqrt(square);
  let head = bitcast<f32>(bitcast<u32>(root) & 0xfffff000u);
  let tail = root - head;
  let residual = ((square - head * head) - 2.0 * head * tail) - tail * tail;
  return root + 0.5 * residual / max(root, 1e-20);
}

fn pair(word0 : u32, word1 : u32) -> vec2<f32> {
  let turns = word1 + 1u;
  let quadrant = (turns + 0x20000000u) >> 30u;
  let left = bitcast<i32>(turns - (quadrant << 30u));
  let high = f32(left >> 12u);
  let low = f32(left & 0xfff);
  let a = high * ${String(6.25 * 2 ** -20)}
    + (high * ${String((2 * Math.PI - 6.25) * 2 ** -20)} + low * ${String(2 * Math.PI * 2 ** -32)});
  let x = a * a;
  let sine = a * ${horner('x', alternating(1, 6))};
  let cosine = ${horner('x', alternating(0, 7))};
  var point = select(vec2<f32>(cosine, sine), vec2<f32>(-sine, cosine), (quadrant & 1u) == 1u);
  point = select(point, -point, (quadrant & 2u) == 2u);
  return radius(word0) * point;
}`.trim()

/** A batch of one seed, whose samples are numbered through, is told in a few words; any other by a table. */
const areInOrder = (rows: NormalsAddress['rows']): boolean => {
  const [first] = rows
  if (first === undefined) return true
  const last = lowWord(first.sample) + rows.length - 1
  return (
    last < WORD && rows.every(({ seed, sample }, r) => seed === first.seed && sample === first.sample + r)
  )
}

const kernel = ({ attributes, run, lend }: GpuCall): tf.TensorInfo => {
  const { shape, address, words } = attributes as unknown as Attributes
  const { draw, rows } = address
  const perRow = sizeOf(shape) / rowsOf(shape)
  const blocks = Math.ceil(perRow / 4)
  const inOrder = areInOrder(rows)
  const { seed, sample } = rows[0] ?? { seed: 0, sample: 0 }
  const u32 = (name: string, value: number): Uniform => ({ name, type: 'u32', value })
  const program = {
    key: `${inOrder ? 'in order' : 'by table'} ${words ? 'words' : 'normals'}`,
    inputs: inOrder ? [] : ['addresses'],
    uniforms: [
      { name: 'perRow', type: 'i32' as const, value: perRow },
      { name: 'blocks', type: 'i32' as const, value: blocks },
      { name: 'rows', type: 'i32' as const, value: rowsOf(shape) },
      u32('draw', draw),
      ...(inOrder
        ? [
            u32('sampleLow', lowWord(sample)),
            u32('sampleHigh', highWord(sample)),
            u32('seedLow', lowWord(seed)),
            u32('seedHigh', highWord(seed)),
          ]
        : []),
    ],
    invocations: rowsOf(shape) * blocks,
    declarations: `${philox}\n${boxMuller}`,
    body: `
      let row = index / uniforms.blocks;
      let block = index % uniforms.blocks;
      if (row >= uniforms.rows) { return; }
      ${
        inOrder
          ? `let sample = vec2<u32>(uniforms.sampleLow + u32(row), uniforms.sampleHigh);
             let key = vec2<u32>(uniforms.seedLow, uniforms.seedHigh);`
          : `let at = 4 * row;
             let sample = bitcast<vec2<u32>>(vec2<i32>(addresses[at], addresses[at + 1]));
             let key = bitcast<vec2<u32>>(vec2<i32>(addresses[at + 2], addresses[at + 3]));`
      }
      let words = philox(vec4<u32>(u32(block), uniforms.draw, sample), key);
      let made = ${words ? 'bitcast<vec4<i32>>(words)' : 'vec4<f32>(pair(words.x, words.y), pair(words.z, words.w))'};
      for (var i = 0; i < min(4, uniforms.perRow - 4 * block); i++) {
        result[row * uniforms.perRow + 4 * block + i] = made[i];
      }`,
  }
  const dtype = words ? 'int32' : undefined
  if (inOrder) return run(program, [], shape, dtype)
  const table = rows.flatMap((row) => [
    lowWord(row.sample),
    highWord(row.sample),
    lowWord(row.seed),
    highWord(row.seed),
  ])
  return lend(Int32Array.from(table), (addresses) => run(program, [addresses], shape, dtype))
}

/** What the kernel is told. */
interface Attributes {
  readonly shape: Shape
  readonly address: NormalsAddress
  /** Whether to stop at the generator's words. */
  readonly words: boolean
}

const NAME = 'PhiloxNormals'
registerGpuKernel(NAME, kernel)

const make = (attributes: Attributes): tf.Tensor | undefined =>
  isRegistered(NAME, tf.getBackend())
    ? tf.engine().runKernel(NAME, {}, { ...attributes } as unknown as tf.NamedAttrMap)
    : undefined

/**
 * Standard normals where the tensors are, if the current backend takes our kernel; nothing is uploaded but the addresses
 * of rows that are not numbered through.
 *
 * @remarks
 * The numbers are those of `philox`, to 1e-6.
 *
 * @param shape - `[rows, …]`
 * @param address - which numbers
 * @returns a new tensor; or `undefined`
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * expect(normals([1, 2], { draw: 0, rows: [{ seed: 7, sample: 0 }] })).toBeUndefined()
 * ```
 */
export const normals = (shape: Shape, address: NormalsAddress): tf.Tensor | undefined =>
  make({ shape, address, words: false })

/**
 * The random words that {@link normals} come of, as whole numbers with a sign: bit for bit those of `philox4x32`.
 *
 * @param shape - `[rows, …]`
 * @param address - which numbers
 * @returns a new tensor; or `undefined`
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * expect(philoxWords([1, 2], { draw: 0, rows: [{ seed: 7, sample: 0 }] })).toBeUndefined()
 * ```
 */
export const philoxWords = (shape: Shape, address: NormalsAddress): tf.Tensor | undefined =>
  make({ shape, address, words: true })
