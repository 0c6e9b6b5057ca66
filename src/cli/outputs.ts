/**
 * Which file wants which sink.
 */
import { basename, extname, resolve } from 'node:path'
import type { OperatorFunction } from 'rxjs'
import { fail } from '../failure.ts'
import { E, pipe, RA } from '../fp.ts'
import type { Written } from '../media/sink/files.ts'
import { toFilmStrip } from '../media/sink/to-film-strip.ts'
import { toGrid } from '../media/sink/to-grid.ts'
import { toNpy } from '../media/sink/to-npy.ts'
import type { Pixels } from '../media/sink/pixels-of.ts'
import type { Frame } from '../stream/frame.ts'
import type { Read } from './flags.ts'
import { quoted } from '../quoted.ts'

/** What is written into the pictures. */
export interface Legend {
  /** One caption per sample. */
  readonly captions: readonly string[]
  /** How to look at latents; nothing for a model whose x is the image. */
  readonly pixels?: Pixels | undefined
  /** How the file was made, by keyword. */
  readonly text: Readonly<Record<string, string>>
}

/** A file to be written, and the sink that writes it. */
export interface Output {
  readonly path: string
  readonly sink: <T>(legend: Legend) => OperatorFunction<Frame<T>, Written>
}

const gridTo = (path: string): Output => ({ path, sink: (legend) => toGrid(path, legend) })
const stripTo = (path: string): Output => ({ path, sink: (legend) => toFilmStrip(path, legend) })
const npyTo = (path: string): Output => ({ path, sink: () => toNpy(path) })

/**
 * Chooses the sink of a file: `.npy` holds the numbers, a `.png` a grid, or a film strip if its name says "strip".
 * `grid:` or `strip:` before the path decides for a PNG of any name.
 */
export const readOutput = (text: string): Read<Output> => {
  const [, kind, path = ''] = /^(?:(grid|strip):)?(.*)$/s.exec(text) ?? []
  const extension = extname(path).toLowerCase()
  if (extension === '.npy' && kind === undefined) return E.right(npyTo(path))
  if (extension === '.png')
    return E.right(
      (kind ?? (/strip/i.test(basename(path)) ? 'strip' : 'grid')) === 'strip' ? stripTo(path) : gridTo(path),
    )
  return E.left(
    fail('Usage', {
      reason: `-o takes files that end in .png (grid, or film strip if the name says strip) or .npy, not ${quoted(text)}`,
    }),
  )
}

/** All files of a run, one at least; each is written once. */
export const readOutputs = (texts: readonly string[] = []): Read<readonly Output[]> =>
  pipe(
    texts,
    E.fromPredicate(RA.isNonEmpty, () =>
      fail('Usage', { reason: 'The option -o, --output <file> is needed, such as -o grid.png' }),
    ),
    E.chain(E.traverseArray(readOutput)),
    E.filterOrElse(
      (outputs) => new Set(outputs.map(({ path }) => resolve(path))).size === outputs.length,
      () => fail('Usage', { reason: `-o names the same file twice: ${texts.map(quoted).join(', ')}` }),
    ),
  )
