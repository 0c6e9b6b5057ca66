/**
 * Tables of figures: printed row by row as they are measured, told to programs, and written to files.
 */
import { extname, resolve } from 'node:path'
import { lastValueFrom, type Observable, takeUntil, tap, toArray } from 'rxjs'
import type { Failure } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { checkWritable, type Written, writeWhole } from '../media/sink/files.ts'
import { quoted } from '../quoted.ts'
import { csvOf, type Row } from './csv.ts'
import { exitCode } from './exit-code.ts'
import { failWith } from './fail-with.ts'
import { failedOf } from './refuse.ts'
import { type Context, interruption } from './write-run.ts'

/** What a verb that measures is told besides its flags. */
export interface TableContext extends Pick<Context, 'terminal' | 'report' | 'quiet' | 'signal'> {
  /** Where the table goes. */
  readonly print: (text: string) => unknown
}

/** The flag as the command line has it. */
export interface TableFlags {
  readonly output?: readonly string[]
}

/** A table as a file. */
export interface TableFile {
  readonly path: string
  readonly textOf: (rows: readonly Row[]) => string
}

const formats: Readonly<Record<string, TableFile['textOf']>> = {
  '.csv': csvOf,
  '.json': (rows) => `${JSON.stringify(rows, null, 2)}\n`,
}

const readFile = (path: string): E.Either<Failure, TableFile> => {
  const textOf = formats[extname(path).toLowerCase()]
  return textOf === undefined
    ? E.left(failWith(`-o takes files that end in .csv or .json, not ${quoted(path)}`))
    : E.right({ path, textOf })
}

/** The files that a table is to be written to, which could be written. */
export const readTableFiles = ({
  output: paths = [],
}: TableFlags): TE.TaskEither<Failure, readonly TableFile[]> =>
  new Set(paths.map((path) => resolve(path))).size < paths.length
    ? TE.left(failWith(`-o names the same file twice: ${paths.map(quoted).join(', ')}`))
    : pipe(
        TE.fromEither(E.traverseArray(readFile)(paths)),
        TE.chainFirstW(TE.traverseSeqArray(({ path }: TableFile) => checkWritable(path))),
      )

/** Something that is measured. */
export interface Measuring {
  /** What it is, for people. */
  readonly about: string
  readonly engine: string
  readonly files: readonly TableFile[]
  /** The names of the columns as people see them; nothing where the rows speak for themselves. */
  readonly head?: string
  /** A row as people see it. */
  readonly line: (row: Row) => string
  readonly rows$: Observable<Row>
}

/**
 * Measures, and tells of each row as it comes. What is interrupted leaves the rows that were measured by then.
 *
 * @returns the exit code
 */
export const tabulate = async (
  { about, engine, files, head, line, rows$ }: Measuring,
  { terminal, print, report, quiet = false, signal }: TableContext,
): Promise<number> => {
  const say = (text: string): unknown => (quiet ? undefined : terminal.write(text))
  const begun = performance.now()
  // whoever reads events has no use for a table between them
  const show = (text: string): unknown => (report === undefined ? print(text) : undefined)
  say(`${about}, ${engine}\n`)
  report?.({ event: 'begin', recipe: about, engine, outputs: files.map(({ path }) => path) })
  let first = true
  const rows = await lastValueFrom(
    rows$.pipe(
      tap((row) => {
        if (first && head !== undefined) show(head)
        first = false
        show(line(row))
        report?.({ event: 'row', row })
      }),
      takeUntil(interruption(signal)),
      toArray(),
    ),
  )
  const written = await pipe(
    rows.length === 0 ? [] : files,
    TE.traverseSeqArray(({ path, textOf }) => writeWhole(path, new TextEncoder().encode(textOf(rows)))),
  )()
  if (E.isLeft(written)) {
    terminal.write(`${written.left.message}\n`)
    report?.(failedOf(written.left))
  } else
    written.right.forEach(({ path, bytes }: Written) => {
      say(`wrote ${path} (${String(bytes)} bytes)\n`)
      report?.({ event: 'wrote', path, bytes })
    })
  if (signal.aborted)
    say(
      rows.length === 0
        ? 'Interrupted before everything was measured: there is no table.\n'
        : 'Interrupted: the table shows what had been measured.\n',
    )
  const code = E.isLeft(written) ? exitCode.failed : signal.aborted ? exitCode.interrupted : exitCode.ok
  report?.({ event: 'end', code, rows: rows.length, seconds: (performance.now() - begun) / 1000 })
  return code
}
