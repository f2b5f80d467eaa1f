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
    if (value) {
      find(".rp-track").hidden = value.percent === null; // a run that can't be
      if (value.percent !== null) showPart(find, value.percent);
      find(".rp-text").textContent = value.text;
    }
    const before = height;
    height = root.clientHeight;
    return height > before;
  };
  show();
  watch("value", () => {
    // What comes or grows below a laptop's fold; a short run is over before it is drawn.
    if (show()) requestAnimationFrame(() => root.scrollIntoView({ block: "nearest" }));
  });
}

function showPart(find, percent) {
  find(".rp-fill").style.width = `${percent}%`;
  find(".rp-track").setAttribute("aria-valuenow", percent);
}
