/**
 * A `UNet2DModel` on onnxruntime as a {@link Denoiser} of tensors: the network is compiled to a graph, once, and the frames
 * stay tfjs's.
 */
import * as tf from '@tensorflow/tfjs-core'
import { defer, from, map, throwError } from 'rxjs'
import type { Parameters } from '../algebra/algebra.ts'
import type { Value } from '../algebra/onnx.ts'
import { compileOnnx, type Input, type Precision } from '../algebra/onnx/compile.ts'
import { tfjs } from '../algebra/tfjs.ts'
import { E, TE, pipe } from '../fp.ts'
import { checkLabels } from '../model/condition.ts'
import type { Denoiser } from '../model/denoiser.ts'
import { toPrediction } from '../model/to-prediction.ts'
import type { Trained } from '../model/tensor-denoiser.ts'
import type { UNet2DConfig } from '../model/unet2d-options.ts'
import { takesLabels, unet2d } from '../model/unet2d.ts'
import { openOnnx, type OnnxFailure, type OnnxOptions, type OnnxOutput } from './onnx-session.ts'

/**
 * The ONNX model of a UNet: inputs `x` `[rows, height, width, channels]`, `t` `[rows]` and, where the network knows classes,
 * `labels` `[rows]` (int64).
 *
 * @param config - a decoded `config.json`
 * @param parameter - the weights
 * @param precision - of the weights and all between; `single` unless told
 * @returns the bytes of the model's file
 *
 * @example
 * ```ts
 * const json = { sample_size: 8, block_out_channels: [8], down_block_types: ['DownBlock2D'],
 *   up_block_types: ['UpBlock2D'], norm_num_groups: 4 }
 * const config = orThrow(decodeUNet2DConfig('config.json')(json))
 * const zeros = onnxParameters((_, shape) => ({ shape, data: new Float32Array(sizeOf(shape)) }))
 * expect(unet2dOnnx(config, zeros).length).toBeGreaterThan(10_000)
 * ```
 */
export const unet2dOnnx = (
  config: UNet2DConfig,
  parameter: Parameters<Value>,
  precision?: Precision,
): Uint8Array<ArrayBuffer> => {
  const x: Input = { name: 'x', type: 'float32', shape: [...config.sample_size, config.in_channels] }
  const t: Input = { name: 't', type: 'float32', shape: [] }
  const labels: Input = { name: 'labels', type: 'int64', shape: [] }
  const network = unet2d(config)
  return takesLabels(config)
    ? compileOnnx([x, t, labels], (algebra, ...values) => [network(algebra, parameter)(...values)], precision)
    : compileOnnx([x, t], (algebra, ...values) => [network(algebra, parameter)(...values)], precision)
}

/** The numbers of a tensor; those of the backend `cpu` are at hand, and worth no promise. */
const readFloats = (x: tf.Tensor): Float32Array | Promise<Float32Array> =>
  tf.getBackend() === 'cpu' ? x.dataSync<'float32'>() : x.data<'float32'>()

/** A model in onnxruntime's memory. */
export interface OnnxDenoiser extends Denoiser<tf.Tensor> {
  /** Frees that memory; the model must not be asked any more. */
  readonly release: () => Promise<void>
}

/**
 * A denoiser that runs a UNet in onnxruntime.
 *
 * @remarks
 * A call reads x from tfjs's current backend and brings the answer back there, so the backend `cpu` copies nothing.
 * Work starts on subscription. A call whose signal is aborted by then never reaches onnxruntime, and the answer of
 * one that is aborted later never becomes a tensor; both error with the signal's reason. It fails with what
 * {@link checkLabels} finds and with ModelRejected.
 *
 * @param config - a decoded `config.json`
 * @param parameter - the weights; see {@link onnxParameters}. They are copied, and not needed afterwards
 * @param trained - what the network predicts, on which noise, in which range, of which classes
 * @param options - threads and providers
 * @returns the model; or EngineUnavailable or ModelRejected
 *
 * @example
 * ```ts
 * import '@tensorflow/tfjs-backend-cpu'
 * import * as tf from '@tensorflow/tfjs-core'
 * await tf.setBackend('cpu')
 * const json = { sample_size: 8, block_out_channels: [8], down_block_types: ['DownBlock2D'],
 *   up_block_types: ['UpBlock2D'], norm_num_groups: 4 }
 * const config = orThrow(decodeUNet2DConfig('config.json')(json))
 * const zeros = onnxParameters((_, shape) => ({ shape, data: new Float32Array(sizeOf(shape)) }))
 * const model = await orThrow(onnxDenoiser(config, zeros, { predicts: 'epsilon', schedule: linearSchedule() }))
 * const { output } = await firstValueFrom(ask(model, { x: tf.ones([2, 8, 8, 3]), t: [500, 20], condition: {} }))
 * expect(output.shape).toEqual([2, 8, 8, 3])
 * await model.release()
 * ```
 */
export const onnxDenoiser = (
  config: UNet2DConfig,
  parameter: Parameters<Value>,
  trained: Trained,
  options: OnnxOptions = {},
): TE.TaskEither<OnnxFailure, OnnxDenoiser> =>
  pipe(
    TE.fromIO(() => unet2dOnnx(config, parameter, options.precision)),
    TE.chain((bytes) => openOnnx(bytes, options)),
    TE.map(({ run, release }) => {
      const infer = async (
        x: tf.Tensor,
        t: readonly number[],
        labels: readonly number[] | undefined,
        signal: AbortSignal,
      ): Promise<OnnxOutput> => {
        signal.throwIfAborted()
        const shape = x.shape
        const data = await readFloats(x)
        signal.throwIfAborted()
        const rows = [t.length]
        return run({
          x: { shape, data },
          t: { shape: rows, data: Float32Array.from(t) },
          ...(labels === undefined
            ? {}
            : { labels: { shape: rows, data: BigInt64Array.from(labels, BigInt) } }),
        })
      }
      return {
        ...trained,
        algebra: tfjs,
        shape: [...config.sample_size, config.in_channels],
        learnedVariance: config.out_channels === 2 * config.in_channels,
        release,
        predict: (x, t, condition, { signal }) =>
          defer(() => {
            const checked = checkLabels(trained.labels, t.length)(condition)
            if (E.isLeft(checked)) return throwError(() => checked.left)
            return from(infer(x, t, checked.right, signal)).pipe(
              // here, and not in the promise: an answer that nobody takes any more is numbers for the collector, no tensor
              map(({ shape, data }) => {
                signal.throwIfAborted()
                return toPrediction(config.in_channels, tf.tensor(data, [...shape]))
              }),
            )
          }),
      }
    }),
  )
