// Forms: warn before unsaved changes are lost (form[data-guard]); send each form once.

const changed = new Set();

document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form?.hasAttribute("data-guard")) changed.add(form);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.hasAttribute("data-sent")) return event.preventDefault();
  changed.delete(form);
  if (form.method !== "post") return;
  form.setAttribute("data-sent", "");
  // A form that answers with a download leaves this page as it is.
  setTimeout(() => form.removeAttribute("data-sent"), 4000);
});

addEventListener("beforeunload", (event) => {
  for (const form of changed) if (form.isConnected) return event.preventDefault();
});

// Back from the browser's memory: nothing is on its way any more.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) form.removeAttribute("data-sent");
});
