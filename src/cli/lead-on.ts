/**
 * Paths in what files say of how they were made: wherever that is read, they are to lead to the same.
 */
import { isAbsolute, relative, resolve } from 'node:path'
import { fileKind } from '../checkpoint/read-file.ts'
import { defaultImages } from '../data/open-images.ts'
import { defaultModel } from '../engine/load-model.ts'
import { E, pipe, T } from '../fp.ts'
import type { Provenance } from '../media/output/provenance.ts'
import { inputsOf, leaveOutPaths } from '../pipeline/paths.ts'
import type { Pipeline } from '../pipeline/pipeline.ts'

const isPackaged = (path: string): boolean => [defaultModel, defaultImages].includes(resolve(path))

/** A pipeline that leaves out what it would find in the package anyhow, wherever that lies. */
export const withoutPackaged: (pipeline: Pipeline) => Pipeline = leaveOutPaths(isPackaged)

/** The same of a verb's words. */
export const wordsWithoutPackaged = (words: readonly string[]): readonly string[] =>
  words.filter((word) => !(word.startsWith('--model=') && isPackaged(word.slice('--model='.length))))

/** The paths in a verb's words that it needs again: its model, and a module that it runs. */
const pathsIn = ([verb = '', ...words]: readonly string[]): readonly string[] =>
  words.flatMap((word, i) =>
    word.startsWith('--model=') ? [word.slice('--model='.length)] : verb === 'run' && i === 0 ? [word] : [],
  )

/** The folder from which paths lead on, where there are such. */
export const startOf = (
  made: Pick<Provenance, 'command'>,
  pipeline?: Pipeline,
): Pick<Provenance, 'folder'> =>
  (pipeline === undefined ? pathsIn(made.command) : inputsOf(pipeline)).some((path) => !isAbsolute(path))
    ? { folder: resolve('') }
    : {}

/**
 * Where paths lead that somebody has written down elsewhere.
 *
 * @param folder - from which they led; where there is none of that name, they lead on from here
 */
export const ledFrom = (folder: string | undefined): T.Task<(path: string) => string> =>
  pipe(
    folder === undefined ? T.of(E.right('nothing' as const)) : fileKind(folder),
    T.map((kind) =>
      folder === undefined || E.isLeft(kind) || kind.right !== 'folder'
        ? (path) => path
        : (path) => (isAbsolute(path) ? path : relative('', resolve(folder, path)) || '.'),
    ),
  )

/** A verb's words, with their paths led elsewhere. */
export const leadWords =
  (move: (path: string) => string) =>
  ([verb = '', ...words]: readonly string[]): readonly string[] => [
    verb,
    ...words.map((word, i) =>
      word.startsWith('--model=')
        ? `--model=${move(word.slice('--model='.length))}`
        : verb === 'run' && i === 0
          ? move(word)
          : word,
    ),
  ]
