/** Every intermediate x_t is an emission. One run, two listeners: numbers for the terminal, pictures for a film strip. */
import { connect, filter, ignoreElements, lastValueFrom, merge, type Observable, tap } from 'rxjs'
import {
  ddpm,
  denoise,
  loadModel,
  openEngine,
  orThrow,
  philox,
  respace,
  snapshot,
  toFilmStrip,
  trailing,
  type Frame,
  type Values,
} from 'rxdiffusion/node'

const engine = await orThrow(openEngine('onnx'))
using model = await orThrow(loadModel(engine))

const norm = ({ data }: Values): string =>
  Math.sqrt([...data].reduce((sum, x) => sum + x * x, 0) / data.length).toFixed(3)

/** A frame is lent: to read its numbers later, copy it with snapshot(). */
const log = <T>(frames$: Observable<Frame<T>>): Observable<never> =>
  frames$.pipe(
    filter(({ transition }) => transition.index % 10 === 9),
    snapshot({ xt: true, x0: true }),
    tap(({ transition: { to }, xt, x0 }) => {
      console.log(`t ${String(to.t).padStart(4)}: |x_t| ${norm(xt)}, |x̂₀| ${norm(x0)}`)
    }),
    ignoreElements(),
  )

const captions = ['sandal', 'sneaker', 'boot']
const { path } = await lastValueFrom(
  respace(model.schedule, trailing(50)).pipe(
    denoise({ model, rule: ddpm(), noise: philox({ seed: 7 }), condition: { labels: [5, 7, 9] } }),
    connect((run$) => merge(run$.pipe(log), run$.pipe(toFilmStrip('out/02-every-step.png', { captions })))),
  ),
)
console.log(`wrote ${path}`)
