/** The same texts to a model before its training and now, beside each other. */

import { finder, make } from "../shared/dom.js";
import { fillTable } from "../shared/tables.js";

const COLUMNS = [{ name: "text" }, { name: "before the training" }, { name: "now" }];

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch }) {
  const find = finder(element, ".tb");
  const show = () => {
    /** @type {import("../types.d.ts").training.ComparedShown | null} */
    const value = props.value;
    find("").hidden = !value;
    for (const name of ["-table", "-note"]) find(name).hidden = Boolean(value?.said);
    find("-said").textContent = value?.said ?? "";
    const rows = (value?.rows ?? []).map(([text, before, now]) => [text, before, make("b", "", now)]);
    fillTable(find("-table"), COLUMNS, rows);
  };
  watch("value", show);
  show();
}
