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
    find(".rp-track").hidden = value.percent === null; // a run that can't be
    if (value.percent !== null) showPart(find, value.percent);
    find(".rp-text").textContent = value.text;
    if (begins) requestAnimationFrame(() => root.scrollIntoView({ block: "nearest" })); // below a laptop's fold
  };
  watch("value", show);
  show();
}

function showPart(find, percent) {
  find(".rp-fill").style.width = `${percent}%`;
  find(".rp-track").setAttribute("aria-valuenow", percent);
}
