/**
 * A scheduler that gives every step a macrotask of its own, so that timers, sockets and Ctrl-C stay alive
 * and `takeUntil(timer)` means something. RxJS's asap starves them, and its async waits a millisecond.
 */
import { asyncScheduler, Subscription, type SchedulerAction, type SchedulerLike } from 'rxjs'

/** Runs a callback in the next macrotask; the answer takes it back. */
const soon: (callback: () => void) => () => void =
  typeof setImmediate === 'function'
    ? (callback) => {
        const handle = setImmediate(callback)
        return () => {
          clearImmediate(handle)
        }
      }
    : (callback) => {
        const channel = new MessageChannel()
        const close = (): void => {
          channel.port1.close()
        }
        channel.port1.onmessage = () => {
          close()
          callback()
        }
        channel.port2.postMessage(undefined)
        return close
      }

/**
 * Schedules each piece of work in the next macrotask: `setImmediate` in Node, a `MessageChannel` in browsers.
 * Work that has a delay goes to RxJS's `asyncScheduler`.
 *
 * @example
 * ```ts
 * import { firstValueFrom, of, observeOn } from 'rxjs'
 * expect(await firstValueFrom(of('later').pipe(observeOn(macrotaskScheduler)))).toBe('later')
 * ```
 */
export const macrotaskScheduler: SchedulerLike = {
  now: () => Date.now(),
  schedule: <S>(work: (this: SchedulerAction<S>, state?: S) => void, delay = 0, state?: S): Subscription => {
    const action: SchedulerAction<S> = Object.assign(new Subscription(), {
      schedule: (next?: S, wait = 0): Subscription => {
        const turn = new Subscription()
        const run = (): void => {
          action.remove(turn)
          work.call(action, next)
        }
        turn.add(wait > 0 ? asyncScheduler.schedule(run, wait) : soon(run))
        action.add(turn)
        return action
      },
    })
    return action.schedule(state, delay)
  },
}
