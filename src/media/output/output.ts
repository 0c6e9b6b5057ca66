/** An output as data: what is written where. */
import { fail, type FailureOf } from '../../failure.ts'
import { E } from '../../fp.ts'
import type { FrameField } from '../../stream/frame.ts'
import { type LookName, type OutputKind, outputKindNames, outputKinds } from './kinds.ts'

/** What may be chosen of an output; a kind that does not heed one of these is written without. */
export interface OutputLook {
  /** What of each step, side by side. Default: x_t. */
  readonly show?: readonly FrameField[] | undefined
  /** Every how manieth step; the last always is there. Default: 1. */
  readonly every?: number | undefined
  /** Frames a second. Default: 25. */
  readonly fps?: number | undefined
  /** What goes by in a film: the steps, or the finished samples one after the other. Default: steps. */
  readonly over?: 'steps' | 'samples' | undefined
  /** Pixels per pixel of an image, a whole number. Default: as suits the size. */
  readonly scale?: number | undefined
}

/** What is written where. */
export interface Output extends OutputLook {
  readonly kind: OutputKind
  /** Of the file; `-` is standard output. */
  readonly path: string
}

/**
 * The path of standard output.
 *
 * @example
 * ```ts
 * expect(outputOf(standardOutput, { kind: 'y4m' })).toEqual(E.right({ kind: 'y4m', path: '-' }))
 * ```
 */
export const standardOutput = '-'

/** The last part of a path that may end in a slash. */
const nameOf = (path: string): string => /([^/\\]*)[/\\]*$/.exec(path)?.[1] ?? ''

/** Whether a path has an ending, and something before it. */
const endsIn =
  (path: string) =>
  (ending: string): boolean => {
    if (ending === '/') return /[/\\]$/.test(path)
    const name = /[^/\\]*$/.exec(path)?.[0] ?? ''
    return name.length > ending.length && name.toLowerCase().endsWith(ending)
  }

/**
 * What a file of this name is to be: by its ending, and where several kinds have that, by the name.
 *
 * @example
 * ```ts
 * expect(['a.png', 'my-strip.png', 'frames/', 'a.av1.mp4', 'a.jpg'].map(kindOfFile)).toEqual([
 *   'grid', 'strip', 'frames', 'video', undefined,
 * ])
 * ```
 */
export const kindOfFile = (path: string): OutputKind | undefined => {
  const able = outputKindNames.filter((kind) => outputKinds[kind].endings.some(endsIn(path)))
  const name = nameOf(path).toLowerCase()
  return (
    able.find((kind) => {
      const { named } = outputKinds[kind]
      return named !== undefined && name.includes(named)
    }) ?? able.find((kind) => outputKinds[kind].named === undefined)
  )
}

const spoken = (endings: readonly string[]): string =>
  endings.map((ending) => (ending === '/' ? '/ (a folder)' : ending)).join(', ')

const everyEnding: readonly string[] = [
  ...new Set(outputKindNames.flatMap((kind) => outputKinds[kind].endings)),
]

/**
 * Makes an output, or says what is wrong with it.
 *
 * @param path - of the file, or `-`
 * @param options - its kind, where the name of the file does not say it; its look
 * @returns FileUnwritable where the kind has no such files, or they can't hold what is asked for
 *
 * @example
 * ```ts
 * expect(outputOf('out/run.gif', { fps: 10 })).toEqual(E.right({ kind: 'gif', path: 'out/run.gif', fps: 10 }))
 * expect(outputOf('a.gif', { kind: 'grid' })).toMatchObject(
 *   E.left({ message: "a.gif can't be written: the name of a grid ends in .png." }),
 * )
 * ```
 */
export const outputOf = (
  path: string,
  { kind = kindOfFile(path), ...look }: OutputLook & { readonly kind?: OutputKind | undefined } = {},
): E.Either<FailureOf<'FileUnwritable'>, Output> => {
  const refuse = (reason: string): E.Either<FailureOf<'FileUnwritable'>, never> =>
    E.left(fail('FileUnwritable', { path: path === '' ? '""' : path, reason }))
  if (kind === undefined) return refuse(`names of outputs end in ${spoken(everyEnding)}`)
  const { endings, format } = outputKinds[kind]
  if (path === standardOutput) {
    if (format === undefined) return refuse(`standard output takes no ${kind}`)
  } else if (!endings.some(endsIn(path)))
    return refuse(
      endings.length === 0
        ? `${kind} goes to standard output, -`
        : `the name of a ${kind} ends in ${spoken(endings)}`,
    )
  if (kind === 'trajectory' && /\.npy$/i.test(path) && (look.show?.length ?? 1) > 1)
    return refuse(`a .npy holds one of ${look.show?.join(', ') ?? ''}; .npz and .safetensors hold all`)
  const heeded = Object.entries(look).filter(
    ([name, value]) => value !== undefined && outputKinds[kind].heeds.includes(name as LookName),
  )
  return E.right({ kind, path, ...Object.fromEntries(heeded) })
}
