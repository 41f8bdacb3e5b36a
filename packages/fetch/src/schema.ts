/** A validator as Standard Schema describes it (https://standardschema.dev): of Zod, Valibot, ArkType and others. */
export interface Schema<T> {
  /** Version 1 of the specification. */
  readonly '~standard': {
    readonly version: 1
    readonly validate: (value: unknown) => SchemaResult<T> | Promise<SchemaResult<T>>
  }
}

/** What a validator says of a value: what it makes of it, or what is wrong with it. */
export type SchemaResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly unknown[] }

/** @throws TypeError for what is no validator */
export function checkSchema(schema: Schema<unknown>): void {
  const validate: unknown = schema?.['~standard']?.validate
  if (typeof validate !== 'function') {
    throw new TypeError('schema must be a Standard Schema: an object with ~standard.validate')
  }
}

/** What the validator makes of a value; `undefined` if it is invalid. */
export async function validated<T>(
  schema: Schema<T>,
  value: unknown,
): Promise<{ readonly value: T } | undefined> {
  const result = await schema['~standard'].validate(value)
  return result.issues === undefined ? result : undefined
}
