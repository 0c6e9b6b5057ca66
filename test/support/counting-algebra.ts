/**
 * An algebra that keeps books: float64, where everything made has to be disposed of exactly once, and never read again.
 *
 * A fault throws where it happens, and is written down as well, because a stream that nobody listens to any more
 * swallows what is thrown.
 */
import type { Shape, Sum, Values, VectorAlgebra } from '../../src/algebra/algebra.ts'
import { float64, type Values64 } from '../../src/algebra/float64.ts'

/** A tensor with a number of its own. */
export interface Counted {
  readonly id: number
  readonly values: Values64
}

/** The books of one algebra. */
export interface Books {
  readonly algebra: VectorAlgebra<Counted>
  /** How many tensors were made. */
  readonly made: () => number
  /** How many of them are alive. */
  readonly alive: () => number
  /** How many linear combinations were computed, without clamping. */
  readonly combined: () => number
  /** How many were computed and clamped. */
  readonly clamped: () => number
  /** What went wrong: reading what was disposed of, disposing of it twice. */
  readonly faults: readonly string[]
}

const threeTurns = async (): Promise<void> => {
  for (let k = 0; k < 3; k++) await new Promise(setImmediate)
}

/**
 * Opens the books.
 *
 * @param reading - whether values are read at once, or three macrotasks later, when the tensor still has to be alive
 */
export const countingAlgebra = (reading: 'at once' | 'later' = 'at once'): Books => {
  const alive = new Set<Counted>()
  const faults: string[] = []
  let made = 0
  let combined = 0
  let clamped = 0

  const make = (values: Values64): Counted => {
    const tensor = { id: made++, values }
    alive.add(tensor)
    return tensor
  }
  const check = (tensor: Counted, act: string): void => {
    if (alive.has(tensor)) return
    const fault = `tensor ${tensor.id} was ${act} after it had been disposed of`
    faults.push(fault)
    throw new Error(fault)
  }
  const valuesOf = (tensor: Counted): Values64 => {
    check(tensor, 'read')
    return tensor.values
  }
  const valuesOfSum = (sum: Sum<Counted>): Sum<Values64> =>
    sum.map(([coefficient, tensor]) => [coefficient, valuesOf(tensor)] as const)
  const copy = (tensor: Counted): Values => {
    const { shape, data } = valuesOf(tensor)
    return { shape, data: data.slice() }
  }

  return {
    algebra: {
      combine: (sum) => {
        combined++
        return make(float64.combine(valuesOfSum(sum)))
      },
      clamp: (sum, low, high) => {
        clamped++
        return make(float64.clamp(valuesOfSum(sum), low, high))
      },
      matchDeviation: (x, like) => make(float64.matchDeviation(valuesOf(x), valuesOf(like))),
      divideByQuantile: (x, share, low, high) =>
        make(float64.divideByQuantile(valuesOf(x), share, low, high)),
      scaleByExp: (x, exponent, factor) => make(float64.scaleByExp(valuesOf(x), valuesOf(exponent), factor)),
      joinRows: (batches) => make(float64.joinRows(batches.map(valuesOf))),
      splitRows: (x, rows) => float64.splitRows(valuesOf(x), rows).map(make),
      fromValues: (values) => make(float64.fromValues(values)),
      toValues: (x) => {
        check(x, 'read')
        return reading === 'at once' ? copy(x) : threeTurns().then(() => copy(x))
      },
      shape: (x): Shape => valuesOf(x).shape,
      dispose: (x) => {
        check(x, 'disposed of')
        alive.delete(x)
      },
    },
    made: () => made,
    alive: () => alive.size,
    combined: () => combined,
    clamped: () => clamped,
    faults,
  }
}
