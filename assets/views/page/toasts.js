/** Hints leave with their cause: whoever goes on typing, choosing or pressing has read them. */

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
