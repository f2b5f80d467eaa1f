/** The buttons, what they may do now, and one line about what is going on. */

import { make, makeButton } from "../shared/dom.js";
import { counted, formatInteger } from "../shared/format.js";
import { endingOf, isOver, settingsName } from "./reply.js";
import { turnsSoFar } from "./runs.js";
import { presetStrategies } from "./state.js";

const MOST_COLUMNS = 4;

/** What the strategies of a box were drawn from. */
const DRAWN = new WeakMap();

/** @param {any} tab */
export function drawToolbar(tab) {
  const { find, state } = tab;
  const button = (act) => find(`[data-act="${act}"]`);
  for (const [act, look] of Object.entries(buttonsOf(state))) {
    const { disabled, hidden = false, ...more } = look;
    Object.assign(button(act), { disabled: Boolean(disabled), hidden: Boolean(hidden), ...more });
  }
  const stepping = state.how === "step" && Boolean(state.shown?.begin);
  button("start").classList.toggle("gen-primary", !stepping);
  button("step").classList.add("gen-primary");
  button("stop").classList.toggle("live", Boolean(state.run));
  find(".gen-state").textContent = state.run ? runInWords(state) : idleInWords(state);
  drawReading(find(".gen-progress"), state.run);
}

/** What each button shows and whether it can be pressed. */
function buttonsOf(state) {
  const { how, shown: reply, columns, strategies } = state;
  const busy = Boolean(state.run);
  const [byStep, comparing, chat] = [how === "step", how === "compare", state.mode === "Chat"];
  const begun = Boolean(reply?.begin);
  const over = isOver(reply);
  const some = Boolean(reply?.tokens.length);
  const name = comparing ? "Compare" : chat ? "Send" : byStep && begun ? "Restart" : "Start";
  return {
    start: { textContent: name, disabled: busy || (comparing && !strategies.length) },
    step: { hidden: !byStep || !begun, disabled: busy || over },
    undo: { hidden: !byStep || !begun, disabled: busy || !some },
    stop: { disabled: !busy || state.run.stopping },
    continue: {
      hidden: how !== "write",
      disabled: busy || !begun || !some || over || reply.nodes.size > 0,
      title: continueHint(reply, over),
    },
    regenerate: { hidden: byStep, disabled: busy || (comparing ? !columns.length : !begun) },
    fresh: { hidden: !chat || !turnsSoFar(state).length || comparing, disabled: busy },
  };
}

function continueHint(reply, over) {
  if (over) return "The reply has ended: choose another token somewhere, or press Regenerate";
  return reply?.nodes.size
    ? "Beam search can't go on from a text: choose a token, or raise max_new_tokens and press Start"
    : "Go on from the last token";
}

function runInWords({ run, how }) {
  const target = run.targets[0];
  if (run.stopping) return "Stopping…";
  if (target.position) return `Waiting: number ${target.position} in line${target.reason ? `. ${target.reason}` : ""}`;
  if (!target.started) return "Getting the model ready…";
  if (how === "step") return "";
  if (target.tokens.length) return "Writing…";
  return `Reading the prompt: ${counted(target.started.prompt_tokens, "token")}…`;
}

function idleInWords({ how, shown }) {
  if (how === "compare" || !shown) return "";
  return how === "step" && !isOver(shown) ? "" : endingOf(shown);
}

function drawReading(bar, run) {
  const target = run?.targets[0];
  const reading = target && target.read > 0 && !target.tokens.length && !run.stopping;
  bar.hidden = !reading;
  if (!reading) return;
  const all = target.started.prompt_tokens;
  Object.assign(bar, { max: all, value: target.read });
  bar.title = `${formatInteger(target.read)} of ${counted(all, "token")}`;
}

/** @param {any} tab  The settings that are compared. */
export function drawStrategies(tab) {
  const { view, find, state } = tab;
  find(".gen-compare").hidden = state.how !== "compare";
  if (state.how !== "compare") return;
  const box = find(".gen-strategies");
  const change = (strategies) => {
    state.strategies = strategies;
    tab.draw();
  };
  const drawn = JSON.stringify([state.strategies, state.settings]);
  if (DRAWN.get(box) === drawn) return; // a list that somebody has opened stays open
  DRAWN.set(box, drawn);
  const chips = state.strategies.map((one) => chipOf(one, state.strategies, view.props, change));
  const settings = () => Object.fromEntries(Object.keys(view.props.presets.greedy).map((k) => [k, state.settings[k]]));
  const add = makeButton("", "+ current settings", () => change([...state.strategies, named(state, settings())]));
  add.disabled = state.strategies.length >= MOST_COLUMNS;
  add.title = add.disabled ? "Four at most: remove one first" : settingsName(state.settings);
  box.replaceChildren(
    ...chips,
    add,
    makeButton("", "Reset", () => change(presetStrategies(view.props))),
  );
}

/** One strategy: its name, the weights and the model where they are its own, and a way to take it out. */
function chipOf(one, strategies, { quantizations, titles }, change) {
  const own = (name, value) => {
    const { [name]: _, ...settings } = one.settings;
    const changed = { ...one, settings: value ? { ...settings, [name]: value } : settings };
    change(strategies.map((other) => (other === one ? changed : other)));
  };
  const chip = make("span", "gen-strategy", one.name);
  chip.title = settingsName(one.settings);
  const held = quantizations.map((name) => [name, name]);
  chip.append(
    listOf(`quantization of ${one.name}`, "weights as set", held, one.settings.quantization, (value) =>
      own("quantization", value),
    ),
    listOf(`model of ${one.name}`, "model as set", Object.entries(titles), one.settings.model_id, (value) =>
      own("model_id", value),
    ),
    makeButton("", "×", () => change(strategies.filter((other) => other !== one)), {
      "aria-label": `remove ${one.name}`,
    }),
  );
  return chip;
}

function listOf(label, unset, choices, value, choose) {
  const list = make("select", "gen-own", new Option(unset, ""), ...choices.map(([id, name]) => new Option(name, id)));
  list.value = value ?? "";
  list.setAttribute("aria-label", label);
  list.addEventListener("change", () => choose(list.value));
  return list;
}

function named(state, settings) {
  const name = settingsName(settings);
  const again = state.strategies.some((one) => one.name === name);
  return { name: again ? `${name} (again)` : name, settings };
}
