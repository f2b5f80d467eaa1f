/** The file of a trained model goes to the server, which is told of it then; how far it has come is said meanwhile. */

import { finder } from "../shared/dom.js";
import { answerOf, saidOfSending, tooLarge } from "./load_state.js";

const ADDRESS = "training/model"; // below the page

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch, trigger }) {
  const find = finder(element, ".tl-");
  /** @type {import("../types.d.ts").training.LoadShown} */
  const { limit, most_bytes } = props.value;
  find("limit").textContent = limit;
  watch("value", () => {
    find("said").textContent = props.value?.said ?? "";
  });
  const pick = find("pick");
  pick.addEventListener("click", () => find("file").click());
  find("file").addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    target.value = ""; // the same file may be picked again
    if (!file) return;
    pick.disabled = true;
    const answer = tooLarge(file.size, most_bytes, limit) ?? (await send(file, find("said")));
    pick.disabled = false;
    find("said").textContent = answer.error ?? "";
    if (answer.file) trigger("arrived", answer.file);
  });
}

/**
 * What the server answers to a file.
 *
 * @param {File} file
 * @param {HTMLElement} said
 * @returns {Promise<import("./load_state.js").Answer>}
 */
function send(file, said) {
  const request = new XMLHttpRequest(); // fetch doesn't say how far it is
  return new Promise((resolve) => {
    request.open("POST", new URL(ADDRESS, document.baseURI));
    request.setRequestHeader("Content-Type", "application/zip");
    request.setRequestHeader("X-File-Name", encodeURIComponent(file.name));
    request.upload.onprogress = ({ loaded, total }) => {
      said.textContent = saidOfSending(loaded, total);
    };
    request.onload = () => resolve(answerOf(request.status, request.responseText));
    request.onerror = () => resolve(answerOf(0, ""));
    request.send(file);
  });
}
