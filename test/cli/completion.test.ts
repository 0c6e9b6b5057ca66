import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { completion } from '../../src/cli/completion.ts'
import { argumentValues, flagValues } from '../../src/cli/completion-values.ts'
import { rules } from '../../src/diffusion/solver.ts'
import { orThrow } from '../../src/or-throw.ts'
import { program } from './program.ts'

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
