// Pointing at the weights of an alignment, and walking over them by arrow keys. Without it each cell has a title.
for (const figure of document.querySelectorAll(".alignment")) {
  const region = figure.querySelector(".scroll");
  const output = figure.querySelector("output");
  const rows = [...figure.querySelectorAll("tbody tr")].map((row) => [...row.querySelectorAll("td")]);
  const heads = [...figure.querySelectorAll("thead th")];
  const texts = new Map(rows.flat().map((cell) => [cell, cell.title]));
  let at = null;

  function marked(row, column) {
    return [rows[row][column], rows[row][0].parentNode.querySelector("th"), heads[column]];
  }

  function show(row, column) {
    if (at) for (const cell of marked(...at)) cell.classList.remove("current");
    at = [row, column];
    for (const cell of marked(row, column)) cell.classList.add("current");
    output.textContent = texts.get(rows[row][column]);
  }

  rows.forEach((cells, row) =>
    cells.forEach((cell, column) => {
      cell.removeAttribute("title"); // it would come late, over the cells
      cell.addEventListener("pointerenter", () => show(row, column));
    }),
  );

  const directions = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  region.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !(event.key in directions)) return;
    const [down, across] = directions[event.key];
    const within = (value, size) => Math.min(size - 1, Math.max(0, value));
    if (at) show(within(at[0] + down, rows.length), within(at[1] + across, rows[0].length));
    else show(0, 0);
    rows[at[0]][at[1]].scrollIntoView({ block: "nearest", inline: "nearest" });
    event.preventDefault();
  });
  figure.classList.add("live");
}
