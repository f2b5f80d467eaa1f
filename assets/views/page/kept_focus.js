/**
 * The focus isn't lost with a button that is disabled while its run works: it goes to Stop, and back when the run ends.
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
