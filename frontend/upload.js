// Shows how far an upload is (form[data-upload]); without us the browser sends the form as ever.

document.addEventListener("submit", (event) => {
  const form = event.target;
  const hasFile = [...form.querySelectorAll("input[type=file]")].some((input) => input.files.length);
  if (event.defaultPrevented || !form.hasAttribute("data-upload") || !hasFile) return;
  event.preventDefault();
  send(form, new FormData(form, event.submitter));
});

function send(form, data) {
  const bar = form.querySelector("progress");
  const words = form.querySelector("[data-upload-words]");
  const request = new XMLHttpRequest();
  bar.closest("[hidden]")?.removeAttribute("hidden");
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    bar.max = total;
    bar.value = loaded;
    const share = Math.floor((100 * loaded) / total);
    words.textContent = loaded < total ? `${share}% sent` : "Sent. The file is being read.";
  });
  request.addEventListener("load", () => arrive(form, request));
  request.addEventListener("error", () => {
    words.textContent = "The connection broke before the file was there. Nothing was imported; send it again.";
    form.removeAttribute("data-sent");
  });
  request.open("POST", form.action);
  request.send(data);
}

// A redirect was followed: go there. Otherwise the same page came back with the form's errors.
function arrive(form, request) {
  if (request.responseURL !== form.action) return location.assign(request.responseURL);
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  document.querySelector("main").replaceWith(document.importNode(page.querySelector("main"), true));
  document.querySelector("main .is-invalid, main [role=alert]")?.scrollIntoView({ block: "center" });
}
