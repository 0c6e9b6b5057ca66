/**
 * `Σ cᵢ·vᵢ` on tensors, clamped or not: one kernel where we can bring our own, and a composition of tfjs ops elsewhere.
 */
import * as tf from '@tensorflow/tfjs-core'
import type { Sum } from '../algebra.ts'
import { planSum, type Plan } from '../plan-sum.ts'
import { rowsOf } from '../shape.ts'
import { countOf, type GpuCall, registerGpuKernel } from './gpu-kernel.ts'
import { type HostArray, registerHostKernel } from './host-kernel.ts'

/** The coefficients travel as an attribute of the kernel: `coefficients[i][row]`. */
const coefficientsOf = (attributes: tf.NamedAttrMap): readonly number[][] =>
  attributes['coefficients'] as number[][]

const boundsOf = (attributes: tf.NamedAttrMap): readonly [low: number, high: number] =>
  attributes['bounds'] as [number, number]

/** The largest of float32's numbers. */
const LARGEST = (2 - 2 ** -23) * 2 ** 127

/** The nearest that float32 has: of infinities the next sum would make NaN. */
const saturated = (sum: number): number => (sum > LARGEST ? LARGEST : sum < -LARGEST ? -LARGEST : sum)

/**
 * Adds up one row, in double precision until the end: one rounding, whatever the order of the terms. One loop for each of the
 * usual numbers of terms, since a loop within the loop costs as much as what it adds.
 */
const addRow = (
  out: Float32Array,
  vectors: readonly HostArray[],
  scales: readonly number[],
  begin: number,
  end: number,
): void => {
  const [a = 0, b = 0, c = 0] = scales
  const [u, v, w] = vectors
  if (u === undefined) return
  if (vectors.length === 1) for (let k = begin; k < end; k++) out[k] = saturated(a * u[k]!)
  else if (v !== undefined && vectors.length === 2)
    for (let k = begin; k < end; k++) out[k] = saturated(a * u[k]! + b * v[k]!)
  else if (v !== undefined && w !== undefined && vectors.length === 3)
    for (let k = begin; k < end; k++) out[k] = saturated(a * u[k]! + b * v[k]! + c * w[k]!)
  else
    for (let k = begin; k < end; k++) {
      let sum = 0
      for (let i = 0; i < vectors.length; i++) sum += scales[i]! * vectors[i]![k]!
      out[k] = saturated(sum)
    }
}

const add = (
  out: Float32Array,
  vectors: readonly HostArray[],
  attributes: tf.NamedAttrMap,
  shape: readonly number[],
): void => {
  const coefficients = coefficientsOf(attributes)
  const rows = rowsOf(shape)
  const width = out.length / rows
  for (let row = 0; row < rows; row++) {
    const scales = coefficients.map((perRow) => perRow[row]!)
    addRow(out, vectors, scales, row * width, (row + 1) * width)
  }
}

const combine = registerHostKernel({
  name: 'LinearCombination',
  fill: add,
  gradient: (dy, _, attributes) =>
    coefficientsOf(attributes).map((coefficient) => () => linearCombination([[coefficient, dy]])),
  kept: 0,
})

const combineAndClamp = registerHostKernel({
  name: 'ClampedCombination',
  fill: (out, vectors, attributes, shape) => {
    const [low, high] = boundsOf(attributes)
    add(out, vectors, attributes, shape)
    for (let k = 0; k < out.length; k++) out[k] = Math.min(Math.max(out[k]!, low), high)
  },
  gradient: (dy, vectors, attributes) => {
    const coefficients = coefficientsOf(attributes)
    const [low, high] = boundsOf(attributes)
    const inside = (): tf.Tensor => {
      const sum = linearCombination(vectors.map((vector, i) => [coefficients[i]!, vector]))
      return tf.logicalAnd(tf.greaterEqual(sum, low), tf.lessEqual(sum, high))
    }
    return coefficients.map(
      (coefficient) => () =>
        tf.tidy(() => linearCombination([[coefficient, tf.where(inside(), dy, tf.zerosLike(dy))]])),
    )
  },
  kept: 'all',
})

/** A dispatch binds eight arrays in WebGPU's default limits: the result, one for coefficients of rows, and these. */
const MOST = 6

/** {@link LARGEST} in WGSL. */
const LARGEST_F32 = '0x1.fffffep+127f'

/** Keeps a variable of WGSL to bounds, by comparisons, which leave NaN alone: `clamp` may make anything of it. */
const within = (name: string, low: string, high: string): string =>
  `if (${name} < ${low}) { ${name} = ${low}; } if (${name} > ${high}) { ${name} = ${high}; }`

/** Adds up as many vectors as one dispatch takes; the coefficients are uniforms, or an array where rows have their own. */
const dispatch = (
  { run, lend }: GpuCall,
  vectors: readonly tf.TensorInfo[],
  coefficients: ReadonlyArray<readonly number[]>,
  bounds: readonly [low: number, high: number] | undefined,
): tf.TensorInfo => {
  const [first] = vectors
  const { shape } = first!
  const count = countOf(first!)
  const names = vectors.map((_, i) => `v${String(i)}`)
  const shared = coefficients.every((perRow) => perRow.every((c) => c === perRow[0]))
  const factor = (i: number): string =>
    shared ? `uniforms.c${String(i)}` : `coefficients[${String(i)} * uniforms.rows + row]`
  const program = {
    key: `${String(vectors.length)} ${shared ? 'shared' : 'own'} ${bounds === undefined ? '' : 'clamped'}`,
    inputs: shared ? names : [...names, 'coefficients'],
    uniforms: [
      { name: 'count', type: 'i32', value: count },
      { name: 'rows', type: 'i32', value: rowsOf(shape) },
      ...(bounds ?? []).map((value, i) => ({ name: i === 0 ? 'low' : 'high', type: 'f32' as const, value })),
      ...(shared ? coefficients : []).map(([c = 0], i) => ({
        name: `c${String(i)}`,
        type: 'f32' as const,
        value: saturated(c),
      })),
    ] as const,
    invocations: count,
    body: `
      if (index >= uniforms.count) { return; }
      let row = index / (uniforms.count / uniforms.rows);
      ${names.map((name, i) => `var p${String(i)} = ${factor(i)} * f32(${name}[index]);`).join('\n')}
      ${names.map((_, i) => within(`p${String(i)}`, `-${LARGEST_F32}`, LARGEST_F32)).join('\n')}
      var sum = ${names.map((_, i) => `p${String(i)}`).join(' + ')};
      ${bounds === undefined ? within('sum', `-${LARGEST_F32}`, LARGEST_F32) : within('sum', 'uniforms.low', 'uniforms.high')}
      result[index] = sum;`,
  }
  return shared
    ? run(program, vectors, shape)
    : lend(Float32Array.from(coefficients.flat(), saturated), (lent) =>
        run(program, [...vectors, lent], shape),
      )
}

/** On a GPU in float32: one dispatch for {@link MOST} vectors, and another for every so many more. */
const addOnGpu = (
  call: GpuCall,
  vectors: readonly tf.TensorInfo[],
  coefficients: ReadonlyArray<readonly number[]>,
  bounds?: readonly [low: number, high: number],
): tf.TensorInfo => {
  if (vectors.length <= MOST) return dispatch(call, vectors, coefficients, bounds)
  const part = dispatch(call, vectors.slice(0, MOST), coefficients.slice(0, MOST), undefined)
  const ones = (coefficients[0] ?? []).map(() => 1)
  const sum = addOnGpu(call, [part, ...vectors.slice(MOST)], [ones, ...coefficients.slice(MOST)], bounds)
  call.free(part)
  return sum
}

registerGpuKernel('LinearCombination', (call) => addOnGpu(call, call.inputs, coefficientsOf(call.attributes)))
registerGpuKernel('ClampedCombination', (call) =>
  addOnGpu(call, call.inputs, coefficientsOf(call.attributes), boundsOf(call.attributes)),
)

/** A scalar, or a column that broadcasts over everything but the rows. */
const asTensor = (coefficient: readonly number[], rank: number): tf.Tensor => {
  const [first = 0] = coefficient
  return coefficient.every((c) => c === first)
    ? tf.scalar(first)
    : tf.tensor([...coefficient], [coefficient.length, ...Array<number>(rank - 1).fill(1)])
}

const composed = ({ shape, coefficients, vectors }: Plan<tf.Tensor>): tf.Tensor =>
  tf.tidy(() => {
    const products = vectors.map((vector, i) => {
      const coefficient = (coefficients[i] ?? []).map(saturated)
      const product = tf.mul(tf.cast(vector, 'float32'), asTensor(coefficient, shape.length))
      // one infinite product would do, together with another of the other sign
      return coefficient.every((c) => Math.abs(c) <= 1) ? product : tf.clipByValue(product, -LARGEST, LARGEST)
    })
    const [only, ...others] = products
    const sum = only !== undefined && others.length === 0 ? only : tf.addN(products)
    return tf.clipByValue(sum, -LARGEST, LARGEST)
  })

const plan = (sum: Sum<tf.Tensor>): Plan<tf.Tensor> & { readonly attributes: tf.NamedAttrMap } => {
  const planned = planSum(sum, ({ shape }) => shape)
  return { ...planned, attributes: { coefficients: planned.coefficients.map((perRow) => [...perRow]) } }
}

/**
 * Evaluates a sum of tensors of one shape, in float32.
 *
 * @remarks
 * On the backends cpu and wasm it is exactly one kernel, which adds in double precision; on webgpu one in float32; differentiable on
 * every backend. What is beyond float32 becomes the largest number that it has.
 *
 * @param sum - `Σ cᵢ·vᵢ`; coefficients are scalars or one per row
 * @returns a new tensor, also for `1·v`
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const x = tf.tensor2d([[1, 2], [3, 4]])
 * const y = linearCombination([[1, x], [[10, 100], x]])
 * expect([...(await y.data())]).toEqual([11, 22, 303, 404])
 * ```
 */
export const linearCombination = (sum: Sum<tf.Tensor>): tf.Tensor => {
  const planned = plan(sum)
  return combine(planned.vectors, planned.attributes) ?? composed(planned)
}

/**
 * Evaluates a sum as {@link linearCombination} does, and clamps it. Where it is out of bounds, its gradient is 0.
 *
 * @param sum - `Σ cᵢ·vᵢ`
 * @param low - the least that an element may be
 * @param high - the most
 * @returns a new tensor
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const x = tf.tensor2d([[1, -2], [3, 4]])
 * const y = clampedCombination([[[1, 0.5], x]], -1, 1.5)
 * expect([...(await y.data())]).toEqual([1, -1, 1.5, 1.5])
 * ```
 */
export const clampedCombination = (sum: Sum<tf.Tensor>, low: number, high: number): tf.Tensor => {
  const planned = plan(sum)
  return (
    combineAndClamp(planned.vectors, { ...planned.attributes, bounds: [low, high] }) ??
    tf.tidy(() => tf.clipByValue(composed(planned), low, high))
  )
}
