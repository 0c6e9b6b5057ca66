/** Runs what was written against the algebra in onnxruntime. */
import { InferenceSession, Tensor } from 'onnxruntime-node'
import type { NetworkAlgebra, Values } from '../../src/algebra/algebra.ts'
import { compileOnnx, type Input } from '../../src/algebra/onnx/compile.ts'
import type { Value } from '../../src/algebra/onnx.ts'

/** Runs the bytes of a model on arrays, which its inputs take in this order. */
export const runModel = async (
  bytes: Uint8Array,
  inputs: ReadonlyArray<readonly [type: Input['type'], values: Values]>,
): Promise<readonly Values[]> => {
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 })
  const feeds = inputs.map(([type, { shape, data }], i) => [
    session.inputNames[i],
    type === 'int64'
      ? new Tensor('int64', BigInt64Array.from([...data], BigInt), shape)
      : new Tensor('float32', Float32Array.from(data), shape),
  ])
  const results = await session.run(Object.fromEntries(feeds) as InferenceSession.FeedsType)
  await session.release()
  return session.outputNames.map((name) => {
    const output = results[name]
    if (!(output?.data instanceof Float32Array)) throw new Error(`${name} is not float32`)
    return { shape: output.dims, data: output.data }
  })
}

/** Compiles a function over the algebra for inputs of these shapes, any number of rows, and runs it on them. */
export const runOnnx = (
  inputs: ReadonlyArray<readonly [type: Input['type'], values: Values]>,
  network: (algebra: NetworkAlgebra<Value>, ...inputs: readonly Value[]) => readonly Value[],
): Promise<readonly Values[]> =>
  runModel(
    compileOnnx(
      inputs.map(([type, { shape }], i) => ({ name: `in${i}`, type, shape: shape.slice(1) })),
      network,
    ),
    inputs,
  )
