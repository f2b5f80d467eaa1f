/** The tokens of one text on a page of its own. */

import { mount } from "../tokens/live_tokens.js";
import { dataOfPage, standAlone } from "./frame.js";

const { text, model_id, answer } = dataOfPage();
const element = standAlone(mount, { value: { text, model_id } }, { server: { live_tokens: async () => answer } });
const area = element.querySelector("textarea");
if (area) area.readOnly = true;
