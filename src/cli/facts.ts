/**
 * What is known of a model, in words: lines of two columns, as comments of YAML.
 */
import type { Preset } from '../diffusion/preset.ts'
import type { Schedule } from '../diffusion/schedule.ts'
import type { NetworkPort } from '../engine/network.ts'
import type { Labels } from '../model/denoiser.ts'

/** What is known, line by line; in two columns. */
export type Facts = ReadonlyArray<readonly [what: string, fact: string]>

/** A title and facts, as comments. */
export const commented = (title: string, facts: Facts): readonly string[] => {
  const width = Math.max(...facts.map(([what]) => what.length))
  return [`# ${title}`, '#', ...facts.map(([what, fact]) => `# ${what.padEnd(width)}  ${fact}`), '']
}

/** A number, in groups of three digits. */
export const count = (value: number): string => value.toLocaleString('en')

/** A schedule in a few words. */
export const scheduleFact = ({ name, trainedSteps, betas, alphaBars }: Schedule): string => {
  const few = (value: number | undefined): string => String(Number((value ?? NaN).toPrecision(4)))
  return `${name}, T = ${trainedSteps}, β from ${few(betas[0])} to ${few(betas.at(-1))}, ᾱ at the end ${few(alphaBars.at(-1))}`
}

/** What the preset diffusers makes of 50 steps of ddim for a checkpoint, in a few words. */
export const presetFact = ({ spacing, clip, finalLevel }: Preset): string => {
  const { mode, ...rest } = typeof clip.ddim === 'string' ? { mode: clip.ddim } : clip.ddim
  const said = Object.entries(rest).map(([key, value]) => `${key}=${String(value)}`)
  const how = said.length === 0 ? mode : `${mode}:${said.join(',')}`
  return `diffusers: ${spacing(50).name}, clip ${how}, final level ${finalLevel.ddim}`
}

/** Classes in a few words. */
export const labelsFact = ({ count: classes, names = [], unconditional }: Labels): string => {
  const named = names.length === 0 ? '' : `: ${names.join(', ')}`
  return `${classes}${named}${unconditional === undefined ? '' : ` (${unconditional} is none)`}`
}

/** Inputs or outputs, one a line. */
export const portFacts = (what: string, ports: readonly NetworkPort[]): Facts =>
  ports.map(({ name, dtype, shape }, i) => [
    i === 0 ? what : '',
    `${name}: ${dtype} ${shape === undefined ? 'of any shape' : `[${shape.map((extent) => extent ?? 'any').join(', ')}]`}`,
  ])
