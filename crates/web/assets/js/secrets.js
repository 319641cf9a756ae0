// Copying, and secrets that are not in the page until they are asked for.
const MASK = "••••••••";
const SHOWN_FOR = 30_000;
const REVEAL = "/settings/profile/password/reveal";
const FAILED = "The password could not be fetched. Reload the page and try again.";

const fetchPassword = async () => {
  const { secret } = await post(REVEAL);
  if (!secret) throw new Error(FAILED);
  return secret;
};

// A promise of text goes to the clipboard within the click, as browsers that guard it want.
const toClipboard = async (text) => {
  if (!navigator.clipboard) return copyByHand(await text);
  if (typeof text === "string" || !window.ClipboardItem) return navigator.clipboard.writeText(await text);
  const blob = text.then((words) => new Blob([words], { type: "text/plain" }));
  return navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
};

// Plain HTTP has no clipboard; a selection that is copied still works there.
const copyByHand = (text) => {
  const area = make("textarea", { class: "unseen", readonly: "" });
  area.value = text;
  (document.querySelector("dialog[open]") || document.body).append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("This browser does not let a page copy here.");
};

const copy = async (button, text) => {
  await toClipboard(text);
  button.focus();
  button.classList.add("copied");
  setIcon(button, "check");
  announce("Copied");
  clearTimeout(button.timer);
  button.timer = setTimeout(() => { button.classList.remove("copied"); setIcon(button, "copy"); }, 2000);
};

const note = (box, text, wrong = false) => {
  box.querySelector(".secret-note")?.remove();
  if (text) box.append(make("p", { class: "hint secret-note" + (wrong ? " wrong" : ""), role: "status" }, text));
};

const hide = (box) => {
  clearTimeout(box.timer);
  const mask = box.querySelector("[data-mask]");
  mask.textContent = MASK;
  mask.classList.remove("shown");
  const eye = box.querySelector("[data-reveal]");
  if (eye) { setIcon(eye, "eye"); eye.setAttribute("aria-pressed", "false"); }
  note(box, "");
};

const reveal = async (box) => {
  const mask = box.querySelector("[data-mask]");
  const eye = box.querySelector("[data-reveal]");
  if (mask.classList.contains("shown")) return hide(box);
  mask.textContent = await secretOf(box);
  mask.classList.add("shown");
  setIcon(eye, "eye-off");
  eye.setAttribute("aria-pressed", "true");
  note(box, "Hides again after 30 seconds.");
  box.timer = setTimeout(hide, SHOWN_FOR, box);
};

// A new token is held by the script alone; the password is fetched each time.
const held = new WeakMap();
const secretOf = async (box) => held.get(box) ?? fetchPassword();

const withPassword = async (line) =>
  [...line.querySelector("code").children].map((part) => part.matches("[data-mask]") ? null : part.textContent)
    .reduce(async (text, part) => (await text) + (part ?? await fetchPassword()), "");

on("click", "[data-copy]", (button) => copy(button, button.dataset.copy).catch((problem) => announce(problem.message)));

on("click", "[data-reveal]", (button, event) => {
  event.preventDefault();
  const box = button.closest("[data-secret]");
  reveal(box).catch((problem) => note(box, problem.message, true));
});

on("click", "[data-copy-secret]", (button) => {
  const box = button.closest("[data-secret]");
  if (box) return copy(button, secretOf(box)).catch((problem) => note(box, problem.message, true));
  const line = button.closest("[data-secret-line]");
  return copy(button, withPassword(line)).catch((problem) => {
    line.dataset.problem = problem.message;
    line.classList.add("failed");
    announce(problem.message);
    setTimeout(() => line.classList.remove("failed"), 6000);
  });
});

whenReady(() => {
  for (const source of all("[data-held]")) {
    held.set(source.parentElement.querySelector("[data-secret]"), source.querySelector("code").textContent);
    source.remove();
  }
  for (const eye of all("[data-reveal]")) eye.setAttribute("aria-pressed", "false");
});
