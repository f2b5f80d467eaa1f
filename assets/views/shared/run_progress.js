/** What a long run is doing, and how far it has come. */

import { finder } from "./dom.js";

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch }) {
  const find = finder(element);
  const root = find(".rp");
  let running = false;
  const show = () => {
    const value = props.value;
    root.hidden = !value;
    const begins = !running && Boolean(value?.running);
    running = Boolean(value?.running);
    if (!value) return;
    find(".rp-fill").style.width = `${value.percent}%`;
    find(".rp-track").setAttribute("aria-valuenow", value.percent);
    find(".rp-text").textContent = value.text;
    if (begins) requestAnimationFrame(() => root.scrollIntoView({ block: "nearest" })); // below a laptop's fold
  };
  watch("value", show);
  show();
}
