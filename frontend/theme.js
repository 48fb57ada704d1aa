// Sets light or dark before the first paint. Loaded in <head> without defer, so it must stay tiny.

const root = document.documentElement;
const dark = matchMedia("(prefers-color-scheme: dark)");

export function wish() {
  try {
    return localStorage.getItem("theme") || "system";
  } catch {
    return "system"; // storage may be forbidden
  }
}

export function apply() {
  const wanted = wish();
  root.dataset.bsTheme = wanted === "system" ? (dark.matches ? "dark" : "light") : wanted;
}

apply();
root.classList.add("js");
dark.addEventListener("change", apply);
