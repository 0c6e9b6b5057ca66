/**
 * The peers' solvers by hand: plain loops on the real line, in the coordinates and the words of their papers and code, in
 * float64. They share nothing with what is tested but ᾱ, t and the model.
 */
import { type Level, cleanLevel } from '../../../src/diffusion/level.ts'

/** A chain: its levels, the last one included; the model's ε; t of a σ between two levels; and the noise. */
export interface Walk {
  readonly levels: readonly Level[]
  readonly eps: (x: number, level: Level) => number
  readonly between: (sigma: number) => Level
  readonly z: (k: number) => number
}

/** Every x of a chain that begins at `x`. */
export type ByHand = (walk: Walk, x: number) => readonly number[]

const signal = ({ alphaBar }: Level): number => Math.sqrt(alphaBar)
const noise = ({ alphaBar }: Level): number => Math.sqrt(1 - alphaBar)
const sigmaOf = (level: Level): number => noise(level) / signal(level)
const lambdaOf = (level: Level): number => Math.log(signal(level)) - Math.log(noise(level))

/** Walks in x̄ = x/√ᾱ, as k-diffusion does; `ask` is told x̄ and gives dx̄/dσ. */
const exploding =
  (
    move: (
      ask: (x: number, level: Level) => number,
      x: number,
      from: Level,
      to: Level,
      walk: Walk,
      k: number,
    ) => number,
  ): ByHand =>
  (walk, start) => {
    const ask = (x: number, level: Level): number => walk.eps(x * signal(level), level)
    let x = start / signal(walk.levels[0]!)
    return walk.levels.slice(1).map((to, k) => {
      x = move(ask, x, walk.levels[k]!, to, walk, k)
      return x * signal(to)
    })
  }

export const eulerByHand: ByHand = exploding(
  (ask, x, from, to) => x + ask(x, from) * (sigmaOf(to) - sigmaOf(from)),
)

export const ancestralByHand: ByHand = exploding((ask, x, from, to, { z }, k) => {
  const [s, next] = [sigmaOf(from), sigmaOf(to)]
  const up = Math.min(next, Math.sqrt((next ** 2 * (s ** 2 - next ** 2)) / s ** 2))
  const down = Math.sqrt(next ** 2 - up ** 2)
  return x + ask(x, from) * (down - s) + up * z(k)
})

export const heunByHand: ByHand = exploding((ask, x, from, to) => {
  const dt = sigmaOf(to) - sigmaOf(from)
  const slope = ask(x, from)
  return to === cleanLevel ? x + slope * dt : x + ((slope + ask(x + slope * dt, to)) / 2) * dt
})

export const dpm2ByHand: ByHand = exploding((ask, x, from, to, { between }) => {
  const [s, next] = [sigmaOf(from), sigmaOf(to)]
  if (to === cleanLevel) return x + ask(x, from) * (next - s)
  const middle = Math.exp((Math.log(s) + Math.log(next)) / 2)
  return x + ask(x + ask(x, from) * (middle - s), between(middle)) * (next - s)
})

/** diffusers' `_get_prev_sample`. */
const transfer = (x: number, e: number, { alphaBar: a }: Level, { alphaBar: p }: Level): number =>
  Math.sqrt(p / a) * x - ((p - a) * e) / (a * Math.sqrt(1 - p) + Math.sqrt(a * (1 - a) * p))

export const plmsByHand: ByHand = ({ levels, eps }, start) => {
  const known: number[] = []
  let x = start
  return levels.slice(1).map((to, k) => {
    const from = levels[k]!
    known.push(eps(x, from))
    const [e4 = 0, e3 = 0, e2 = 0, e = 0] = [0, 0, 0, ...known].slice(-4)
    const slope = (): number => {
      if (known.length === 1) return to === cleanLevel ? e : (e + eps(transfer(x, e, from, to), to)) / 2
      if (known.length === 2) return (3 * e - e2) / 2
      if (known.length === 3) return (23 * e - 16 * e2 + 5 * e3) / 12
      return (55 * e - 59 * e2 + 37 * e3 - 9 * e4) / 24
    }
    x = transfer(x, slope(), from, to)
    return x
  })
}

const x0Of = ({ eps }: Walk, x: number, level: Level): number =>
  (x - noise(level) * eps(x, level)) / signal(level)

/** DPM-Solver++ of order 2 or 3, ODE or SDE, as diffusers and (SDE of order 3) k-diffusion have it. */
export const dpmppByHand =
  (order: 2 | 3, sde: boolean): ByHand =>
  (walk, start) => {
    const { levels, z } = walk
    const count = levels.length - 1
    const m: number[] = []
    const l = levels.map(lambdaOf)
    let x = start
    return levels.slice(1).map((to, k) => {
      const from = levels[k]!
      m.push(x0Of(walk, x, from))
      const h = l[k + 1]! - l[k]!
      const few = count < 15
      const most = to === cleanLevel || (few && k === count - 1) ? 1 : few && k === count - 2 ? 2 : order
      const p = Math.min(most, k + 1)
      const [r0, r1] = [(l[k]! - l[k - 1]!) / h, (l[k - 1]! - l[k - 2]!) / h]
      const d10 = (m[k]! - m[k - 1]!) / r0
      const d11 = (m[k - 1]! - m[k - 2]!) / r1
      const d1 = d10 + (r0 / (r0 + r1)) * (d10 - d11)
      const d2 = (d10 - d11) / (r0 + r1)
      const e = sde ? 2 * h : h
      const phi1 = Math.expm1(-e)
      const phi2 = phi1 / e + 1
      const phi3 = phi2 / e - 0.5
      const ratio = to === cleanLevel ? 0 : (noise(to) / noise(from)) * (sde ? Math.exp(-h) : 1)
      const a = signal(to)
      x =
        ratio * x -
        a * phi1 * m[k]! +
        (p === 2 ? -0.5 * a * phi1 * d10 : 0) +
        (p === 3 ? a * phi2 * d1 - a * phi3 * d2 : 0) +
        (sde ? noise(to) * Math.sqrt(-Math.expm1(-2 * h)) * z(k) : 0)
      return x
    })
  }

/** Gauss–Jordan, without pivoting: the matrices are small and well-behaved. */
const solve = (matrix: readonly number[][], b: readonly number[]): readonly number[] => {
  const rows = matrix.map((row, i) => [...row, b[i]!])
  rows.forEach((row, i) => {
    const pivot = row[i]!
    row.forEach((value, j) => (row[j] = value / pivot))
    rows.forEach((other, k) => {
      if (k === i) return
      const factor = other[i]!
      row.forEach((value, j) => (other[j]! -= factor * value))
    })
  })
  return rows.map((row) => row.at(-1)!)
}

/** UniPC with B₂(h), x₀-predicting, as diffusers has it: the corrector starts anew from the last sample. */
export const unipcByHand =
  (order: 1 | 2 | 3): ByHand =>
  (walk, start) => {
    const { levels } = walk
    const count = levels.length - 1
    const l = levels.map(lambdaOf)
    const m: number[] = []
    let lastOrder = 0
    let lastSample = NaN
    /** What both halves share: from level i to j, through the model's outputs before i, and perhaps one at j. */
    const update = (sample: number, i: number, p: number, seen?: number): number => {
      const h = l[i + 1]! - l[i]!
      const nodes = Array.from({ length: p - 1 }, (_, k) => (l[i - k - 1]! - l[i]!) / h)
      const slopes = nodes.map((r, k) => (m[i - k - 1]! - m[i]!) / r)
      if (seen !== undefined) {
        nodes.push(1)
        slopes.push(seen - m[i]!)
      }
      const b: number[] = []
      let phi = Math.expm1(-h) / -h - 1
      let factorial = 1
      for (let k = 1; k <= nodes.length; k++) {
        b.push((phi * factorial) / Math.expm1(-h))
        factorial *= k + 1
        phi = phi / -h - 1 / factorial
      }
      const rho =
        nodes.length === 1
          ? [0.5]
          : solve(
              nodes.map((_, row) => nodes.map((r) => r ** row)),
              b,
            )
      const sum = slopes.reduce((total, slope, k) => total + rho[k]! * slope, 0)
      const to = levels[i + 1]!
      const ratio = to === cleanLevel ? 0 : noise(to) / noise(levels[i]!)
      return ratio * sample - signal(to) * Math.expm1(-h) * (m[i]! + sum)
    }
    let x = start
    return levels.slice(1).map((_, k) => {
      const seen = x0Of(walk, x, levels[k]!)
      const sample = k === 0 ? x : update(lastSample, k - 1, lastOrder, seen)
      m.push(seen)
      lastOrder = Math.min(order, count - k, k + 1)
      lastSample = sample
      x = update(sample, k, lastOrder)
      return x
    })
  }

export const lcmByHand: ByHand = (walk, start) => {
  let x = start
  return walk.levels.slice(1).map((to, k) => {
    const from = walk.levels[k]!
    const s = 10 * from.t
    const skip = 0.25 / (s * s + 0.25)
    const denoised = (s / Math.sqrt(s * s + 0.25)) * x0Of(walk, x, from) + skip * x
    x = signal(to) * denoised + noise(to) * walk.z(k)
    return x
  })
}
