/** What a long run is doing, and how far it has come. */

import { finder } from "./dom.js";

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch }) {
  const find = finder(element);
  const root = find(".rp");
  let height = 0;
  const show = () => {
    const value = props.value;
    root.hidden = !value;
    if (!value) return;
    find(".rp-track").hidden = value.percent === null; // a run that can't be
    if (value.percent !== null) showPart(find, value.percent);
    find(".rp-text").textContent = value.text;
  };
  /** Brings up what comes or grows below a laptop's fold. */
  const bringUp = () => {
    const before = height;
    height = root.clientHeight;
    if (height > before) root.scrollIntoView({ block: "nearest" });
  };
  show();
  height = root.clientHeight;
  watch("value", () => {
    show();
    requestAnimationFrame(bringUp); // a frame has a height anyway, where asking for it at once would make one
  });
}

function showPart(find, percent) {
  find(".rp-fill").style.width = `${percent}%`;
  find(".rp-track").setAttribute("aria-valuenow", percent);
}
