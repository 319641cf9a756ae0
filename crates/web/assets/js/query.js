// The query page: what is shown as a file, statements of before, and the place that is wrong.
const csvValue = (cell) => {
  // A column's name is followed by its type; NULL has no text of its own.
  const text = (cell.matches("th") ? cell.firstChild : cell.querySelector("div"))?.textContent;
  if (text === undefined) return "";
  return text === "" || text === "\\." || /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
};
const csvLine = (cells) => cells.map(csvValue).join(",") + "\r\n";

// The rows that are on the page, without asking for them again.
on("click", "[data-csv]", (button) => {
  const lines = all(".grid tr").map((row) => csvLine([...row.children]));
  const url = URL.createObjectURL(new Blob(lines, { type: "text/csv" }));
  make("a", { href: url, download: button.dataset.csv }).click();
  announce("Downloaded");
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
});

const MOST_STATEMENTS = 50;
const LONGEST_STATEMENT = 20_000;
const statementsOf = (box) => {
  try { return JSON.parse(keep.get(box.dataset.history)) || []; } catch { return []; }
};

// A statement that is run goes to the front; one that was run before is not kept twice.
const keepStatement = (box, sql) => {
  if (!sql.trim() || sql.length > LONGEST_STATEMENT) return;
  const others = statementsOf(box).filter((kept) => kept.sql !== sql);
  keep.set(box.dataset.history, JSON.stringify([{ sql, at: new Date().toISOString() }, ...others].slice(0, MOST_STATEMENTS)));
};

const showStatements = (box) => {
  const list = box.querySelector("ol");
  const statements = statementsOf(box);
  box.hidden = statements.length === 0;
  box.querySelector("[data-count]").textContent = statements.length;
  list.replaceChildren(...statements.map(({ sql, at }) => {
    const item = make("li");
    const button = make("button", { type: "button", class: "kept", title: "Puts it into the editor" });
    button.append(make("code", {}, sql));
    button.addEventListener("click", () => {
      const field = document.getElementById("f-sql");
      field.value = sql;
      field.focus();
      field.scrollIntoView({ block: "nearest" });
    });
    item.append(button, make("time", { datetime: at, title: new Date(at).toLocaleString() }));
    return item;
  }));
  refreshTimes();
};

on("click", "[data-forget]", (button) => {
  const box = button.closest("[data-history]");
  keep.remove(box.dataset.history);
  showStatements(box);
  announce("History cleared");
  document.getElementById("f-sql").focus();
});

document.addEventListener("submit", (event) => {
  const field = event.target.querySelector("[data-run]");
  const box = field && document.querySelector("[data-history]");
  if (box) keepStatement(box, field.value);
});

whenReady(() => {
  all("[data-history]").forEach(showStatements);
  // PostgreSQL counts characters, the browser halves of some.
  const wrong = document.querySelector("[data-wrong-at]");
  if (!wrong) return;
  const units = (count) => [...wrong.value].slice(0, count).join("").length;
  const at = Number(wrong.dataset.wrongAt) - 1;
  wrong.setSelectionRange(units(at), units(at + Number(wrong.dataset.wrongLength)));
});
