/** A classifier's answer on a page of its own. */

import { mount } from "../classification/label_bars.js";
import { dataOfPage, standAlone } from "./frame.js";

standAlone(mount, { value: dataOfPage() });
