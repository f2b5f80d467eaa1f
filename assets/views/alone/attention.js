/** Attention on a page of its own: the weights of all heads are in the page, packed. */

import { mount } from "../attention/view.js";
import { dataOfPage, standAlone } from "./frame.js";

const { value: json, packed, overviews, steps } = dataOfPage();
const value = JSON.parse(json);
const unpacked = {};

async function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint16Array(await new Response(stream).arrayBuffer());
}

async function headOf(kind, layer, head) {
  unpacked[kind] ??= await unpack(packed[kind]);
  const all = unpacked[kind];
  const { heads, queries, keys } = value.kinds.find((one) => one.kind === kind);
  const size = value[queries].text.length * value[keys].text.length;
  const weights = new Float32Array(size);
  const wanted = head < 0 ? Array.from({ length: heads }, (_, number) => number) : [head];
  for (const number of wanted) {
    const start = (layer * heads + number) * size;
    for (let index = 0; index < size; index++) weights[index] += all[start + index] / steps / wanted.length;
  }
  return { weights };
}

standAlone(
  mount,
  { value: json },
  {
    server: {
      attention_head: (_, kind, layer, head) => headOf(kind, layer, head),
      attention_overview: async (_, kind, hidden) => overviews[kind + (hidden ? "/hidden" : "")],
    },
  },
);
