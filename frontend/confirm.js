// Opens a confirmation page (a[data-confirm]) as a dialog; the page itself is what there is without us.

const dialog = document.createElement("dialog");
dialog.className = "confirm";
dialog.setAttribute("aria-labelledby", "question-title");

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-confirm]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  ask(link.href).catch(() => location.assign(link.href));
});

async function ask(url) {
  const answer = await fetch(url, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const question = page.querySelector("[data-question]");
  if (!answer.ok || !question) throw new Error(`no question at ${url}`);
  dialog.replaceChildren(document.importNode(question, true));
  if (!dialog.isConnected) document.body.append(dialog);
  dialog.showModal();
}

// "Keep it" and a click beside the dialog close it; Escape does by itself.
dialog.addEventListener("click", (event) => {
  if (event.target !== dialog && !event.target.closest("[data-close]")) return;
  event.preventDefault();
  dialog.close();
});
