/**
 * What a config asks for, known before anything is read or run.
 */
import type { Shape } from '../algebra/algebra.ts'
import { sizeOf } from '../algebra/shape.ts'
import { shapes } from '../algebra/shapes.ts'
import { isFailure, type Failure } from '../failure.ts'
import { E } from '../fp.ts'
import { takesLabels, unet2d } from './unet2d.ts'
import type { UNet2DConfig } from './unet2d-options.ts'

/** The facts about a network. */
export interface Inspection {
  /** The tensors of its checkpoint, by name, in the order in which the network uses them. */
  readonly parameters: ReadonlyMap<string, Shape>
  readonly parameterCount: number
  /** The shape of its output: `[height, width, channels]`. */
  readonly output: Shape
  /** Floating point operations of one call with a batch of so many rows; {@link shapes} says what counts. */
  readonly flops: (rows: number) => number
  /** How many values the widest operation holds at once, for one row. */
  readonly widest: number
}

/**
 * Runs the network of a config on shapes alone.
 *
 * @param config - a decoded `config.json`
 * @returns what the network needs and costs, or `ShapesDisagree` where it does not fit together
 *
 * @example
 * ```ts
 * const json = { sample_size: 8, block_out_channels: [8], down_block_types: ['DownBlock2D'],
 *   up_block_types: ['UpBlock2D'], norm_num_groups: 4 }
 * const config = orThrow(decodeUNet2DConfig('config.json')(json))
 * const { parameters, output } = orThrow(inspectUNet2D(config))
 * expect(parameters.get('conv_in.weight')).toEqual([8, 3, 3, 3])
 * expect(output).toEqual([8, 8, 3])
 * ```
 */
export const inspectUNet2D = (config: UNet2DConfig): E.Either<Failure, Inspection> =>
  E.tryCatch(
    () => {
      const parameters = new Map<string, Shape>()
      let [flops, widest] = [0, 0]
      const algebra = shapes((cost, values) => {
        flops += cost
        widest = Math.max(widest, values)
      })
      const network = unet2d(config)(algebra, (name, shape) => {
        parameters.set(name, shape)
        return shape
      })
      const [, ...output] = network(
        [1, ...config.sample_size, config.in_channels],
        [1],
        takesLabels(config) ? [1] : undefined,
      )
      const parameterCount = [...parameters.values()].reduce((count, shape) => count + sizeOf(shape), 0)
      // Every operation works row by row.
      return { parameters, parameterCount, output, flops: (rows) => rows * flops, widest }
    },
    (error) => {
      if (isFailure(error)) return error
      throw error
    },
  )
