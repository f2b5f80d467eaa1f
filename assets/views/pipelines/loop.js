/** The loop of an encoder-decoder: what was written, token by token, and what each was chosen from. */

import { make, makeButton, pressed } from "../shared/dom.js";
import { isolated, quoted } from "../shared/format.js";
import { gridMove, oneTabStop, rovingFocus } from "../shared/keyboard.js";
import { bars } from "./bars.js";

export function loop(block) {
  const { begins, steps } = block;
  const said = make("p", "pp-loop-said");
  const choices = make("div", "pp-loop-from");
  const buttons = steps.map((step, n) => stepButton(step, () => show(n)));
  const host = make("div", "pp-loop", ...begins.map((one) => make("span", "pp-given", one)), ...buttons);
  host.setAttribute("role", "group");
  host.setAttribute("aria-label", block.title);
  const show = (n) => {
    const { piece, logit, shown, best, ruled } = steps[n];
    const read = [...begins, ...steps.slice(0, n).map((one) => one.piece)].join(" ");
    const why = ruled ? " A rule of the generation config chose it: the largest logit is another's." : "";
    const writes = `writes ${quoted(piece)} (logit ${logit}, ${shown}).`;
    said.textContent = `Step ${n + 1} of ${steps.length}. The decoder has read ${isolated(read)} and ${writes}${why}`;
    choices.replaceChildren(bars({ title: "The most probable next tokens", rows: best }));
    pressed(buttons, (button) => button === buttons[n]);
    oneTabStop(host, "button", buttons[n]);
  };
  rovingFocus(host, "button");
  host.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (event.target));
    const to = at >= 0 && gridMove(event, [0, at], [1, buttons.length]);
    if (!to) return;
    event.preventDefault();
    buttons[to[1]].focus();
    show(to[1]);
  });
  if (steps.length) show(0);
  return make("div", "", host, said, choices);
}

function stepButton({ piece, shown, share, ruled }, press) {
  const button = makeButton(ruled ? "ruled" : "", piece, press, { title: shown });
  button.style.borderBottomColor = `color-mix(in srgb, var(--pg-accent) ${Math.round(share * 100)}%, var(--pg-line))`;
  return button;
}
