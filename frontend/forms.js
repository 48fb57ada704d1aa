// Forms: warn before unsaved changes are lost (form[data-guard]); send each form once; say so where
// the answer takes its time (form[data-busy="Asking DNS…"]).

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
  if (form.dataset.busy) return showBusy(form, event.submitter);
  // A form that answers with a download leaves this page as it is.
  setTimeout(() => form.removeAttribute("data-sent"), 4000);
});

// The button says what is going on until the next page is there; a form like this is sent once.
function showBusy(form, button = form.querySelector("button")) {
  const spinner = document.createElement("span");
  spinner.className = "spinner-border spinner-border-sm me-2";
  spinner.setAttribute("aria-hidden", "true");
  button.dataset.was = button.innerHTML;
  button.setAttribute("aria-live", "polite");
  button.setAttribute("aria-disabled", "true");
  button.replaceChildren(spinner, form.dataset.busy);
}

addEventListener("beforeunload", (event) => {
  for (const form of changed) if (form.isConnected) return event.preventDefault();
});

// Back from the browser's memory: nothing is on its way any more.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    form.removeAttribute("data-sent");
    for (const button of form.querySelectorAll("[data-was]")) {
      button.innerHTML = button.dataset.was;
      button.removeAttribute("aria-disabled");
    }
  }
});
