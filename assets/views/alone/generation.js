/** A reply on a page of its own: the view asks for it as it asks Python, and gets what the page holds. */

import { mount } from "../generation/view.js";
import { dataOfPage, standAlone } from "./frame.js";

const { props, begin, events } = dataOfPage();
const HERE = "This is a reply that was made elsewhere: to choose other tokens, open the playground.";

standAlone(mount, props, {
  answer(event, asked, show) {
    if (event !== "go") return;
    const told = asked.first ? { begin: [begin], events, n: 1 } : { error: HERE, n: 0 };
    show(JSON.stringify({ run: asked.run, people: 1, final: true, ...told }));
  },
});
