/** Share: a link to what a place has just answered, or a file where it is too long for one. */
import { escapeCloses, finder } from "../shared/dom.js";
import { download } from "../shared/download.js";
import { hostOf, readInbox, tell } from "../shared/inbox.js";
import { lifeOf } from "../shared/lifecycle.js";
import { openTabs } from "./address.js";

const FILE = "playground-run.txt";

/** @param {import("../view.d.ts").View} view */
export function mount({ element, props, watch, trigger }) {
  const find = finder(element, ".sh-");
  const state = { times: 0, link: "" };
  const say = (text, bad = false) => {
    find("said").textContent = text;
    find("said").classList.toggle("bad", bad);
  };
  find("share").addEventListener("click", () => {
    state.times += 1;
    say("");
    trigger("ask_link", { times: state.times, seen: { part: openTabs().at(-1) ?? "" } });
  });
  readInbox(hostOf(element), lifeOf(element).signal, (name, value) => trigger(name, value));
  tell(document.getElementById("pg-teaching"), "share", { id: hostOf(element).id, row: find("row") });
  escapeCloses(find("box"), () => {
    find("box").hidden = true;
    say("");
    find("share").focus();
  });
  find("copy").addEventListener("click", () => copy(find, say));
  find("save").addEventListener("click", () => download(FILE, `${state.link}\n`));
  find("file").addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    if (file) tell(document.getElementById("pg-links"), "open", file.size < 4e6 ? await file.text() : "");
    target.value = "";
  });
  watch("value", () => {
    const found = props.value;
    if (!found || found.times !== state.times) return;
    if (found.error) return say(found.error, true);
    state.link = location.href.split("#")[0] + found.text;
    show(find, state.link, found.long);
    if (found.long)
      say(`${state.link.length.toLocaleString("en")} characters are too long for a link: save it as a file.`);
    else copy(find, say);
  });
}

/** Shows the link, or only the ways to save it. */
function show(find, link, isLong) {
  find("box").hidden = false;
  find("link").hidden = isLong;
  find("copy").hidden = isLong;
  find("link").value = isLong ? "" : link;
}

/** Copies the link; a page that may not write to the clipboard selects it. */
async function copy(find, say) {
  try {
    await navigator.clipboard.writeText(find("link").value);
    say("Link copied. Whoever opens it runs this again.");
  } catch {
    find("link").select();
    say("Copy the link below: whoever opens it runs this again.");
  }
}
