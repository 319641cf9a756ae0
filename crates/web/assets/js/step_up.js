// Forms that a script sends, and the dialog that asks for a code when the server wants a fresh proof of who this is.
const post = async (path, fields = {}) => {
  const csrf = document.querySelector('meta[name="csrf"]').content;
  const response = await fetch(path, {
    method: "POST", headers: { Accept: "application/json" }, body: new URLSearchParams({ csrf, ...fields }),
  });
  const answer = await response.json().catch(() => ({}));
  if (answer.type === "reauth_required") {
    await stepUp(answer.confirm);
    return post(path, fields);
  }
  if (answer.location) location.assign(answer.location);
  if (!response.ok) throw new Error(answer.detail || "This did not work. Reload the page and try again.");
  return answer;
};

// However many ask at once, one dialog answers them all.
let confirming = null;
const stepUp = (wanted) => confirming ??= askForCode(wanted).finally(() => { confirming = null; });

const askForCode = ({ url, deed, sent_to: sentTo }) => new Promise((done, failed) => {
  const dialog = make("dialog", { class: "dialog", "aria-labelledby": "step-up-title" });
  const form = make("form", { class: "confirm" });
  const body = make("div", { class: "card-body" });
  const text = make("p", { class: "card-text" }, "Confirm that it is you. We sent a 6-digit code to ");
  text.append(make("bdi", { class: "strong" }, sentTo), ".");
  const field = make("div", { class: "field" });
  const input = make("input", {
    class: "input code-input", id: "step-up-code", inputmode: "numeric", autocomplete: "one-time-code", maxlength: 7, required: "",
    placeholder: "000000", "aria-describedby": "step-up-note",
  });
  const told = make("p", { class: "hint", id: "step-up-note", role: "status" });
  field.append(make("label", { for: "step-up-code" }, "6-digit code"), input, told);
  body.append(make("h2", { id: "step-up-title" }, deed), text, field);
  const foot = make("div", { class: "foot" });
  const again = make("button", { type: "button", class: "button" }, "Send a new code");
  const actions = make("span", { class: "actions" });
  actions.append(make("button", { type: "button", class: "button", "data-close": "" }, "Cancel"), make("button", { class: "button primary" }, "Confirm"));
  foot.append(again, actions);
  form.append(body, foot);
  dialog.append(form);

  const tell = (words, wrong = false) => {
    told.textContent = words;
    told.className = wrong ? "field-error" : "hint";
    input.toggleAttribute("aria-invalid", wrong);
    if (wrong) input.select();
  };
  again.addEventListener("click", () => post(url + "/code").then(() => tell("A new code is on its way."), ({ message }) => tell(message, true)));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    post(url, { code: input.value }).then(() => { done(); dialog.close(); }, ({ message }) => tell(message, true));
  });
  dialog.addEventListener("close", () => { dialog.remove(); failed(new Error("Not confirmed. Nothing was shown or changed.")); });
  document.body.append(dialog);
  dialog.showModal();
  input.focus();
});
