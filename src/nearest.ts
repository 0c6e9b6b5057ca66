/**
 * The known name that a misspelt one most likely meant.
 */

/** The number of insertions, deletions and substitutions between two words (Levenshtein). */
const distance = (a: string, b: string): number => {
  const firstRow = Array.from({ length: b.length + 1 }, (_, j) => j)
  const lastRow = [...a].reduce<readonly number[]>(
    (row, letter, i) =>
      [...b].reduce<readonly number[]>(
        (next, other, j) => [
          ...next,
          Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (letter === other ? 0 : 1)),
        ],
        [i + 1],
      ),
    firstRow,
  )
  return lastRow.at(-1) ?? 0
}

/**
 * Finds the nearest of the known names, if one is near, case aside: one that contains it, or no more than a third of
 * the letters differ (at least two may).
 *
 * @example
 * ```ts
 * expect(nearest(['trailing', 'leading'])('Trailling')).toBe('trailing')
 * expect(nearest(['cpu', 'tensorflow-gpu'])('gpu')).toBe('tensorflow-gpu')
 * expect(nearest(['trailing', 'leading'])('cosine')).toBeUndefined()
 * ```
 */
export const nearest =
  (known: readonly string[]) =>
  (name: string): string | undefined => {
    const ranked = known
      .map((candidate) => ({ candidate, far: distance(name.toLowerCase(), candidate.toLowerCase()) }))
      .sort((a, b) => a.far - b.far)
    const [best] = ranked
    // what is only the beginning or the end of a name is nearer to it than a short word of other letters
    const [part] = known.filter(
      (candidate) => name.length > 1 && candidate.toLowerCase().includes(name.toLowerCase()),
    )
    if (part !== undefined) return part
    const tolerated = Math.max(2, Math.floor(name.length / 3))
    return best !== undefined && best.far <= tolerated ? best.candidate : undefined
  }

/**
 * The end of a sentence about a value that is none of the known names: which it most likely meant, if any.
 *
 * @example
 * ```ts
 * expect(nearestHint(['trailing', 'leading'])('trailling')).toBe('; the nearest is trailing')
 * expect(nearestHint(['trailing', 'leading'])(3)).toBe('')
 * ```
 */
export const nearestHint =
  (known: readonly string[]) =>
  (value: unknown): string => {
    const name = typeof value === 'string' ? nearest(known)(value) : undefined
    return name === undefined ? '' : `; the nearest is ${name}`
  }
