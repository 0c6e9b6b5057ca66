/**
 * The outputs that flags ask for.
 */
import { resolve } from 'node:path'
import { fail, type FailureOf } from '../failure.ts'
import { E, pipe, RA } from '../fp.ts'
import { type LookName, outputFormats, outputKindNames, outputKinds } from '../media/output/kinds.ts'
import { type Output, type OutputLook, outputOf, standardOutput } from '../media/output/output.ts'
import type { FrameField } from '../stream/frame.ts'
import { type Read, readNumber, readOneOf } from './flags.ts'
import type { OutputFlags } from './output-flags.ts'
import { quoted } from '../quoted.ts'

/** An output, or what is wrong with it. */
type Asked<A> = E.Either<FailureOf<'Usage' | 'FileUnwritable'>, A>

const heeding = (name: LookName): string =>
  outputKindNames.filter((kind) => outputKinds[kind].heeds.includes(name)).join(', ')

const readShow = (text: string): Read<readonly FrameField[]> =>
  text === 'both'
    ? E.right(['xt', 'x0'])
    : pipe(
        text.split(',').map((word) => word.trim()),
        E.traverseArray(readOneOf('--show', ['xt', 'x0', 'eps', 'both'])),
        E.map((fields) => [
          ...new Set(fields.flatMap((field) => (field === 'both' ? (['xt', 'x0'] as const) : [field]))),
        ]),
      )

const optional = <A>(text: string | undefined, read: (text: string) => Read<A>): Read<A | undefined> =>
  text === undefined ? E.right(undefined) : read(text)

const readLook = ({ show, every, fps, over, scale }: OutputFlags): Read<OutputLook> =>
  pipe(
    E.Do,
    E.apS('show', optional(show, readShow)),
    E.apS('every', optional(every, readNumber('--every', { whole: true, least: 1 }))),
    E.apS('fps', optional(fps, readNumber('--fps', { least: 0.1, most: 240 }))),
    E.apS('over', optional(over, readOneOf('--over', ['steps', 'samples']))),
    E.apS('scale', optional(scale, readNumber('--scale', { whole: true, least: 1, most: 64 }))),
  )

/** `kind:path`, or a path; one letter is a drive and no kind. */
const readOutput =
  (look: OutputLook, format: string | undefined) =>
  (text: string): Asked<Output> => {
    if (text === standardOutput)
      return format === undefined
        ? E.left(
            fail('Usage', {
              reason: `-o - needs a --format, one of ${[...outputFormats.keys()].join(', ')}`,
            }),
          )
        : pipe(
            readOneOf('--format', [...outputFormats.keys()])(format),
            E.chainW((name) => outputOf(text, { ...look, kind: outputFormats.get(name) })),
          )
    const [, word, rest = ''] = /^(\w{2,}):(.*)$/s.exec(text) ?? []
    return word === undefined
      ? outputOf(text, look)
      : pipe(
          readOneOf('-o', outputKindNames)(word),
          E.chainW((kind) => outputOf(rest, { ...look, kind })),
        )
  }

/** What is asked for that no output heeds. */
const unheeded = (look: OutputLook, outputs: readonly Output[]): LookName | undefined =>
  (Object.keys(look) as LookName[]).find(
    (name) =>
      look[name] !== undefined && outputs.every(({ kind }) => !outputKinds[kind].heeds.includes(name)),
  )

/** All outputs of a run, one at least; each is written once. */
export const readOutputs = (flags: OutputFlags): Asked<readonly Output[]> => {
  const usage = (reason: string) => fail('Usage', { reason })
  const { output: texts = [], format } = flags
  return pipe(
    texts,
    E.fromPredicate(RA.isNonEmpty, () =>
      usage('The option -o, --output <file> is needed, such as -o grid.png'),
    ),
    E.bindTo('given'),
    E.bindW('look', () => readLook(flags)),
    E.bindW('outputs', ({ given, look }) => E.traverseArray(readOutput(look, format))(given)),
    E.filterOrElseW(
      () => format === undefined || texts.includes(standardOutput),
      () => usage('--format says what goes to standard output, and there is no -o -'),
    ),
    E.filterOrElseW(
      ({ outputs }) => new Set(outputs.map(({ path }) => resolve(path))).size === outputs.length,
      () => usage(`-o names the same file twice: ${texts.map(quoted).join(', ')}`),
    ),
    E.chainW(({ look, outputs }) => {
      const name = unheeded(look, outputs)
      return name === undefined
        ? E.right(outputs)
        : E.left(usage(`--${name} is for ${heeding(name)}, and none of the outputs is one`))
    }),
  )
}
