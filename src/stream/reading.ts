/**
 * What can be read of a step while it is lent: x before and after it, x̂₀ and ε̂.
 */
import type { Sum, VectorAlgebra } from '../algebra/algebra.ts'
import type { Transition } from '../diffusion/transition.ts'
import { fail } from '../failure.ts'
import type { FrameField } from './frame.ts'
import type { RefCount } from './ref-count.ts'
import { needs, type Stepped } from './step.ts'

/** Where x is shown: before the step or after it. */
export type Side = 'before' | 'after'

/** One reader of a step's tensors. */
export interface Reading<T> {
  /** Gives a tensor, computed when first read; throws FrameExpired after `letGo`. */
  readonly read: (tensor: Side | 'x0' | 'eps') => T
  /** Reads no more. */
  readonly letGo: () => void
}

const fieldOf = (tensor: Side | 'x0' | 'eps'): FrameField =>
  tensor === 'before' || tensor === 'after' ? 'xt' : tensor

const sumOf = <T>({ previous, x, estimate }: Stepped<T>, tensor: Side | 'x0' | 'eps'): Sum<T> => {
  if (tensor === 'before') return [[1, previous.x]]
  return tensor === 'after' ? [[1, x]] : estimate[tensor]
}

/**
 * Begins to read a step: its tensors stay alive until let go.
 *
 * @param algebra - the algebra of the tensors
 * @param readers - who reads them
 * @param stepped - the step
 */
export const openReading = <T>(
  algebra: VectorAlgebra<T>,
  readers: RefCount<T>,
  stepped: Stepped<T>,
): Reading<T> => {
  // x̂₀ and ε̂ are sums of the x before the step and of what the step made
  const used: T[] = [...needs(stepped.previous), ...stepped.made]
  readers.retain(used)
  const computed: Partial<Record<Side | 'x0' | 'eps', T>> = {}
  let expired = false

  const compute = (sum: Sum<T>): T => {
    const [only, ...others] = sum
    if (only?.[0] === 1 && others.length === 0) return only[1]
    const tensor = algebra.combine(sum)
    readers.retain([tensor])
    used.push(tensor)
    return tensor
  }

  return {
    read: (tensor) => {
      if (expired) throw fail('FrameExpired', { step: stepped.transition.index, field: fieldOf(tensor) })
      return (computed[tensor] ??= compute(sumOf(stepped, tensor)))
    },
    letGo: () => {
      if (expired) return
      expired = true
      readers.release(used)
    },
  }
}

/**
 * What every frame shows of a step. A class, since its getters are then everybody's: of an object that brings getters of its
 * own the JavaScript engine makes a class for it alone, which costs more than the rest of the step.
 */
export class Shown<T> {
  readonly transition: Transition
  readonly algebra: VectorAlgebra<T>
  protected readonly reading: Reading<T>
  protected readonly side: Side

  constructor(transition: Transition, algebra: VectorAlgebra<T>, reading: Reading<T>, side: Side) {
    this.transition = transition
    this.algebra = algebra
    this.reading = reading
    this.side = side
  }

  get xt(): T {
    return this.reading.read(this.side)
  }

  get x0(): T {
    return this.reading.read('x0')
  }

  get eps(): T {
    return this.reading.read('eps')
  }
}
