/**
 * A small network for points rather than images: dense layers, each told the time.
 */
import { fail } from '../failure.ts'
import type { Architecture } from './architecture.ts'
import { layers } from './layers.ts'

/** How large it is. */
export interface MlpOptions {
  /** How many coordinates a point has. */
  readonly size: number
  /** How many numbers lie between two layers, an even number; 64 unless said. */
  readonly width?: number
  /** How many layers lie between the first and the last; 3 unless said. */
  readonly depth?: number
  /** How many classes there are, the one for "none" included; none unless said. */
  readonly classes?: number
}

/**
 * A multilayer perceptron with residual layers, `h + W·silu(h + time)`, over any algebra.
 *
 * @remarks
 * The time enters as in a U-Net: sinusoids, two dense layers, and one more for each layer that is told. A class is a row of a table,
 * added to it.
 *
 * @param options - see {@link MlpOptions}
 * @returns for an algebra and its weights, the network: points `[rows, size]` become as many
 * @throws RunInvalid for a size that is no whole number from 1
 *
 * @example
 * ```ts
 * const network = mlp({ size: 2, width: 8 })(float64, (_, shape) => values64(shape, () => undefined))
 * const x = values64([3, 2], (data) => data.fill(1))
 * expect(network(x, values64([3], (data) => data.fill(500))).shape).toEqual([3, 2])
 * ```
 */
export const mlp = ({ size, width = 64, depth = 3, classes }: MlpOptions): Architecture => {
  for (const [name, count] of Object.entries({ size, width, depth }))
    if (!(Number.isSafeInteger(count) && count >= 1))
      throw fail('RunInvalid', { reason: `${name} is ${String(count)}, and has to be a whole number from 1` })
  return (algebra, parameter) => {
    const nn = layers(algebra, parameter)
    const silu = nn.activate('silu')
    const input = nn.linear('input', size, width)
    const time1 = nn.linear('time.linear_1', width, width)
    const time2 = nn.linear('time.linear_2', width, width)
    const table = classes === undefined ? undefined : nn.embedding('class_embedding', classes, width)
    const hidden = Array.from({ length: depth }, (_, i) => {
      const told = nn.linear(`layers.${String(i)}.time`, width, width)
      const dense = nn.linear(`layers.${String(i)}.dense`, width, width)
      return { told, dense }
    })
    const output = nn.linear('output', width, size)
    return (x, t, labels) => {
      const times = time2(silu(time1(algebra.sinusoid(t, { dim: width, flipSinToCos: true, freqShift: 0 }))))
      if (table !== undefined && labels === undefined)
        throw new TypeError('the network is conditioned on labels, and got none')
      const told = silu(
        table === undefined || labels === undefined ? times : algebra.add(times, table(labels)),
      )
      const last = hidden.reduce(
        (h, layer) => algebra.add(h, layer.dense(silu(algebra.add(h, layer.told(told))))),
        input(x),
      )
      return output(silu(last))
    }
  }
}
