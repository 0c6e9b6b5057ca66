/**
 * Runs that advance together: in each round everybody who can takes one step, all in one macrotask, so that their calls of the
 * network can be one. A run on its own has rounds of its own.
 */
import { type SchedulerLike, Subscription } from 'rxjs'
import type { Gate } from './gate.ts'

/** A run's place among those that advance together. */
export interface Seat {
  /**
   * Calls back in the macrotask of the run's next step, once nobody who waits for a turn has too many frames held.
   * Unsubscribing gives the turn up.
   */
  readonly turn: (step: () => void) => Subscription
  /** Calls back once everybody who sits before has delivered, and then takes it that this run has. */
  readonly deliver: (frame: () => void) => Subscription
  /** Gives the seat up. */
  readonly leave: () => void
}

/** Rounds that runs can join. */
export interface Rounds {
  /** Takes the last seat. */
  readonly join: (gate: Gate, scheduler: SchedulerLike) => Seat
}

interface Sitting {
  readonly gate: Gate
  readonly scheduler: SchedulerLike
  /** Waits for its turn. */
  step: (() => void) | undefined
  /** Has had its turn in this round, and has not delivered. */
  busy: boolean
  /** Has something to deliver, and waits for those before. */
  frame: (() => void) | undefined
}

/**
 * Opens rounds.
 *
 * @remarks
 * 1. A round starts in a macrotask of its own, when the one before is over and every run that waits for a turn has fewer
 *    frames held than it may have in flight. Whoever is between two turns, or at its end, keeps nobody waiting.
 * 2. Turns are given in the order of the seats, and frames are delivered in that order, however long each step takes.
 * 3. A round is over when everybody who had a turn has delivered, or left.
 *
 * @example
 * ```ts
 * import { asapScheduler } from 'rxjs'
 * const rounds = openRounds()
 * const said: string[] = []
 * for (const name of ['ddpm', 'ddim']) {
 *   const seat = rounds.join(createGate(2), asapScheduler)
 *   seat.turn(() => seat.deliver(() => said.push(name)))
 * }
 * await Promise.resolve()
 * expect(said).toEqual(['ddpm', 'ddim'])
 * ```
 */
export const openRounds = (): Rounds => {
  const seats = new Set<Sitting>()
  let starting = Subscription.EMPTY
  let closed = Subscription.EMPTY

  const waiting = (): readonly Sitting[] => [...seats].filter(({ step }) => step !== undefined)

  const begin = (): void => {
    starting = Subscription.EMPTY
    const ready = waiting()
    // a gate may have closed since
    if (!ready.every(({ gate }) => gate.isOpen())) {
      look()
      return
    }
    const turns = ready.map((seat) => {
      const { step } = seat
      seat.step = undefined
      seat.busy = true
      return { seat, step }
    })
    // whoever has left on account of an earlier turn has none
    for (const { seat, step } of turns) if (seats.has(seat)) step?.()
  }

  /** Starts a round when one can start. */
  const look = (): void => {
    starting.unsubscribe()
    closed.unsubscribe()
    for (const { busy } of seats) if (busy) return
    const ready = waiting()
    const [first] = ready
    if (first === undefined) return
    const held = ready.find(({ gate }) => !gate.isOpen())
    if (held === undefined) starting = first.scheduler.schedule(begin)
    else closed = held.gate.open.subscribe({ error: look, complete: look })
  }

  /** Lets everybody deliver whom nobody before keeps waiting. */
  const flush = (): void => {
    for (const seat of seats) {
      if (!seat.busy) continue
      const { frame } = seat
      if (frame === undefined) return
      seat.frame = undefined
      frame()
    }
  }

  return {
    join: (gate, scheduler) => {
      const seat: Sitting = { gate, scheduler, step: undefined, busy: false, frame: undefined }
      seats.add(seat)
      return {
        turn: (step) => {
          seat.step = step
          look()
          return new Subscription(() => {
            if (seat.step !== step) return
            seat.step = undefined
            look()
          })
        },
        deliver: (frame) => {
          const delivery = (): void => {
            frame()
            seat.busy = false
            flush()
            look()
          }
          seat.frame = delivery
          flush()
          return new Subscription(() => {
            if (seat.frame === delivery) seat.frame = undefined
          })
        },
        leave: () => {
          seats.delete(seat)
          flush()
          look()
        },
      }
    },
  }
}
