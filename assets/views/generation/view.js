/** The reply with its toolbar and its panel: one state, one function that draws from it, and the wiring. */

import { finder, pressed, sayEmpty } from "../shared/dom.js";
import { mayAskFirst } from "../shared/first_answer.js";
import { readInbox } from "../shared/inbox.js";
import { lifeOf } from "../shared/lifecycle.js";
import { drawColumns } from "./columns.js";
import { changesSince, comparesOthers, ofSeveralModels, originInWords, shownBy } from "./origin.js";
import { showDefault } from "./panel.js";
import { drawBranches, drawLive, drawTable, drawText, drawTree } from "./paper.js";
import { listen } from "./pointing.js";
import { replyText } from "./reply.js";
import {
  chosenIn,
  fail,
  forgive,
  makeReady,
  receive,
  startBySelf,
  startExample,
  startShared,
  wantNext,
} from "./runs.js";
import { newState } from "./state.js";
import { drawStrategies, drawToolbar } from "./toolbar.js";

/** @param {import("../view.d.ts").View} view */
export function mount(view) {
  const { element, props, watch } = view;
  const life = lifeOf(element);
  const { signal } = life;
  const host = document.getElementById(props.inbox) ?? element;
  const tab = {
    view,
    host,
    find: finder(element),
    state: newState(props),
    draw: () => draw(tab),
    setHow,
    seen: false,
    known: !props.inbox, // a page of its own has no fields
  };
  function setHow(how, asking = true) {
    Object.assign(tab.state, { how, pinned: null });
    tab.draw();
    if (asking) wantNext(tab);
  }
  listen(tab, signal);
  readInbox(host, signal, (name, value) => OUTSIDE[name](tab, value));
  watch("value", () => props.value && receive(tab, JSON.parse(props.value)));
  life.onResize(element, () => begin(tab));
  draw(tab);
  view.trigger("standing", {});
}

/** @param {any} tab  The first reply, once the view is seen and knows what stands in the fields. */
function begin(tab) {
  if (!tab.known || !tab.view.element.clientWidth || tab.seen || !mayAskFirst()) return;
  tab.seen = true;
  startBySelf(tab);
}

/** What the controls beside the view tell it. */
const OUTSIDE = {
  settings(tab, value) {
    const { state } = tab;
    Object.assign(state.settings, value);
    const other = value.mode && value.mode !== state.mode;
    if (other) state.mode = value.mode;
    if (other) tab.draw(); // its buttons have other names
    forgive(tab);
    drawOrigin(tab);
    if (state.how === "step" && !state.pinned) showDefault(tab);
    drawStrategies(tab);
  },
  standing(tab, value) {
    OUTSIDE.settings(tab, value);
    tab.known = true;
    begin(tab);
  },
  mode(tab, value) {
    tab.state.mode = value;
    tab.state.settings.mode = value;
    tab.draw();
  },
  example(tab, value) {
    Object.assign(tab.state.settings, value);
    tab.state.mode = value.mode;
    startExample(tab);
  },
  chosen: (tab, give) => give(chosenIn(tab.state)),
  fill: makeReady,
  shared: startShared,
  failed: fail,
};

/** What the shown reply was made from, whether that is still so, and what an example shows. */
function drawOrigin({ view, find, state }) {
  const { titles, examples, tried_with } = view.props;
  const compared = state.how === "compare";
  const reply = compared ? state.columns[0]?.replies[0] : state.shown;
  const begin = reply?.begin;
  find(".gen-origin").hidden = !begin;
  const first = compared && ofSeveralModels(state.columns) ? "The first column is from" : "From";
  find(".gen-origin").textContent = begin ? `${first} ${originInWords(reply, titles, compared)}` : "";
  const drawn = compared && state.columns.flatMap(({ replies }) => replies).find((one) => one.begin?.do_sample);
  const how = { compared, byHand: state.how === "step", seed: drawn ? drawn.begin.seed : undefined };
  const changes = begin && !state.run ? changesSince(begin, { ...state.settings, ...ownOf(reply) }, titles, how) : [];
  if (begin && !state.run && compared && comparesOthers(state.columns, state.strategies))
    changes.push("other settings were compared");
  find(".gen-old").hidden = !changes.length;
  find(".gen-old").textContent = changes.length ? `Made before you changed something: ${changes.join("; ")}.` : "";
  find(".gen").classList.toggle("gen-outdated", changes.length > 0);
  const shows =
    begin && !compared ? shownBy(begin, replyText(reply), examples, tried_with, reply.finished?.reason) : "";
  find(".gen-shows").hidden = !shows;
  find(".gen-shows").textContent = shows;
}

/** The model and the weights of a column where they are its own. */
function ownOf({ settings = {} }) {
  const own = ["model_id", "quantization"].filter((name) => settings[name]);
  return Object.fromEntries(own.map((name) => [name, settings[name]]));
}

/** Whether something that has ended is shown: what can be shared, and written as code. */
const hasResult = ({ how, shown, columns }) =>
  (how === "compare" ? columns.flatMap(({ replies }) => replies) : [shown]).some(
    (reply) => reply?.finished?.token_ids.length,
  );

function draw(tab) {
  const { view, find, state } = tab;
  find(".gen").setAttribute("aria-busy", String(state.run !== null));
  sayEmpty(view.element, state.run !== null || !hasResult(state), state.run !== null);
  pressed(view.element.querySelectorAll("[data-how]"), (button) => button.dataset.how === state.how);
  find(".gen-reply").hidden = state.how === "compare";
  find(".gen-stage").classList.toggle("panel-only", state.how === "compare");
  find(".gen-scale").style.visibility = state.tintBy === "plain" ? "hidden" : "";
  find(".gen-scale-high").textContent = state.tintBy === "entropy" ? "undecided" : "surprising";
  drawToolbar(tab);
  drawStrategies(tab);
  drawOrigin(tab);
  drawText(tab);
  drawColumns(tab);
  drawTree(tab);
  drawLive(tab);
  drawBranches(tab);
  drawTable(tab);
  const pointing =
    find(".gen-panel").matches(":hover, :focus-within") ||
    view.element.querySelector(".gen-token:hover, .gen-token:focus");
  const stale = state.panel && state.how !== "compare" && state.panel[0] !== state.shown;
  if (state.how === "step" || !pointing || state.pinned || stale) showDefault(tab);
}
