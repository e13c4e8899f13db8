/** The columns of a result, as heelstrike/serve/columns.py writes them. */

const TYPES = { f8: Float64Array, f4: Float32Array, u1: Uint8Array };

/**
 * Load the columns of a result.
 * @param {string} url Address of the columns.
 * @returns {Promise<{header: object, column: Object<string, ArrayLike<number>>}>} The header, and the columns by name.
 */
export async function loadColumns(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the result cannot be loaded (${response.status})`);
  const bytes = await response.arrayBuffer();
  const length = new DataView(bytes).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
  const column = {};
  for (const { name, type, offset } of header.columns) {
    column[name] = new TYPES[type](bytes, 4 + length + offset, header.frames);
  }
  return { header, column };
}

/** Return the index of the value that is nearest to `wanted` in a rising list. */
export function nearest(values, wanted) {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low > 0 && wanted - values[low - 1] <= values[low] - wanted ? low - 1 : low;
}
