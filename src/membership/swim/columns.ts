/** Typed arrays as the columns of a table: read a field of a row, and grow. */

/** A column of a table, by rows. */
export type Column = Uint8Array | Uint16Array | Uint32Array | Float64Array;

/** A field of a row that the caller knows to be there. */
export const at = (column: Column, row: number): number => column[row] as number;

/** The longer column, with the fields of the shorter one. */
export function copied<C extends Column>(from: Column, to: C): C {
  to.set(from);
  return to;
}
