/** Hints look like hints, and leave with their cause: whoever goes on typing, choosing or pressing has read them. */

const FILE = /^Invalid file type/; // which kinds fit is said there; nothing has failed

/**
 * Gradio calls a file of another kind than the field takes an error, of a picture or a sound a warning.
 *
 * @param {Document} page
 */
export function softenHints(page) {
  for (const toast of page.querySelectorAll(".toast-body.error")) {
    if (!FILE.test(toast.querySelector(".toast-message-text")?.textContent ?? "")) continue;
    for (const part of [toast, ...toast.querySelectorAll(".error")]) part.classList.replace("error", "warning");
    toast.querySelector(".toast-title")?.replaceChildren("Warning");
  }
}

/**
 * @param {Document} page
 * @param {AbortSignal} signal  ends it
 */
export function dropHints(page, signal) {
  const drop = (event) => {
    if (event.target.closest?.(".toast-body")) return;
    const buttons = page.querySelectorAll('.toast-body.warning [data-testid="toast-close"]');
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (buttons)) button.click();
  };
  const options = { signal, capture: true }; // before the event brings a hint of its own
  page.addEventListener("input", drop, options);
  page.addEventListener("click", (event) => event.isTrusted && drop(event), options);
}
