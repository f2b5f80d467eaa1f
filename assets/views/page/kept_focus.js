/**
 * The focus isn't lost with a button that is disabled while its run works: it goes to Stop, and back when the run ends.
 * Nor is it lost with what is drawn anew or taken away: by keys, it goes to what stands there now.
 */

const AT_FIRST_MS = 400; // a key that is held, or pressed twice, doesn't stop what it has just begun

const isStop = (button) => button.textContent.trim().startsWith("Stop");

const BEGINS = ".primary, .gen-primary";

/** The button beside this one: what stops a run, or else what begins one, though it may not yet be pressed again. */
function partnerOf(button) {
  let around = button.parentElement;
  for (let level = 0; around && level < 4; level++, around = around.parentElement) {
    const seen = [...around.querySelectorAll("button")].filter((one) => one.checkVisibility());
    const others = seen.filter((one) => !one.disabled);
    const stops = others.find(isStop);
    if (stops) return stops;
    const begins = seen.find((one) => one.matches(BEGINS)) ?? others[0];
    if (isStop(button) && begins) return begins;
  }
  return null;
}

const STOPS = "button, select, textarea, input, summary, a[href], [tabindex]";
const KEPT_ELSEWHERE = ".token-remove"; // gradio's chips: the one before has it next
const canHaveIt = (one) => one.tabIndex >= 0 && !one.disabled && one.checkVisibility();

/** Where something stands: what is around it, up to its tab's panel, and the place in each. */
function placeOf(node) {
  const end = node.closest("[role=tabpanel]");
  const place = [];
  for (let one = node; end && one !== end && one.parentElement; one = one.parentElement) {
    place.push({ around: one.parentElement, at: [...one.parentElement.children].indexOf(one) });
  }
  return place;
}

/** What stands now at a place, or else near it. */
function heirAt(place) {
  for (const { around, at } of place) {
    if (!around.isConnected) continue;
    const stops = [...around.querySelectorAll(STOPS)].filter(canHaveIt);
    const there = around.children[at];
    const isBehind = (one) =>
      there && (there.contains(one) || there.compareDocumentPosition(one) & Node.DOCUMENT_POSITION_FOLLOWING);
    const heir = stops.find(isBehind) ?? stops[stops.length - 1];
    if (heir) return heir;
  }
  return null;
}

const isOfTab = ({ type }) => type === "attributes";

/** The open tab of the row whose other tab holds a node that can't be seen any more. */
function tabAbove(node) {
  if (node.checkVisibility()) return null;
  for (let row = node.closest(".tabs"); row; row = row.parentElement.closest(".tabs")) {
    const open = row.querySelector('[role=tab][aria-selected="true"]');
    if (open?.checkVisibility()) return open;
  }
  return null;
}

/**
 * Gives the focus to what stands where its owner was taken away, or to the tab that opened over it, if a key was the
 * last thing that was pressed.
 *
 * @param {Document} page
 * @param {AbortSignal} signal  ends it
 */
export function followPlace(page, signal) {
  let owner = page.activeElement ?? page.body;
  let place = placeOf(owner);
  let isByKeys = true;
  const follow = (changes) => {
    const isLost = page.activeElement === page.body || page.activeElement === owner;
    if (!isByKeys || !isLost || owner.matches(KEPT_ELSEWHERE)) return;
    const heir = owner.isConnected ? changes.some(isOfTab) && tabAbove(owner) : heirAt(place);
    if (heir) heir.focus({ preventScroll: true });
  };
  const observer = new MutationObserver(follow);
  observer.observe(page.body, { subtree: true, childList: true, attributeFilter: ["aria-selected"] });
  signal.addEventListener("abort", () => observer.disconnect());
  const came = ({ target }) => {
    owner = target;
    place = placeOf(target);
  };
  page.addEventListener("focusin", came, { signal });
  const pressed = ({ type }) => {
    isByKeys = type === "keydown";
  };
  for (const type of ["keydown", "pointerdown"]) page.addEventListener(type, pressed, { signal, capture: true });
}

/**
 * @param {Document} page
 * @param {AbortSignal} signal  ends it
 * @param {EventTarget | null} first  what has the focus
 */
export function keepFocus(page, signal, first) {
  const had = page.activeElement === page.body ? first : page.activeElement;
  /** @type {any} */
  let last = had instanceof HTMLButtonElement ? had : null; // the button that has the focus, or had it last
  /** @type {any} */
  let moved = {};
  const follow = () => {
    const isLost = page.activeElement === page.body || page.activeElement === last;
    if (!last || !isLost || !last.checkVisibility()) return;
    const back = moved.to === last && moved.from.disabled === false ? moved.from : null;
    const to = last.disabled ? (back ?? partnerOf(last)) : last;
    if (!to || to.disabled || to === page.activeElement) return;
    if (to !== last) moved = { to, from: last, at: performance.now() };
    to.focus({ preventScroll: true });
  };
  const observer = new MutationObserver(follow);
  observer.observe(page.body, { subtree: true, attributeFilter: ["disabled"] });
  signal.addEventListener("abort", () => observer.disconnect());
  const came = ({ target }) => {
    last = target instanceof HTMLButtonElement ? target : null;
  };
  const early = (event) => {
    if ((event.key !== "Enter" && event.key !== " ") || event.target !== moved.to) return;
    if (event.repeat || performance.now() - moved.at < AT_FIRST_MS) event.preventDefault();
  };
  const left = ({ target }) => {
    if (!last?.contains(target)) last = null; // whoever presses elsewhere doesn't want it back
  };
  page.addEventListener("focusin", came, { signal });
  page.addEventListener("pointerdown", left, { signal, capture: true });
  page.addEventListener("keydown", early, { signal, capture: true });
  follow();
}
