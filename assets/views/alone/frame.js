/** A view on a page of its own: what it shows stands in the page, and no server answers. */

/**
 * What the page's author has put into it.
 *
 * @returns {any}
 */
export function dataOfPage() {
  return JSON.parse(/** @type {HTMLElement} */ (document.getElementById("data")).textContent || "{}");
}

/**
 * Mounts a view with its first properties; `server` stands for Python's functions, `answer` for Python's handlers.
 *
 * @param {(view: import("../view.d.ts").View) => void} mount
 * @param {Record<string, any>} props
 * @param {{ server?: import("../view.d.ts").View["server"],
 *   answer?: (event: string, detail: any, show: (value: any) => void) => void }} [python]
 * @returns {HTMLElement} where it stands
 */
export function standAlone(mount, props, { server = {}, answer = () => {} } = {}) {
  const element = /** @type {HTMLElement} */ (document.getElementById("view"));
  const darkness = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => document.body.classList.toggle("dark", darkness.matches);
  darkness.addEventListener("change", follow);
  follow();
  const watching = [];
  const show = (value) => {
    props.value = value;
    for (const changed of watching) changed();
  };
  const trigger = (event, detail) => setTimeout(() => answer(event, detail, show));
  for (const button of element.querySelectorAll("[data-server]")) button.remove();
  mount({ element, props, watch: (_, changed) => watching.push(changed), trigger, server });
  return element;
}
