/**
 * A few statements and what they come to, about a model: `(model) => { const batch = …; return { frames$: … } }`.
 */
import type { Model } from '../engine/engine.ts'
import { type Staged, variable } from './staged.ts'

interface Statement {
  readonly name: string
  readonly value: Staged<unknown>
  readonly awaited: boolean
}

/** What to do with a model. */
export interface Program<A> {
  readonly statements: readonly Statement[]
  readonly result: Staged<A>
}

/** Gives something a name, and the name back. */
export interface Naming {
  readonly name: <A>(name: string, value: Staged<A>) => Staged<A>
  /** Of something that takes time. */
  readonly awaited: <A>(name: string, value: Staged<Promise<A>>) => Staged<A>
}

/**
 * Makes a program.
 *
 * @param make - of the model, and a way to name what is used again
 */
export const program = <A>(make: (model: Staged<Model>, naming: Naming) => Staged<A>): Program<A> => {
  const statements: Statement[] = []
  const result = make(variable<Model>('model'), {
    name: (name, value) => {
      statements.push({ name, value, awaited: false })
      return variable(name)
    },
    awaited: <B>(name: string, value: Staged<Promise<B>>) => {
      statements.push({ name, value, awaited: true })
      return variable<B>(name)
    },
  })
  return { statements, result }
}

/** Runs a program. */
export const runProgram = async <A>({ statements, result }: Program<A>, model: Model): Promise<A> => {
  const scope = new Map<string, unknown>([['model', model]])
  for (const { name, value, awaited } of statements) {
    const found = value.run(scope)
    scope.set(name, awaited ? await found : found)
  }
  return result.run(scope)
}

/** What a program uses of the library. */
export const namesOfProgram = ({ statements, result }: Program<unknown>): readonly string[] => [
  ...new Set([...statements.flatMap(({ value }) => value.names), ...result.names]),
]

/** A program as TypeScript: a function of the model. */
export const showProgram = ({ statements, result }: Program<unknown>): string => {
  const lines = statements.map(
    ({ name, value, awaited }) => `const ${name} = ${awaited ? 'await ' : ''}${value.code}`,
  )
  const word = statements.some(({ awaited }) => awaited) ? 'async ' : ''
  const body = [...lines, `return ${result.code}`].join('\n').replaceAll('\n', '\n  ')
  return `${word}(model) => {\n  ${body}\n}`
}
