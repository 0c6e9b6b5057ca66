/**
 * Names that people type where no compiler looks: in JavaScript, and in what comes from elsewhere.
 */
import { fail } from './failure.ts'
import { nearest } from './nearest.ts'

/**
 * Refuses a name that there is not.
 *
 * @param what - what it is the name of, for the sentence
 * @param known - all that there are
 * @param name - as given
 * @returns the name
 * @throws NameUnknown, with the nearest
 *
 * @example
 * ```ts
 * expect(knownName('spacing', ['trailing', 'leading'], 'leading')).toBe('leading')
 * expect(() => knownName('spacing', ['trailing', 'leading'], 'trailling')).toThrow(
 *   'There is no spacing "trailling"; there are trailing, leading, and the nearest is trailing.',
 * )
 * ```
 */
export const knownName = <Name extends string>(what: string, known: readonly Name[], name: Name): Name => {
  if (known.includes(name)) return name
  const found: unknown = name
  throw fail('NameUnknown', {
    what,
    given: typeof found === 'string' ? JSON.stringify(found) : String(found),
    known,
    nearest: typeof found === 'string' ? nearest(known)(found) : undefined,
  })
}

/**
 * Refuses options that there are not.
 *
 * @param what - whose options
 * @param known - all that there are
 * @param options - as given
 * @throws NameUnknown, with the nearest
 *
 * @example
 * ```ts
 * expect(() => { knownOptions('karras', ['count', 'rho'], { roh: 3 }) }).toThrow('There is no option of karras "roh"')
 * ```
 */
export const knownOptions = (what: string, known: readonly string[], options: object): void => {
  for (const name of Object.keys(options)) knownName(`option of ${what}`, known, name)
}
