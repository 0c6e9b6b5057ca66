/**
 * The codec of a set of which just one setting is said, such as where something is to happen.
 */
import * as t from 'io-ts'
import { E } from '../fp.ts'
import { isRecord } from '../json.ts'
import { nearestHint } from '../nearest.ts'
import { NoSuch } from './struct.ts'

/** One of several settings. */
export class OneSetting<A> extends t.Type<A> {
  readonly settings: Readonly<Record<string, t.Mixed>>
  constructor(what: string, settings: Readonly<Record<string, t.Mixed>>) {
    const known = Object.keys(settings)
    const validate = (value: unknown, context: t.Context): t.Validation<A> => {
      if (!isRecord(value)) return t.failure(value, context)
      const [key, ...others] = Object.keys(value)
      if (key === undefined || others.length > 0) return t.failure(value, context)
      const codec = Object.hasOwn(settings, key) ? settings[key] : undefined
      if (codec === undefined)
        return t.failure(
          value[key],
          t.appendContext(context, key, new NoSuch(known)),
          nearestHint(known)(key),
        )
      return codec.validate(value[key], t.appendContext(context, key, codec)) as t.Validation<A>
    }
    const whole = (value: unknown, context: t.Context): t.Validation<A> => {
      const result = validate(value, context)
      return E.isRight(result) ? t.success(value as A) : result
    }
    super(what, (value): value is A => E.isRight(whole(value, [])), whole, t.identity)
    this.settings = settings
  }
}
