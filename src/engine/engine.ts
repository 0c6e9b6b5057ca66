/**
 * An engine: a tfjs backend that holds the frames, and a way to run the network.
 */
import type * as tf from '@tensorflow/tfjs-core'
import type { Shape, Values } from '../algebra/algebra.ts'
import type { SchedulerConfig } from '../checkpoint/scheduler-config.ts'
import type { Failure } from '../failure.ts'
import type { TE } from '../fp.ts'
import type { Denoiser } from '../model/denoiser.ts'
import type { UNet2DConfig } from '../model/unet2d-config.ts'
import type { Trained } from '../model/tensor-denoiser.ts'

/** A checkpoint in memory, checked: what an engine makes a model of. */
export interface Checkpoint {
  readonly config: UNet2DConfig
  /** The weights, as the checkpoint stores them. */
  readonly weights: (name: string, shape: Shape) => Values
  readonly trained: Trained
}

/** A model that an engine runs; whoever loaded it disposes of it. */
export type Model = Denoiser<tf.Tensor> &
  Disposable & {
    /** What the checkpoint would be sampled with by diffusers, where it says so; see {@link schedulerPreset}. */
    readonly scheduler?: SchedulerConfig
    /** What had to be guessed of it, a sentence each. */
    readonly guesses?: readonly string[]
  }

/** An engine that is ready to run. */
export interface Engine {
  readonly name: EngineName
  /** What runs, for people: "onnxruntime 1.30.0 on the CPU". */
  readonly about: string
  /** How large things may be there, for people who look for that. */
  readonly limits?: string
  /** Why `auto` has passed others over. */
  readonly insteadOf?: readonly Failure[]
  /** Makes a model of a checkpoint; or says ModelRejected. */
  readonly load: (checkpoint: Checkpoint) => TE.TaskEither<Failure, Model>
}

/**
 * Every engine that there is, in the order of preference; those that `auto` leaves alone have a colon in their names.
 *
 * @example
 * ```ts
 * expect(engineNames).toContain('webgpu:software')
 * ```
 */
export const engineNames = [
  'tensorflow-gpu',
  'webgpu',
  'onnx',
  'tensorflow',
  'wasm',
  'cpu',
  'webgpu:software',
  'onnx:cuda',
  'onnx:webgpu',
  'onnx:coreml',
  'onnx:dml',
  'onnx:half',
  'onnx:cuda:half',
  'onnx:webgpu:half',
  'onnx:dml:half',
] as const

/** The name of an engine. */
export type EngineName = (typeof engineNames)[number]

/**
 * The engines that `auto` tries, in the order of preference.
 *
 * @example
 * ```ts
 * expect(autoEngines.at(-1)).toBe('cpu')
 * ```
 */
export const autoEngines: readonly EngineName[] = engineNames.filter((name) => !name.includes(':'))
