/** Pairs of words with their losses on a page of their own. */

import { mount } from "../similarity/word_loss.js";
import { dataOfPage, standAlone } from "./frame.js";

standAlone(mount, { value: dataOfPage() });
