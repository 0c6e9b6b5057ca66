/**
 * A chain as numbers and back.
 */
import type { Sum, Values, VectorAlgebra } from '../algebra/algebra.ts'
import type { Level } from '../diffusion/level.ts'
import type { Past } from '../diffusion/rule.ts'
import type { Makers, SavedState } from '../diffusion/saved-state.ts'
import { showShape } from '../algebra/shape.ts'
import { fail } from '../failure.ts'
import { fnv1a } from '../fnv.ts'
import type { ChainConfig, Continuation } from './continuation.ts'
import { type Latent, needs } from './step.ts'

const checksumOf = ({ buffer, byteOffset, length }: Float32Array): number =>
  fnv1a(new Uint32Array(buffer, byteOffset, length))

const makersOf = <T>(
  { rule, noise, model }: ChainConfig<T>,
  draws: number,
  shape: Values['shape'],
): Makers => ({
  rule: rule.name,
  noise: noise.name,
  nextNoise: checksumOf(noise.draw(draws, shape)),
  answers: {
    predicts: model.predicts,
    ...(model.range === undefined || model.range === Infinity ? {} : { range: model.range }),
  },
  ...(model.origin === undefined ? {} : { origin: model.origin }),
})

/** Noise of one name and of two seeds differs in its numbers. */
const describeNoise = ({ noise, nextNoise }: Makers): string => `${noise} #${nextNoise.toString(16)}`

const describeRange = ({ answers }: Makers): string => String(answers?.range ?? 'none')

const overSums = <A, B>(
  { transition, estimate: { x0, eps } }: Past<A>,
  over: (sum: Sum<A>) => Sum<B>,
): Past<B> => ({
  transition,
  estimate: { x0: over(x0), eps: over(eps) },
})

/**
 * Reads a chain: at once where its numbers are at hand, by a promise where they come from a device. What it reads has to stay
 * alive until then.
 *
 * @param onward - the chain
 * @param at - where its x is
 */
export const saveState = <T>(
  { config, latent, ahead }: Pick<Continuation<T>, 'config' | 'latent' | 'ahead'>,
  at: Level,
): SavedState | Promise<SavedState> => {
  const { algebra } = config.model
  const { draws, history = [] } = latent
  const needed = needs(latent)
  const places = new Map(needed.map((tensor, place) => [tensor, place]))
  const byPlace = (sum: Sum<T>): Sum<number> =>
    sum.map(([coefficient, tensor]) => [coefficient, places.get(tensor) ?? 0])
  const assemble = (tensors: readonly Values[]): SavedState => ({
    at,
    tensors,
    draws,
    history: history.map((past) => overSums(past, byPlace)),
    ahead: ahead(),
    ...(config.condition?.labels === undefined ? {} : { labels: config.condition.labels }),
    ...(config.clip === undefined ? {} : { clip: config.clip }),
    makers: makersOf(config, draws, algebra.shape(latent.x)),
  })
  const read = needed.map(algebra.toValues)
  return read.some((values) => values instanceof Promise)
    ? Promise.all(read.map(async (values) => values)).then(assemble)
    : assemble(read as readonly Values[])
}

/**
 * Brings a chain back into an algebra.
 *
 * @returns what it goes on from; its tensors are the caller's
 */
export const restoreState = <T>(
  algebra: VectorAlgebra<T>,
  { tensors, draws, history }: SavedState,
): Latent<T> => {
  const [x, ...others] = tensors.map(algebra.fromValues)
  if (x === undefined) throw fail('StateInvalid', { reason: 'it holds no x' })
  const all = [x, ...others]
  const byTensor = (sum: Sum<number>): Sum<T> =>
    sum.map(([coefficient, place]) => {
      const tensor = all[place]
      if (tensor === undefined)
        throw fail('StateInvalid', {
          reason: `it speaks of tensor ${String(place)} and has ${String(all.length)}`,
        })
      return [coefficient, tensor]
    })
  try {
    return { x, draws, history: history.map((past) => overSums(past, byTensor)) }
  } catch (error) {
    all.forEach(algebra.dispose)
    throw error
  }
}

/**
 * Refuses to go on with a chain by anything but what it was made with.
 *
 * @throws StateMismatch with the first thing that differs
 */
export const checkMakers = <T>({ tensors, draws, makers }: SavedState, config: ChainConfig<T>): void => {
  const { shape = [] } = tensors[0] ?? {}
  const given = makersOf(config, draws, shape)
  const same = (what: string, saved: string, now: string): void => {
    if (saved !== now) throw fail('StateMismatch', { what, saved, given: now })
  }
  same('model', showShape(shape.slice(1)), showShape(config.model.shape))
  if (makers.origin !== undefined) {
    same('model', makers.origin.model, given.origin?.model ?? 'one that does not say which it is')
    same('engine', makers.origin.engine, given.origin?.engine ?? 'none')
  }
  if (makers.answers !== undefined) {
    same('prediction', makers.answers.predicts, config.model.predicts)
    same('range of the data', describeRange(makers), describeRange(given))
  }
  same('rule', makers.rule, given.rule)
  same('noise', describeNoise(makers), describeNoise(given))
}
