// Live parts ([data-live]): rest while the tab is hidden, say so when the server does not answer.

import htmx from "htmx.org";

const isLive = (element) => element instanceof Element && element.matches("[data-live]");

document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden && isLive(event.target)) event.preventDefault();
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  for (const element of document.querySelectorAll("[data-live]")) htmx.trigger(element, "look-again");
});

// Signed out meanwhile: the answer is the sign-in page, which must not land inside this one.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!isLive(event.target)) return;
  delete event.target.dataset.stale;
  const asked = new URL(event.detail.pathInfo.requestPath, location.href).pathname;
  if (new URL(event.detail.xhr.responseURL).pathname === asked) return;
  event.preventDefault();
  location.reload();
});

for (const failure of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(failure, (event) => {
    if (!isLive(event.target)) return;
    event.target.dataset.stale ??= `Not up to date since ${new Date().toLocaleTimeString("en-GB")}: no answer from the server.`;
  });
}
