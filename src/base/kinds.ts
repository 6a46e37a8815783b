/**
 * What an entry's bytes are. There is one kind of entry through every door; the kind says how the
 * library gives it back, and what RESP may do with it.
 */
export type ValueKind =
  /** Bytes, as RESP SET stores them; the library returns a Buffer. */
  | 'bytes'
  /** UTF-8 of a string; the library returns the string. */
  | 'text'
  /** msgpack of a data value; the library returns the value, RESP sees the msgpack bytes. */
  | 'packed';

/** The kinds by the number that the slab and the wire carry. */
export const VALUE_KINDS: readonly ValueKind[] = ['bytes', 'text', 'packed'];

/** A kind's number; a search in three names would cost more than all else about it. */
export function kindNumber(kind: ValueKind): number {
  switch (kind) {
    case 'bytes':
      return 0;
    case 'text':
      return 1;
    case 'packed':
      return 2;
  }
}
