/**
 * Who is served next, where several share something: self-clocked fair queueing (Golestani, INFOCOM 1994).
 */

/** What is waited for. */
export interface Wanted {
  /** How much it takes: rows, of a network. */
  readonly rows: number
  /** What it can be served together with. */
  readonly kind: string
}

/** One of those who share. */
interface Member<A> {
  readonly weight: number
  /** What has been served so far, over the weight. */
  clock: number
  /** How much it wanted last. */
  usual: number
  readonly waiting: Set<A>
}

/** Somebody whose turn it may be. */
interface Next<A> {
  readonly member: Member<A>
  readonly wanted: A
  readonly clock: number
}

/** A queue of those who share. */
export interface FairQueue<A extends Wanted> {
  /** Takes in a member with a share of its own; the answer puts something it wants in the queue, and the answer of that takes it back. */
  readonly join: (weight: number) => (wanted: A) => () => void
  /** How many wait. */
  readonly size: () => number
  /** Takes out who is next, and whoever can be served together with it in so many rows. */
  readonly take: (rows: number) => readonly A[]
  /** Says that these have been served, and that those who wanted them may soon want more. */
  readonly served: (wanted: readonly A[]) => void
  /** Whether someone who has just been served would be before all who wait, if he asked again. */
  readonly isExpecting: () => boolean
  /** Expects nobody any more. */
  readonly expectNobody: () => void
}

/**
 * Opens a queue.
 *
 * @remarks
 * Each member has a clock that advances by rows over weight whenever it is served, and who would have the earliest clock after
 * being served is next. So members who always want something are served rows in proportion to their weights, whatever they want at a time.
 * A member that wants nothing, and is not expected to, saves nothing up: its clock is set to that of whoever is being served.
 *
 * @example
 * ```ts
 * const queue = fairQueue<Wanted & { readonly name: string }>()
 * const [large, small] = [queue.join(1), queue.join(1)]
 * large({ name: 'large', rows: 2, kind: '' })
 * for (const name of ['a', 'b', 'c']) small({ name, rows: 1, kind: '' })
 * const served = [1, 2, 3, 4].flatMap(() => queue.take(2).map(({ name }) => name))
 * expect(served).toEqual(['a', 'b', 'large', 'c'])
 * ```
 */
export const fairQueue = <A extends Wanted>(): FairQueue<A> => {
  // whoever has waited longest comes first, and so wins between equals
  const waiting = new Set<Member<A>>()
  const expected = new Set<Member<A>>()
  const members = new WeakMap<A, Member<A>>()
  let now = 0

  const after = ({ clock, weight }: Member<A>, rows: number): number => clock + rows / weight

  const leave = (member: Member<A>, wanted: A): void => {
    member.waiting.delete(wanted)
    if (member.waiting.size === 0) waiting.delete(member)
  }

  /** Who is next of those who want something that can be served, and what his clock would be. */
  const first = (can: (wanted: A) => boolean): Next<A> | undefined => {
    let best: Next<A> | undefined
    for (const member of waiting)
      for (const wanted of member.waiting) {
        if (!can(wanted)) continue
        const clock = after(member, wanted.rows)
        if (best === undefined || clock < best.clock) best = { member, wanted, clock }
        break
      }
    return best
  }

  return {
    join: (weight) => {
      const member: Member<A> = { weight, clock: 0, usual: 0, waiting: new Set() }
      return (wanted) => {
        if (member.waiting.size === 0 && !expected.has(member)) member.clock = Math.max(member.clock, now)
        member.usual = wanted.rows
        member.waiting.add(wanted)
        members.set(wanted, member)
        waiting.add(member)
        expected.delete(member)
        return () => {
          leave(member, wanted)
        }
      }
    },
    size: () => [...waiting].reduce((sum, member) => sum + member.waiting.size, 0),
    take: (rows) => {
      const taken: A[] = []
      let room = rows
      const fits = (wanted: A): boolean => wanted.rows <= room && wanted.kind === (taken[0] ?? wanted).kind
      for (let best = first(fits); best !== undefined; best = first(fits)) {
        const { member, wanted, clock } = best
        if (taken.length === 0) now = clock
        member.clock = clock
        taken.push(wanted)
        room -= wanted.rows
        leave(member, wanted)
      }
      return taken
    },
    served: (wanted) => {
      for (const each of wanted) {
        const member = members.get(each)
        if (member?.waiting.size === 0) expected.add(member)
      }
    },
    isExpecting: () => {
      const best = first(() => true)
      return best !== undefined && [...expected].some((member) => after(member, member.usual) < best.clock)
    },
    expectNobody: () => {
      expected.clear()
    },
  }
}
