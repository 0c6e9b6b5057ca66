/**
 * A branch at a keypress: while DDIM runs, every key starts a branch with fresh noise from the x_t of that moment.
 */
import { emitKeypressEvents } from 'node:readline'
import {
  finalize,
  fromEvent,
  groupBy,
  lastValueFrom,
  map,
  merge,
  mergeMap,
  type Observable,
  of,
  Subject,
  take,
  takeUntil,
  tap,
  timer,
} from 'rxjs'
import * as rx from 'rxdiffusion/node'

const { stdin } = process
if (stdin.isTTY) {
  emitKeypressEvents(stdin)
  stdin.setRawMode(true)
  console.log('Press any key to branch.')
}
// without a keyboard, two keys are pressed all the same
const keys$: Observable<unknown> = stdin.isTTY ? fromEvent(stdin, 'keypress') : timer(300, 400).pipe(take(2))

const network = await rx.orThrow(rx.loadModel(await rx.orThrow(rx.openEngine('onnx'))))
const model = rx.coalesce(network)
const noise = rx.philox({ seed: 3 })
const condition = { labels: [0, 5, 7, 8] }
const over = new Subject<void>()

const afresh: rx.FrameOperator = (frames$) => frames$.pipe(take(1), rx.resume({ rule: rx.ddpm() }))
const main$ = rx.respace(model.schedule, rx.trailing(30)).pipe(
  rx.denoise({ model: rx.guided({ weight: 2 })(model), rule: rx.ddim(), noise, condition }),
  finalize(() => over.next()),
)
const branches$ = merge(
  of({ ddim: (frames$) => frames$ } as Record<string, rx.FrameOperator>),
  keys$.pipe(
    map((_, k) => ({ [`ddpm-${String(k + 1)}`]: afresh })),
    takeUntil(over),
  ),
)
const written$ = main$.pipe(
  rx.fork(branches$),
  // somebody is looking on: a twentieth of a second for each frame
  rx.tapFrame(() => timer(50)),
  groupBy(({ branch }) => branch),
  mergeMap((branch$) => branch$.pipe(rx.toGrid(`out/10-${branch$.key}.png`))),
  tap(({ path }) => console.log(path)),
)
await lastValueFrom(written$)
if (stdin.isTTY) stdin.setRawMode(false).pause()
network[Symbol.dispose]()
