// The switch between light, dark and the system's wish (radio buttons named "theme").

import { apply, wish } from "./theme.js";

for (const option of document.querySelectorAll("input[name=theme]")) {
  option.checked = option.value === wish();
  option.addEventListener("change", () => {
    localStorage.setItem("theme", option.value);
    apply();
  });
}
