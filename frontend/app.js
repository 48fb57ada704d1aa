// What every page loads: htmx, and one small file for each behaviour that a component asks for.

import "htmx.org";
import "./confirm.js";
import "./copy.js";
import "./forms.js";
import "./live.js";
import "./menus.js";
import "./switch.js";
import "./tables.js";
import "./times.js";
import "./upload.js";
