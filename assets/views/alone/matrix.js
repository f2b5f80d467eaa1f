/** Words against each other on a page of its own; a pair's pieces aren't there. */

import { mount } from "../similarity/word_matrix.js";
import { dataOfPage, standAlone } from "./frame.js";

standAlone(mount, { value: dataOfPage(), alone: true });
