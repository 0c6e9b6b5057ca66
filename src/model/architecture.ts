/**
 * A network before it has weights.
 */
import type { NetworkAlgebra, Parameters, Shape } from '../algebra/algebra.ts'
import type { Network } from './unet2d.ts'

/** What is built over an algebra with its weights: `unet2d(config)`, `mlp(options)`. */
export type Architecture = <T>(algebra: NetworkAlgebra<T>, parameter: Parameters<T>) => Network<T>

/**
 * The tensors that a network will ask for, by name; found out by building it of nothing.
 *
 * @example
 * ```ts
 * const shapes = parametersOf(mlp({ size: 2, width: 8, depth: 1 }))
 * expect(shapes.get('input.weight')).toEqual([8, 2])
 * ```
 */
export const parametersOf = (architecture: Architecture): ReadonlyMap<string, Shape> => {
  const found = new Map<string, Shape>()
  // layers look up their weights when they are built, and compute only when called
  const nothing = {} as NetworkAlgebra<Shape>
  architecture(nothing, (name, shape: Shape) => {
    found.set(name, shape)
    return shape
  })
  return found
}
