/** OpenAI's way to ask for timesteps: a text. */
import { aText, checkArgument } from '../../arguments.ts'
import type { Failure } from '../../failure.ts'
import { E } from '../../fp.ts'
import { roundHalfEven } from './round-half-even.ts'
import type { WholeSpacing } from './spacing.ts'
import { unusable, wholeSpacing } from './whole.ts'

/** The smallest stride with which just `count` timesteps of T are met. */
const strideFor = (count: number, trainedSteps: number): number | undefined => {
  for (let stride = 1; stride < trainedSteps; stride++)
    if (Math.ceil(trainedSteps / stride) === count) return stride
  return undefined
}

/** The counts around this one that a stride has. */
const neighbours = (count: number, trainedSteps: number): readonly string[] => {
  const possible = Array.from({ length: Math.max(0, trainedSteps - 1) }, (_, i) =>
    Math.ceil(trainedSteps / (i + 1)),
  )
  const below = Math.max(...possible.filter((each) => each < count))
  const above = Math.min(...possible.filter((each) => each > count))
  return [below, above].filter(Number.isFinite).map((each) => `ddim${String(each)}`)
}

const strided = (name: string, count: number): WholeSpacing =>
  wholeSpacing(name, (trainedSteps): E.Either<Failure, readonly number[]> => {
    const stride = strideFor(count, trainedSteps)
    if (stride !== undefined)
      return E.right(Array.from({ length: count }, (_, k) => (count - 1 - k) * stride))
    const near = neighbours(count, trainedSteps)
    return E.left(
      unusable(
        name,
        `no whole stride through ${String(trainedSteps)} timesteps gives ${String(count)} steps` +
          (near.length === 0 ? '' : `; the nearest are ${near.join(' and ')}`),
      ),
    )
  })

/** `count` timesteps of `size` from `start`, first and last included, rising. Floats add up as in the peer. */
const section = (start: number, size: number, count: number): readonly number[] => {
  const stride = count <= 1 ? 1 : (size - 1) / (count - 1)
  let offset = 0
  return Array.from({ length: count }, () => {
    const t = start + roundHalfEven(offset)
    offset += stride
    return t
  })
}

const sections = (name: string, counts: readonly number[]): WholeSpacing =>
  wholeSpacing(name, (trainedSteps): E.Either<Failure, readonly number[]> => {
    const least = Math.floor(trainedSteps / counts.length)
    const rising: number[] = []
    let start = 0
    for (const [i, count] of counts.entries()) {
      const size = least + (i < trainedSteps % counts.length ? 1 : 0)
      if (size < count)
        return E.left(
          unusable(
            name,
            `its section ${String(i + 1)} has ${String(size)} timesteps, fewer than ${String(count)}`,
          ),
        )
      rising.push(...section(start, size, count))
      start += size
    }
    return E.right(rising.reverse())
  })

/**
 * Timesteps by OpenAI's `timestep_respacing` (`space_timesteps`):
 *
 * - `"50"`: 50 of them, from T−1 to 0, evenly;
 * - `"10,15,20"`: that many of each third, the clean one first; each third begins with its first timestep and ends with
 *   its last, and one step alone is the first;
 * - `"ddim50"`: 50 with equal strides from 0, by the smallest stride that gives just 50; few counts have one.
 *
 * @remarks
 * Within a section strides are added up in floats, not multiplied, and rounded half to even: for 21, 23, 31, 35 and
 * others that is not {@link linspace}.
 *
 * @param text - as above
 * @returns a spacing; it refuses a schedule on which `ddimN` has no stride (SpacingInvalid, naming the nearest
 *   that have), or a section has too few timesteps
 * @throws SpacingInvalid for any other text, or one that asks for no step
 *
 * @example
 * ```ts
 * expect(respacing('1,2,2').timesteps(9)).toEqual(E.right([8, 6, 5, 3, 0]))
 * expect(respacing('ddim4').timesteps(1000)).toEqual(E.right([750, 500, 250, 0]))
 * expect(respacing('ddim37').timesteps(1000)).toMatchObject(
 *   E.left({ reason: 'no whole stride through 1000 timesteps gives 37 steps; the nearest are ddim36 and ddim38' }),
 * )
 * ```
 */
export const respacing = (text: string): WholeSpacing => {
  checkArgument('text', aText, text)
  const name = `respacing(${text})`
  const steps = /^ddim(\d+)$/.exec(text)?.[1]
  const counts = steps === undefined ? text.split(',').map((part) => part.trim()) : [steps]
  if (!counts.every((part) => /^\d{1,9}$/.test(part)))
    throw unusable(
      name,
      'it is neither a number of steps, as 50, nor several, as 10,15,20, nor ddim and a number',
    )
  const numbers = counts.map(Number)
  if (numbers.every((count) => count === 0)) throw unusable(name, 'it asks for no step at all')
  return steps === undefined ? sections(name, numbers) : strided(name, Number(steps))
}
