/** Where a model that somebody trained can be used: links to the other tabs, which run it there. */

import { finder, make } from "../shared/dom.js";

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch }) {
  const find = finder(element, ".tm");
  const show = () => {
    /** @type {import("../types.d.ts").training.TrainedShown | null} */
    const value = props.value;
    find("").hidden = !value;
    if (!value) return;
    const links = value.ways.map(([name, address]) => Object.assign(make("a", "", name), { href: address }));
    find("-ways").replaceChildren(make("span", "pg-muted", value.about), ...links);
  };
  watch("value", show);
  show();
}
