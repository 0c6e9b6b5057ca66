/**
 * `rxdiffusion ls`: what there is to choose from.
 */
import { dirname, join, relative } from 'node:path'
import { findModel } from '../checkpoint/find-model.ts'
import { listFolder } from '../checkpoint/read-file.ts'
import { schedules } from '../diffusion/schedule.ts'
import { defaultModel } from '../engine/load-model.ts'
import { render } from '../failure.ts'
import { E, pipe, TE } from '../fp.ts'
import { endingsOf, outputKindNames, outputKinds } from '../media/output/kinds.ts'
import { experimentCodec } from '../pipeline/experiment.ts'
import { samplerCodec } from '../pipeline/sampler.ts'
import { stepsCodec } from '../pipeline/steps.ts'
import type { Struct } from '../pipeline/struct.ts'
import { readOneOf } from './flags.ts'
import { exitCode } from './exit-code.ts'

/** What can be listed. */
export const listed = ['models', 'schedules', 'spacings', 'samplers', 'experiments', 'outputs'] as const

/** What can be listed. */
export type Listed = (typeof listed)[number]

type Rows = ReadonlyArray<readonly [name: string, about: string]>

/** Names and their settings with defaults. */
const settingsOf = (members: Readonly<Record<string, Struct<unknown>>>): Rows =>
  Object.entries(members).map(([name, { fields }]) => [
    name,
    Object.entries(fields)
      .filter(([key]) => key !== 'kind')
      .map(([key, { fallback, free }]) =>
        fallback === undefined ? (free ? `[${key}]` : key) : `${key}=${short(fallback)}`,
      )
      .join(' '),
  ])

const short = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? String(value) : '{…}'

/** The models that come with the package, and those in a folder. */
const models = async (): Promise<Rows> => {
  const folder = dirname(defaultModel)
  const names = await listFolder(folder)()
  const rows = (E.isRight(names) ? names.right : []).map(async (name): Promise<readonly [string, string]> => {
    const path = join(folder, name)
    const found = await findModel(path)()
    return [
      relative('', path),
      E.isRight(found) ? `${found.right.kind}${path === defaultModel ? ', the default' : ''}` : 'no model',
    ]
  })
  return Promise.all(rows)
}

const rowsOf = async (what: Listed): Promise<Rows> => {
  switch (what) {
    case 'models':
      return models()
    case 'schedules':
      return Object.keys(schedules).map((name) => [name, ''])
    case 'spacings':
      return settingsOf(stepsCodec.members)
    case 'samplers':
      return settingsOf(samplerCodec.members)
    case 'experiments':
      return settingsOf(experimentCodec.members)
    case 'outputs':
      return outputKindNames.map((kind) => [kind, `${endingsOf(kind)}: ${outputKinds[kind].about}`])
  }
}

/**
 * Lists what there is of something.
 *
 * @param what - as people type it
 * @param print - where the list goes
 * @param complain - where it is said what is wrong
 * @returns the exit code; nothing is thrown
 */
export const ls = (
  what: string,
  print: (text: string) => unknown,
  complain: (text: string) => unknown,
): Promise<number> =>
  pipe(
    TE.fromEither(readOneOf('ls', listed)(what)),
    TE.chainTaskK((known) => () => rowsOf(known)),
    TE.match(
      (failure): number => {
        complain(`${render(failure)}\n`)
        return exitCode.refused
      },
      (rows) => {
        const width = Math.max(...rows.map(([name]) => name.length))
        for (const [name, about] of rows) print(`${name.padEnd(width)}  ${about}`.trimEnd() + '\n')
        return exitCode.ok
      },
    ),
  )()
