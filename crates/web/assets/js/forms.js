// Dialogs in place of confirmation pages, names that must be typed, previews, and no form sent twice.
on("click", "[data-dialog]", (link, event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const dialog = document.getElementById(link.dataset.dialog);
  if (!dialog) return;
  event.preventDefault();
  dialog.showModal();
});

on("click", "dialog [data-close]", (link, event) => { event.preventDefault(); link.closest("dialog").close(); });
on("mousedown", "dialog", (dialog, event) => {
  const box = dialog.getBoundingClientRect();
  const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
  if (event.target === dialog && !inside) dialog.close();
});

const wake = (input) => {
  const button = input.form.querySelector("button:not([type=button])");
  button.disabled = input.value.trim() !== input.dataset.confirm;
};
on("input", "[data-confirm]", wake);

const preview = (output) => {
  const input = document.getElementById(output.dataset.from);
  const show = () => { output.textContent = input.value.trim() || output.dataset.empty; };
  input.addEventListener("input", show);
  show();
};

// Whether a name is free, once the typing pauses; the server says it again when the form is sent.
const check = (input) => {
  const say = make("p", { class: "hint", role: "status" });
  input.closest(".field").append(say);
  let timer;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    say.textContent = "";
    say.className = "hint";
    const name = input.value;
    if (!name || !input.checkValidity()) return;
    timer = setTimeout(async () => {
      const url = input.dataset.check + "?handle=" + encodeURIComponent(name);
      const response = await fetch(url, { headers: { Accept: "application/json" } }).catch(() => null);
      const answer = response?.ok ? await response.json().catch(() => null) : null;
      if (!answer || input.value !== name) return;
      say.className = answer.free ? "hint free" : "hint wrong";
      say.textContent = answer.sentence;
    }, 600);
  });
};

document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  // A file comes, and the page stays.
  if (event.target.hasAttribute("data-again")) return;
  const buttons = all("button", event.target).filter((button) => !button.disabled);
  setTimeout(() => buttons.forEach((button) => { button.disabled = true; }));
});

// Back from the next page: nothing stale, nothing of a person who signed out since.
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

on("keydown", "[data-run]", (field, event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  field.form.requestSubmit();
});

whenReady(() => {
  all("[data-confirm]").forEach(wake);
  all("[data-from]").forEach(preview);
  all("[data-check]").forEach(check);
  all("dialog").forEach((dialog) => dialog.addEventListener("close", () => {
    all("form", dialog).forEach((form) => form.reset());
    all("[data-confirm]", dialog).forEach(wake);
  }));
  document.querySelector("dialog[data-open]")?.showModal();
  const wrong = document.querySelector("[data-focus]") || document.querySelector("[aria-invalid]");
  wrong?.focus();
});
