/** A verdict and one bar per label; with "before" values a dashed line shows where each bar was. */

import { finder, make, sayEmpty } from "../shared/dom.js";
import { whenSeen } from "../shared/first_answer.js";
import { hostOf, isOutdated, readInbox } from "../shared/inbox.js";
import { lifeOf } from "../shared/lifecycle.js";

const WAITING = "The answer will appear here.";
const PATIENCE_MS = 700; // answers that come sooner would only make the page flicker

/**
 * What answers another text than the one that stands in the fields says so, unless the new answer is there at once.
 *
 * @param {import("../view.d.ts").View} view
 */
export function mount({ element, props, watch, trigger }) {
  const find = finder(element, ".lb-");
  const mark = marker(find("body"), find("old"));
  let texts = /** @type {unknown[]} */ ([]);
  const isOld = () => isOutdated(props.value?.asked ?? [], texts);
  const show = () => {
    const isThere = Boolean(props.value?.bars);
    sayEmpty(element, !isThere, Boolean(props.value?.coming));
    find("empty").classList.toggle("says", Boolean(props.value?.said)); // so that it is seen beside another answer, too
    find("empty").textContent = props.value?.coming ?? props.value?.said ?? WAITING;
    draw(find, isThere ? props.value : null);
    mark(isOld());
  };
  watch("value", show);
  show();
  const life = lifeOf(element);
  // Only the page's main bars are told: once when their model can be asked, and of each text.
  readInbox(hostOf(element), life.signal, (name, value) => {
    if (name === "texts") {
      texts = value;
      return mark(isOld());
    }
    whenSeen(element, life, () => props.value?.bars || trigger("first_view"));
  });
}

/** Marks an answer as old once it has been so for a moment, and takes the mark away at once. */
function marker(body, note) {
  let timer = 0;
  const set = (old) => {
    body.classList.toggle("lb-outdated", old);
    note.hidden = !old;
  };
  return (old) => {
    if (old && timer) return; // it goes on to be old
    clearTimeout(timer);
    timer = old ? setTimeout(() => set(true), PATIENCE_MS) : 0;
    if (!old) set(false);
  };
}

function draw(find, value) {
  find("empty").hidden = Boolean(value);
  find("body").hidden = !value;
  if (!value) return;
  find("verdict").textContent = value.verdict;
  find("bars").replaceChildren(...value.bars.map(barRow));
  const badge = (fact) => make("span", fact.startsWith("entropy") ? "pg-badge pg-words" : "pg-badge", fact);
  find("facts").replaceChildren(...value.facts.map(badge));
  find("cut").hidden = !value.cut;
  if (!value.cut) return;
  find("cut-text").textContent = value.cut.message;
  find("cut-view").hidden = value.cut.kept === null;
  find("kept").textContent = value.cut.kept || "";
  find("lost").textContent = value.cut.lost || "";
}

function barRow(bar) {
  const track = make("span", "lb-track");
  track.setAttribute("aria-hidden", "true");
  if (bar.width !== null) {
    const fill = make("span", "lb-fill");
    fill.style.width = `${(bar.width * 100).toFixed(2)}%`;
    track.append(fill);
  }
  if (bar.before !== null) {
    const before = make("span", "lb-before");
    before.style.left = `calc(${(bar.before * 100).toFixed(2)}% - 1px)`;
    track.append(before);
  }
  const number = make("span", "lb-number", bar.shown, make("small", "", bar.detail));
  return make("li", `lb-row${bar.best ? " best" : ""}`, make("span", "lb-name", bar.label), track, number);
}
