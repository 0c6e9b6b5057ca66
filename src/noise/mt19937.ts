/**
 * The Mersenne Twister MT19937 of Matsumoto and Nishimura (ACM TOMACS 8, 1998, doi:10.1145/272991.272995),
 * seeded as in their `init_genrand` of 2002; torch's CPU generator is this one.
 */

const N = 624
const M = 397

/** The generator's state, which {@link nextWord} and {@link skipWords} advance in place. */
export interface Mt19937 {
  readonly words: Uint32Array
  /** How many of the words have been used; at 624 the next one needs a new batch. */
  used: number
}

/**
 * A generator at its start.
 *
 * @param seed - in `[0, 2³²)`; further bits are ignored
 *
 * @example
 * ```ts
 * expect(nextWord(mt19937(5489))).toBe(3499211612)
 * ```
 */
export const mt19937 = (seed: number): Mt19937 => {
  const words = new Uint32Array(N)
  let word = seed >>> 0
  words[0] = word
  for (let i = 1; i < N; i++) {
    word = (Math.imul(1812433253, word ^ (word >>> 30)) + i) >>> 0
    words[i] = word
  }
  return { words, used: N }
}

/**
 * A copy that goes its own way.
 *
 * @example
 * ```ts
 * const state = mt19937(0)
 * expect(nextWord(copyMt19937(state))).toBe(nextWord(state))
 * ```
 */
export const copyMt19937 = ({ words, used }: Mt19937): Mt19937 => ({ words: words.slice(), used })

/** One word of the recurrence: from two neighbours, and one word far off. */
const mix = (words: Uint32Array, at: number, next: number, far: number): void => {
  const joined = ((words[at] ?? 0) & 0x80000000) | ((words[next] ?? 0) & 0x7fffffff)
  words[at] = (words[far] ?? 0) ^ (joined >>> 1) ^ (-(joined & 1) & 0x9908b0df)
}

/** The next 624 words of the recurrence, whose indices wrap around. */
const twist = (state: Mt19937): void => {
  const { words } = state
  for (let i = 0; i < N - M; i++) mix(words, i, i + 1, i + M)
  for (let i = N - M; i < N - 1; i++) mix(words, i, i + 1, i + M - N)
  mix(words, N - 1, 0, M - 1)
  state.used = 0
}

/**
 * The next random word, in `[0, 2³²)`.
 *
 * @example
 * ```ts
 * const state = mt19937(5489)
 * expect([nextWord(state), nextWord(state)]).toEqual([3499211612, 581869302])
 * ```
 */
export const nextWord = (state: Mt19937): number => {
  if (state.used === N) twist(state)
  let word = state.words[state.used] ?? 0
  state.used++
  word ^= word >>> 11
  word ^= (word << 7) & 0x9d2c5680
  word ^= (word << 15) & 0xefc60000
  return (word ^ (word >>> 18)) >>> 0
}

/**
 * Passes over words without making them.
 *
 * @param count - how many, a whole number from 0
 *
 * @example
 * ```ts
 * const state = mt19937(5489)
 * skipWords(state, 9999)
 * expect(nextWord(state)).toBe(4123659995)
 * ```
 */
export const skipWords = (state: Mt19937, count: number): void => {
  for (let left = count; left > 0;) {
    if (state.used === N) twist(state)
    const step = Math.min(left, N - state.used)
    state.used += step
    left -= step
  }
}
