/** A button per token; pressing one takes it out of the text or puts it back, and Python answers with new labels. */

import { directionOf, finder, make, makeButton, pressed } from "../shared/dom.js";

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch, trigger }) {
  const find = finder(element, ".tt-");
  const show = () => {
    const chosen = new Set(props.value?.pressed);
    const toggle = (position, node) => {
      if (!chosen.delete(position)) chosen.add(position);
      pressed([node], () => chosen.has(position));
      trigger("select", { positions: [...chosen] });
    };
    const tokens = props.value ? props.value.tokens : [];
    find("empty").hidden = Boolean(props.value);
    const draw = (token, position) => drawToken(token, chosen.has(position), (node) => toggle(position, node));
    find("tokens").replaceChildren(...tokens.map(draw));
    find("tokens").dir = directionOf(tokens.filter((one) => !one.special).map((one) => one.token));
  };
  watch("value", show);
  show();
}

function drawToken(token, isPressed, toggle) {
  if (token.special) return make("span", "", token.token);
  const node = makeButton("", token.token, () => toggle(node), { "aria-pressed": String(isPressed) });
  return node;
}
