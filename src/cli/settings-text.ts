/**
 * The grammar of settings on the command line: a name, or a name and what else there is to say, as in `karras:rho=5` or
 * `threshold:ratio=0.99,largest=4`. What it reads is data, and the codecs of the registries say what it means.
 */
import type * as t from 'io-ts'
import { decodeConfig } from '../decode-config.ts'
import { fail } from '../failure.ts'
import { E, pipe } from '../fp.ts'
import { type Read, readOneOf } from './flags.ts'
import { quoted } from './quoted.ts'

/** Settings by name; `kind` says which set of them it is. */
export type NamedSettings = Readonly<Record<string, unknown>> & { readonly kind: string }

const refuse = (reason: string): Read<never> => E.left(fail('Usage', { reason }))

/** A value as data: a number, true, false, or the text itself. */
export const scalar = (text: string): unknown => {
  if (text === 'true' || text === 'false') return text === 'true'
  const value = Number(text)
  return text.trim() === '' || Number.isNaN(value) ? text : value
}

const readPairs =
  (flag: string, kind: string) =>
  (text: string): Read<NamedSettings> => {
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
    return E.right({ ...Object.fromEntries(settings), kind })
  }

/** Reads a name and whatever settings come after it. */
export const readNamed =
  (flag: string, kinds: readonly string[]) =>
  (text: string): Read<NamedSettings> => {
    const [kind = '', ...rest] = text.split(':')
    return pipe(
      readOneOf(flag, kinds)(kind),
      E.chain(() => (rest.length === 0 ? E.right({ kind }) : readPairs(flag, kind)(rest.join(':')))),
    )
  }

/** Decodes settings; where they are wrong, the flag is spoken of. */
export const decoded =
  <A>(flag: string, codec: t.Type<A>) =>
  (settings: NamedSettings): Read<A> =>
    pipe(
      settings,
      decodeConfig(flag, codec),
      E.mapLeft(({ reason }) => fail('Usage', { reason: `${flag} ${settings.kind}: ${reason}` })),
    )
