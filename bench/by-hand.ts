/**
 * DDIM as one writes it down without a library: a loop over plain arrays.
 */

/** Asks the network: x and the timestep of every row. */
export type Network = (x: Float32Array, t: number) => Promise<Float32Array>

/** ᾱ of the linear schedule with 1000 timesteps. */
const alphaBars: readonly number[] = (() => {
  let alphaBar = 1
  return Array.from({ length: 1000 }, (_, t) => (alphaBar *= 1 - (1e-4 + ((0.02 - 1e-4) * t) / 999)))
})()

/**
 * DDIM with η = 0 and trailing timesteps; x̂₀ is clipped to [−1, 1] and ε̂ derived again.
 *
 * @param network - says ε
 * @param start - x_T
 * @param steps - how many
 * @param stepped - told of every step
 * @returns x₀
 */
export const sampleByHand = async (
  network: Network,
  start: Float32Array,
  steps: number,
  stepped: () => void = () => undefined,
): Promise<Float32Array> => {
  const x = Float32Array.from(start)
  for (let i = 0; i < steps; i += 1) {
    const t = Math.round(1000 - (i * 1000) / steps) - 1
    const next = Math.round(1000 - ((i + 1) * 1000) / steps) - 1
    const from = alphaBars[t]!
    const to = alphaBars[next] ?? 1
    const signal = Math.sqrt(from)
    const noise = Math.sqrt(1 - from)
    const toSignal = Math.sqrt(to)
    const toNoise = Math.sqrt(1 - to)
    const eps = await network(x, t)
    for (let k = 0; k < x.length; k += 1) {
      const x0 = Math.min(1, Math.max(-1, (x[k]! - noise * eps[k]!) / signal))
      x[k] = toSignal * x0 + (toNoise * (x[k]! - signal * x0)) / noise
    }
    stepped()
  }
  return x
}
