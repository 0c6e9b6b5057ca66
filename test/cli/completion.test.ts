import { Command } from 'commander'
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { completion } from '../../src/cli/completion.ts'
import { argumentValues, flagValues } from '../../src/cli/completion-values.ts'
import { addExperimentVerbs } from '../../src/cli/experiment-verbs.ts'
import { addPipelineVerbs } from '../../src/cli/pipeline-verbs.ts'
import { addPlotOptions, addSamplingOptions } from '../../src/cli/sampling-options.ts'
import { addTableVerbs } from '../../src/cli/table-verbs.ts'
import { withOutputs } from '../../src/cli/output-flags.ts'
import { rules } from '../../src/diffusion/solver.ts'
import { orThrow } from '../../src/or-throw.ts'

const never = (): never => expect.fail('nothing is done')
const outside = { context: never, print: never, words: never, exit: never, again: never }
const program = new Command('rxdiffusion')
withOutputs(addSamplingOptions(program.command('sample').option('--model <dir>')))
addPlotOptions(program.command('plot'))
program.command('setup')
addPipelineVerbs(program, outside)
addExperimentVerbs(program, outside)
addTableVerbs(program, outside)

/** What bash offers after these words, of which the last is unfinished. */
const offered = (...words: readonly string[]): readonly string[] => {
  const script = `${completionOf('bash')}
    COMP_WORDS=(rxdiffusion "$@"); COMP_CWORD=$(($#)); _rxdiffusion; printf '%s\\n' "\${COMPREPLY[@]}"`
  return execFileSync('bash', ['-c', script, 'bash', ...words])
    .toString()
    .split('\n')
    .filter((word) => word !== '')
}
const completionOf = (shell: string): string => orThrow(completion(program)(shell))

describe('bash', () => {
  it.each<readonly [typed: readonly string[], offers: readonly string[]]>([
    [['recon'], ['reconstruct']],
    [
      ['sample', '--sam'],
      ['--sampler', '--samples'],
    ],
    [['sample', '--sampler', ''], Object.keys(rules)],
    [
      ['matrix', '--sampler', 'dd'],
      ['ddim', 'ddpm'],
    ],
    [
      ['sample', '--engine', '=', 'we'],
      ['webgpu', 'webgpu:software'],
    ],
    [
      ['sample', '--clip', 'thr'],
      ['threshold', 'threshold+eps'],
    ],
    [['sample', '--spacing', 'tr'], ['trailing']],
    [['sample', '--steps', ''], []],
    [['sample', '--model', 'package-l'], ['package-lock.json']],
    [['sample', '-o', 'package-l'], ['package-lock.json']],
    [['run', 'package-l'], ['package-lock.json']],
    [['ls', 'sam'], ['samplers']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
  ])('after %j offers %j', (typed, offers) => {
    expect(offered(...typed)).toEqual(offers)
  })
})

it('completes only flags and verbs that there are', () => {
  const verbs = program.commands.map((command) => command.name())
  const flags = program.commands.flatMap(({ options }) => options.map(({ long }) => long))
  expect(flags).toEqual(expect.arrayContaining(Object.keys(flagValues)))
  expect(verbs).toEqual(expect.arrayContaining(Object.keys(argumentValues)))
})

it('tells fish what flags take', () => {
  const lines = completionOf('fish').split('\n')
  const about = (flag: string): string =>
    lines.find((line) => line.includes(`from sample' -l ${flag}`)) ?? expect.fail(flag)
  expect(about('sampler')).toContain(` -x -a '${Object.keys(rules).join(' ')}' -d `)
  expect(about('model')).toContain(' -r -F -d ')
  expect(about('steps')).toContain(' -x -d ')
  expect(about('output')).toContain(' -s o -r -F ')
  expect(about('json')).not.toMatch(/ -[rx] /)
})
