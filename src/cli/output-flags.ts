/**
 * The flags of every verb that writes files. Help needs nothing but words, so nothing else is loaded.
 */
import type { Command } from 'commander'
import {
  endingsOf,
  outputFormats,
  type OutputKind,
  outputKindNames,
  outputKinds,
} from '../media/output/kinds.ts'
import { type TellingFlags, withTelling } from './telling-flags.ts'

/** The flags as the command line has them. */
export interface OutputFlags {
  readonly output?: readonly string[]
  readonly format?: string
  readonly show?: string
  readonly every?: string
  readonly fps?: string
  readonly over?: string
  readonly scale?: string
}

/** The names of {@link OutputFlags}: what a run is made of doesn't depend on them. */
export const outputFlagNames: ReadonlySet<string> = new Set<
  keyof OutputFlags | keyof TellingFlags | 'dryRun'
>(['output', 'format', 'show', 'every', 'fps', 'over', 'scale', 'json', 'quiet', 'preview', 'dryRun'])

/** The flags of outputs, of all flags. */
export const outputsOf = (flags: OutputFlags): OutputFlags =>
  Object.fromEntries(Object.entries(flags).filter(([name]) => outputFlagNames.has(name)))

/** Gathers what a flag is given each time. */
export const collect = (value: string, sofar: readonly string[] = []): readonly string[] => [...sofar, value]

/** Each kind of output, how its files are called and what it shows. */
export const outputLines = (): ReadonlyArray<readonly [kind: OutputKind, files: string, about: string]> =>
  outputKindNames.map((kind) => [kind, endingsOf(kind), outputKinds[kind].about])

/** Gives a command the flags of outputs. */
export const withOutputs = (command: Command): Command =>
  withTelling(command)
    // asked for by readOutputs: commander would complain of a missing one before it looks at what there is
    .option(
      '-o, --output <file>',
      'what to write (needed), again for each file, by its ending; - is standard output',
      collect,
    )
    .option('--format <name>', `what - is: ${[...outputFormats.keys()].join(', ')}`)
    .option('--show <what>', 'of each step: xt, x0, eps, both (xt,x0), or several with commas (default: xt)')
    .option('--every <k>', 'every k-th step, and the last (default: 1)')
    .option('--fps <n>', 'frames a second of films (default: 25)')
    .option('--over <what>', 'what goes by in films: steps, or the finished samples (default: steps)')
    .option('--scale <n>', 'pixels per pixel of an image (default: as suits the size)')
    .addHelpText(
      'after',
      () =>
        `\nOutputs:\n${outputLines()
          .map(([kind, files, about]) => `  ${kind.padEnd(11)} ${about}\n  ${''.padEnd(11)} ${files}\n`)
          .join('')}`,
    )
