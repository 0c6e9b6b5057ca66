/**
 * The grammar of settings on the command line: a name, or a name and what else there is to say, as in `karras:rho=5` or
 * `threshold:ratio=0.99,largest=4`. What it reads is data, and the codecs of the registries say what it means.
 */
import { decodeConfig } from '../decode-config.ts'
import { fail } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import { closed } from '../named-settings.ts'
import { settingsOf } from '../tunable.ts'
import { type Read, readOneOf } from './flags.ts'
import { quoted } from '../quoted.ts'

/** Settings by name; `kind` says which set of them it is. */
export type NamedSettings<Kind extends string = string> = Readonly<Record<string, unknown>> & {
  readonly kind: Kind
}

const refuse = (reason: string): Read<never> => E.left(fail('Usage', { reason }))

/** A value as data: a number, true, false, or the text itself. */
export const scalar = (text: string): unknown => {
  if (text === 'true' || text === 'false') return text === 'true'
  const value = Number(text)
  return text.trim() === '' || Number.isNaN(value) ? text : value
}

const readPairs =
  (flag: string, kind: string) =>
  (text: string): Read<Readonly<Record<string, unknown>>> => {
    const settings = new Map<string, unknown>()
    for (const said of text.split(',')) {
      const [key = '', value, ...more] = said.split('=').map((part) => part.trim())
      if (key === '' || value === undefined || more.length > 0)
        return refuse(
          `${flag} takes settings such as ${kind}:name=value,name=value, not ${quoted(`${kind}:${text}`)}`,
        )
      if (settings.has(key)) return refuse(`${flag} ${kind} says ${key} twice`)
      settings.set(key, scalar(value))
    }
    return E.right(Object.fromEntries(settings))
  }

/**
 * Reads a name of a registry, and what is said after it of its settings.
 *
 * @param flag - as people type it
 * @param registry - functions, or whatever has settings, by name
 * @param foreign - what a name of another tool is here
 * @returns settings that are sound one by one
 */
export const readNamed =
  <Kind extends string>(
    flag: string,
    registry: Readonly<Record<Kind, object>>,
    foreign?: (text: string) => string | undefined,
  ) =>
  (text: string): Read<NamedSettings<Kind>> => {
    const [name = '', ...rest] = text.split(':')
    return pipe(
      name,
      readOneOf(flag, Object.keys(registry) as Kind[], foreign),
      E.bindTo('kind'),
      E.bind('said', ({ kind }) => (rest.length === 0 ? E.right({}) : readPairs(flag, kind)(rest.join(':')))),
      E.chain(({ kind, said }) =>
        pipe(
          said,
          decodeConfig(flag, closed({}, settingsOf(registry[kind]))),
          E.bimap(
            ({ reason }) => fail('Usage', { reason: `${flag} ${kind}: ${reason}` }),
            (settings) => ({ ...settings, kind }),
          ),
        ),
      ),
    )
  }
