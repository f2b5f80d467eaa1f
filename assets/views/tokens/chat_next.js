/** The likeliest next tokens of a conversation, with the generation prompt and without it, as they were measured. */

import { finder } from "../shared/dom.js";
import { hostOf, isOutdated, readInbox } from "../shared/inbox.js";
import { lifeOf } from "../shared/lifecycle.js";
import { fillTable } from "../shared/tables.js";

const COLUMNS = ["add_generation_prompt", "likeliest next token", "second", "third"].map((name) => ({ name }));

/**
 * What was measured of another conversation than the one that stands above by now says so.
 *
 * @param {import("../view.d.ts").View} view
 */
export function mount({ element, props, watch }) {
  const find = finder(element);
  const untouched = find(".sentence").textContent;
  let fields = /** @type {unknown[]} */ ([]);
  const markOld = () => {
    const old = isOutdated(props.value?.asked ?? [], fields);
    find(".old").hidden = !old;
    find(".origin").hidden = old;
    find(".next").classList.toggle("outdated", old);
  };
  const show = () => {
    const { sentence, origin, rows } = props.value || {};
    find(".sentence").textContent = sentence || untouched;
    find(".origin").textContent = origin || "";
    find(".likeliest").hidden = !rows;
    fillTable(find(".likeliest"), COLUMNS, rows || []);
    markOld();
  };
  readInbox(hostOf(element), lifeOf(element).signal, (_, asked) => {
    fields = asked;
    markOld();
  });
  watch("value", show);
  show();
}
