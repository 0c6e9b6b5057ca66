import { CommanderError } from 'commander'
import { describe, expect, it } from 'vitest'
import { foreignFlags, foreignSampler, foreignVerbs, plainWord } from '../../src/cli/foreign-words.ts'
import { refusalOf } from '../../src/cli/refusals.ts'
import { rules } from '../../src/diffusion/solver.ts'
import { spacings } from '../../src/diffusion/spacing.ts'
import { program } from './program.ts'

const verbs = program.commands.map((command) => command.name())
const flags = program.commands.flatMap(({ options }) => options.map(({ long }) => long))

describe('the words of other tools', () => {
  it('stand for flags and verbs that there are', () => {
    // the others are those of the program itself, which main.ts says
    expect([...flags, '--out']).toEqual(
      expect.arrayContaining(foreignFlags.map(([ours]) => ours.split(' ')[0])),
    )
    expect([...verbs, 'doctor', 'inspect', 'train', '--version']).toEqual(
      expect.arrayContaining(foreignVerbs.map(([ours]) => ours.split(' ')[0])),
    )
  })

  it('are written as they are looked for, each once in its line', () => {
    for (const [ours, theirs] of [...foreignFlags, ...foreignVerbs]) {
      expect(theirs.map(plainWord)).toEqual(theirs)
      expect(new Set([ours, ...theirs]).size, ours).toBe(theirs.length + 1)
    }
  })
})

describe('a flag of another tool', () => {
  it.each<readonly [verb: string, flag: string, hint: string]>([
    ['sample', '-n', 'here it is --batch'],
    ['sample', '-n4', 'here it is --batch'],
    ['sample', '--num_inference_steps', 'here it is --steps'],
    ['sample', '--device', 'here it is --engine'],
    ['sample', '--plms', 'here it is --sampler plms'],
    ['sample', '--overwrite', 'files are replaced unasked, so leave it out'],
    ['sample', '--mask', 'it is for inpaint'],
    ['sample', '--stepz', 'the nearest is --steps'],
    ['interpolate', '--from', 'here it is --seeds'],
    ['img2img', '-n', 'here it is --count'],
    ['reconstruct', '--count', 'here it is --limit'],
    ['consistency', '--count', 'here it is --batch'],
    ['run', '--steps', 'here it is --set steps=…'],
    ['run', '--num_inference_steps', 'here it is --set steps=…'],
    ['run', '-o', 'here it is --set outputs[0].path=…'],
  ])('%s %s: %s', (verb, flag, hint) => {
    const command = program.commands.find((each) => each.name() === verb)!
    const error = new CommanderError(1, 'commander.unknownOption', `error: unknown option '${flag}'`)
    expect(refusalOf(command)(error)?.message).toBe(`There is no option ${flag}; ${hint}.`)
  })
})

describe('a sampler of another tool', () => {
  it.each([
    ['k_euler_a', 'euler-ancestral'],
    ['euler_a', 'euler-ancestral'],
    ['Euler a', 'euler-ancestral'],
    ['EulerAncestralDiscreteScheduler', 'euler-ancestral'],
    ['EulerDiscreteScheduler', 'euler'],
    ['DPM++ 2M Karras', 'dpmpp-2m --spacing karras'],
    ['dpmpp_2m', 'dpmpp-2m'],
    ['sample_dpmpp_2m_sde', 'dpmpp-2m-sde'],
    ['DPMSolverMultistepScheduler', 'dpmpp-2m'],
    ['KDPM2DiscreteScheduler', 'dpm2'],
    ['DDIMScheduler', 'ddim'],
    ['PNDMScheduler', 'plms'],
    ['UniPCMultistepScheduler', 'unipc'],
  ])('%s is %s', (theirs, ours) => {
    expect(foreignSampler(Object.keys(rules), theirs)).toBe(ours)
    const [rule = '', , spacing = 'trailing'] = ours.split(' ')
    expect([rule in rules, spacing in spacings]).toEqual([true, true])
  })

  it('may be none of ours', () => {
    expect(foreignSampler(Object.keys(rules), 'magic')).toBeUndefined()
  })
})
