/**
 * Expressions of the library's own functions that can be run and can be read: what a pipeline comes to, and the TypeScript that says
 * the same. Both are made in one place, so they cannot differ.
 */

/** The values of variables. */
export type Scope = ReadonlyMap<string, unknown>

/** An expression. */
export interface Staged<A> {
  /** As TypeScript. */
  readonly code: string
  /** What it uses of the library. */
  readonly names: readonly string[]
  /** What it comes to; constructors may throw failures. */
  readonly run: (scope: Scope) => A
}

/** The value of an expression. */
export type ValueOf<S> = S extends Staged<infer A> ? A : never

const WIDTH = 80
const indented = (text: string): string => text.replaceAll('\n', '\n  ')

/** Parts between brackets: on one line where they fit. */
const bracketed = (open: string, parts: readonly string[], close: string, padding = ''): string => {
  const line = parts.join(', ')
  return parts.length === 0
    ? `${open}${close}`
    : line.length <= WIDTH && !line.includes('\n')
      ? `${open}${padding}${line}${padding}${close}`
      : `${open}\n  ${parts.map(indented).join(',\n  ')},\n${close}`
}

const keyOf = (key: string): string => (/^[A-Za-z_$][\w$]*$/.test(key) ? key : textOf(key))
const textOf = (text: string): string =>
  `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`

const show = (value: unknown): string => {
  if (typeof value === 'string') return textOf(value)
  if (Array.isArray(value)) return bracketed('[', value.map(show), ']')
  if (typeof value === 'object' && value !== null)
    return bracketed(
      '{',
      Object.entries(value).map(([key, each]) => `${keyOf(key)}: ${show(each)}`),
      '}',
      ' ',
    )
  return String(value)
}

const namesOf = (parts: ReadonlyArray<Staged<unknown>>): readonly string[] => [
  ...new Set(parts.flatMap(({ names }) => names)),
]

/** Data. */
export const literal = <A>(value: A): Staged<A> => ({ code: show(value), names: [], run: () => value })

/** Something that is in scope by this name. */
export const variable = <A>(name: string): Staged<A> => ({
  code: name,
  names: [],
  run: (scope) => scope.get(name) as A,
})

/** Something of the library that is no function. */
export const library = <A>(name: string, value: A): Staged<A> => ({
  code: name,
  names: [name],
  run: () => value,
})

/** A call of a function of the library. */
export const call = <Args extends readonly unknown[], A>(
  name: string,
  f: (...args: Args) => A,
  ...args: { readonly [I in keyof Args]: Staged<Args[I]> }
): Staged<A> => {
  const parts = args as ReadonlyArray<Staged<unknown>>
  const [only] = parts
  const said = parts.map(({ code }) => code)
  const codes = said.slice(0, said.findLastIndex((code) => code !== 'undefined') + 1)
  // one object is written as it is, brackets outside
  const code =
    parts.length === 1 && only !== undefined && /^[[{]/.test(only.code)
      ? `${name}(${only.code})`
      : bracketed(`${name}(`, codes, ')')
  return {
    code,
    names: [...new Set([name, ...namesOf(parts)])],
    run: (scope) => f(...(parts.map((part) => part.run(scope)) as unknown as Args)),
  }
}

/** What `call` makes of something, called with something: `guided({ weight: 2 })(model)`. */
export const apply = <A, B>(f: Staged<(argument: A) => B>, argument: Staged<A>): Staged<B> => ({
  code: `${f.code}(${argument.code})`,
  names: namesOf([f, argument]),
  run: (scope) => f.run(scope)(argument.run(scope)),
})

/** A field of something. */
export const field = <A, K extends keyof A & string>(whole: Staged<A>, key: K): Staged<A[K]> => ({
  code: `${whole.code}.${key}`,
  names: whole.names,
  run: (scope) => whole.run(scope)[key],
})

/** A list. */
export const list = <A>(items: ReadonlyArray<Staged<A>>): Staged<readonly A[]> => ({
  code: bracketed(
    '[',
    items.map(({ code }) => code),
    ']',
  ),
  names: namesOf(items),
  run: (scope) => items.map((item) => item.run(scope)),
})

/** The fields of an object, as far as they are said one by one. */
export type Fields<A> = { readonly [K in keyof A]?: Staged<A[K]> | undefined }

/** An object; what is undefined is left out. */
export const record = <A extends object>(
  fields: Fields<A>,
  ...spread: ReadonlyArray<Staged<object>>
): Staged<A> => {
  const entries = (
    Object.entries(fields) as ReadonlyArray<readonly [string, Staged<unknown> | undefined]>
  ).flatMap(([key, part]) => (part === undefined ? [] : [[key, part] as const]))
  const codes = entries.map(([key, { code }]) => (key === code ? key : `${keyOf(key)}: ${code}`))
  return {
    code: bracketed('{', [...spread.map(({ code }) => `...${code}`), ...codes], '}', ' '),
    names: namesOf([...spread, ...entries.map(([, part]) => part)]),
    run: (scope) =>
      Object.assign(
        {},
        ...spread.map((part) => part.run(scope)),
        Object.fromEntries(
          entries.map(([key, part]) => [key, part.run(scope)]).filter(([, value]) => value !== undefined),
        ),
      ) as A,
  }
}

/** Something with `pipe`, as Observables are. */
interface Pipeable {
  readonly pipe: (...operators: never[]) => unknown
}

/** `source.pipe(…)`; the last operator says what comes out. */
export const piped = <B>(
  source: Staged<Pipeable>,
  ...operators: readonly [...ReadonlyArray<Staged<unknown>>, Staged<(source: never) => B>]
): Staged<B> => ({
  code: bracketed(
    `${source.code}.pipe(`,
    operators.map(({ code }) => code),
    ')',
  ),
  names: namesOf([source, ...operators]),
  run: (scope) => {
    const start: unknown = source.run(scope)
    return operators.reduce<unknown>(
      (sofar, operator) => (operator.run(scope) as (source: unknown) => unknown)(sofar),
      start,
    ) as B
  },
})
