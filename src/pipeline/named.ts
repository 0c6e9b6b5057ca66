/**
 * The codec of settings by names of one's own.
 */
import * as t from 'io-ts'
import { E } from '../fp.ts'
import { isRecord } from '../json.ts'

/** What is taken for a name: it may become a part of a file's, and a key in code, which `__proto__` can't. */
const NAME = /^(?!__proto__$)[A-Za-z_][\w.-]*$/

/** Settings by names of one's own, at least one. */
export class Named<A> extends t.Type<Readonly<Record<string, A>>> {
  readonly item: t.Type<A>
  /** What is taken for a name. */
  readonly names: string = NAME.source
  constructor(what: string, item: t.Type<A>) {
    const name = new t.Type<string>(
      'a name of letters, digits, . _ and -, other than __proto__',
      t.string.is,
      t.failure,
      t.identity,
    )
    const validate = (value: unknown, context: t.Context): t.Validation<Readonly<Record<string, A>>> => {
      if (!isRecord(value) || Object.keys(value).length === 0) return t.failure(value, context)
      const errors: t.Errors = []
      const decoded: Array<readonly [string, A]> = []
      for (const [key, each] of Object.entries(value)) {
        const result = NAME.test(key)
          ? item.validate(each, t.appendContext(context, key, item, each))
          : t.failure<A>(key, t.appendContext(context, key, name, key))
        if (E.isRight(result)) decoded.push([key, result.right])
        else errors.push(...result.left)
      }
      return errors.length === 0 ? t.success(Object.fromEntries(decoded)) : t.failures(errors)
    }
    super(
      what,
      (value): value is Readonly<Record<string, A>> => isRecord(value) && Object.values(value).every(item.is),
      validate,
      t.identity,
    )
    this.item = item
  }
}
