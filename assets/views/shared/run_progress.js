/** What a long run is doing, and how far it has come. */

import { finder } from "./dom.js";

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch }) {
  const find = finder(element);
  const root = find(".rp");
  let running = false;
  let height = 0; // of what is said of a run
  const show = () => {
    const value = props.value;
    root.hidden = !value;
    const wasRunning = running;
    running = Boolean(value?.running);
    if (!value) return;
    find(".rp-track").hidden = value.percent === null; // a run that can't be
    if (value.percent !== null) showPart(find, value.percent);
    find(".rp-text").textContent = value.text;
    const grows = wasRunning && root.clientHeight > height;
    height = root.clientHeight;
    if ((running && !wasRunning) || grows) requestAnimationFrame(() => root.scrollIntoView({ block: "nearest" }));
  };
  watch("value", show);
  show();
}

function showPart(find, percent) {
  find(".rp-fill").style.width = `${percent}%`;
  find(".rp-track").setAttribute("aria-valuenow", percent);
}
