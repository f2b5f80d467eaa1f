/** The likeliest next tokens of a conversation, with the generation prompt and without it, as they were measured. */

import { finder } from "../shared/dom.js";
import { fillTable } from "../shared/tables.js";

const COLUMNS = ["add_generation_prompt", "likeliest next token", "second", "third"].map((name) => ({ name }));

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch }) {
  const find = finder(element);
  const untouched = find(".sentence").textContent;
  const show = () => {
    const { sentence, origin, rows } = props.value || {};
    find(".sentence").textContent = sentence || untouched;
    find(".origin").textContent = origin || "";
    find(".likeliest").hidden = !rows;
    fillTable(find(".likeliest"), COLUMNS, rows || []);
  };
  watch("value", show);
  show();
}
