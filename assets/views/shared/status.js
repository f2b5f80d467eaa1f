/** One line in the header: what is loading, or that everything is ready and where it runs. */

import { finder } from "./dom.js";

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch }) {
  const find = finder(element);
  const show = () => {
    const value = props.value || { ready: false, text: "Starting…" };
    find(".pg-status").classList.toggle("ready", Boolean(value.ready));
    find(".text").textContent = value.text;
  };
  watch("value", show);
  show();
}
